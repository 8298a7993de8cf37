import type { Sent, Viewer, ViewerSnapshot } from '@holdfast/client';
import { createInterface } from 'node:readline';
import { errorRules, type DoneReason, type ServerMessage, type Tool } from '@holdfast/protocol';

import { explainRefusal, watchConversation, type ChatOptions, type ChatStreams } from './conversation.ts';
import { painter } from './paint.ts';
import { ShownBlocks } from './shown-blocks.ts';
import { resultLines, toolLines } from './tool-view.ts';
import { describeEnd } from './turn-end.ts';
import { TurnTracker } from './turn-tracker.ts';

const plain = painter(false);

/** Chat for scripts: a prompt a line of stdin, one turn after the other. Resolves with the exit code. */
export async function chatInScript(options: ChatOptions, streams: ChatStreams): Promise<number> {
  const script = new ScriptChat(options, streams);
  try {
    return await script.run();
  } finally {
    script.close();
  }
}

/** How a prompt ended; `refused`: it was not accepted. */
type Outcome = DoneReason | 'refused';

class ScriptChat {
  readonly #options: ChatOptions;
  readonly #streams: ChatStreams;
  readonly #viewer: Viewer;
  readonly #tracker = new TurnTracker();
  readonly #blocks = new ShownBlocks();
  readonly #shownTools = new Set<string>();
  readonly #decided = new Set<string>();
  #mine: string | undefined;
  #onEnd: (outcome: Outcome) => void = () => {};
  #isAtLineStart = true;
  #wasConnected = false;
  /** Set once: nothing goes on after it. */
  #exitCode: number | undefined;
  readonly #stopped = Promise.withResolvers<number>();

  constructor(options: ChatOptions, streams: ChatStreams) {
    this.#options = options;
    this.#streams = streams;
    this.#viewer = watchConversation(options, (message) => this.#read(message));
    this.#viewer.subscribe(() => this.#look(this.#viewer.getSnapshot()));
  }

  async run(): Promise<number> {
    const { stdin, stdout, interrupt } = this.#streams;
    interrupt.addEventListener('abort', () => void this.#interrupt(), { once: true });
    // Who reads us has gone: there is nobody to write for.
    stdout.once('error', () => this.#stop(1));
    this.#viewer.open();
    return Promise.race([this.#stopped.promise, this.#carryOut(createInterface({ input: stdin }))]);
  }

  close(): void {
    this.#viewer.close();
    this.#streams.stdin.destroy();
  }

  async #carryOut(lines: AsyncIterable<string>): Promise<number> {
    let code = 0;
    for await (const line of lines) {
      if (line.trim() === '') continue;
      const outcome = await this.#turn(line);
      if (outcome !== 'completed') code = 1;
    }
    return code;
  }

  async #turn(prompt: string): Promise<Outcome> {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    this.#onEnd = resolve;
    const sent = this.#viewer.send(prompt);
    this.#mine = sent.id;
    void this.#watchAnswer(sent);
    return promise;
  }

  async #watchAnswer({ settled }: Sent): Promise<void> {
    const settlement = await settled;
    // A refused connection speaks for itself.
    if (settlement.kind !== 'refused' || this.#viewer.getSnapshot().connection.kind === 'stopped') return;
    const { error, retryAfterMs } = settlement;
    this.#say(retryAfterMs === undefined ? error : `${error} (in ${Math.ceil(retryAfterMs / 1000)} s)`);
    this.#onEnd('refused');
  }

  #read(message: ServerMessage): void {
    if (message.type === 'history') return message.history.forEach((stored) => this.#read(stored));
    const isMine = this.#mine !== undefined && this.#tracker.running === this.#mine;
    if (isMine) this.#show(message);
    this.#tracker.read(message);
    if (isMine && message.type === 'done') this.#onEnd(message.reason);
  }

  #show(message: ServerMessage): void {
    switch (message.type) {
      case 'text':
        return this.#write(this.#blocks.read(message.block, message.content, message.streaming).piece);
      case 'tool_use':
        return this.#showTool(message.tool);
      case 'tool_result':
        return this.#say(
          message.error === undefined ? resultLines(message.result, plain).join('\n') : `⎿ ${message.error}`,
        );
      case 'superseded':
        if (this.#blocks.delete(message.block)) this.#say('the text above is void; the agent begins it again');
        return;
      case 'notice':
        return this.#say(message.content);
      case 'error':
        if (message.seq !== undefined) this.#say(message.error);
        return;
      case 'done':
        this.#blocks.clear();
        return this.#say(describeEnd(message.reason, message.usage));
      default:
    }
  }

  #showTool(tool: Tool): void {
    if (!this.#shownTools.has(tool.id)) this.#say(toolLines(tool, plain).join('\n'));
    this.#shownTools.add(tool.id);
  }

  /** Looks at what a whole moment shows: calls that wait, and whether there still is a connection to wait for. */
  #look({ connection, transcript }: ViewerSnapshot): void {
    if (connection.kind === 'open') this.#wasConnected = true;
    if (connection.kind === 'paused') {
      this.#say(`No connection: ${connection.reason}`);
      this.#stop(this.#wasConnected ? 1 : 2);
    }
    if (connection.kind === 'stopped') void this.#refused(connection.code, connection.reason);
    // Only the calls of our own turn: somebody else's are his to decide on.
    if (this.#mine === undefined || this.#tracker.running !== this.#mine) return;
    for (const tool of transcript.pending) this.#decide(tool);
  }

  #decide({ id }: Tool): void {
    if (this.#decided.has(id)) return;
    this.#decided.add(id);
    if (this.#options.approve === 'all') this.#viewer.approve(id);
    else this.#viewer.reject(id, 'nobody is here to allow it; --approve all would');
  }

  async #refused(code: number, reason: string): Promise<void> {
    if (code === errorRules.unauthorized.close && (await this.#options.signIn.hasNewToken()))
      return this.#viewer.reconnect();
    this.#say(explainRefusal(code, reason));
    this.#stop(this.#wasConnected ? 1 : 2);
  }

  async #interrupt(): Promise<void> {
    if (this.#mine !== undefined && this.#tracker.running === this.#mine) await this.#viewer.abort().settled;
    this.#stop(130);
  }

  #stop(code: number): void {
    this.#exitCode ??= code;
    this.#stopped.resolve(this.#exitCode);
  }

  #write(text: string): void {
    if (text === '') return;
    this.#streams.stdout.write(text);
    this.#isAtLineStart = text.endsWith('\n');
  }

  #say(text: string): void {
    if (!this.#isAtLineStart) this.#write('\n');
    this.#streams.stderr.write(`${text}\n`);
  }
}
