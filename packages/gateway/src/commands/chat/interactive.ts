import type { ConnectionState, Sent, Viewer, ViewerSnapshot } from '@holdfast/client';
import { errorRules, type ServerMessage, type Tool } from '@holdfast/protocol';

import { comeBack, explainRefusal, watchConversation, type ChatOptions, type ChatStreams } from './conversation.ts';
import { LineEditor, markPastes } from './line-editor.ts';
import { painter, type Paint } from './paint.ts';
import { ChatRenderer } from './render.ts';
import { Screen, type PromptLine } from './screen.ts';
import { parseAnswer, parseSlashCommand, slashHelp, type SlashCommand } from './slash-command.ts';
import { TurnTracker } from './turn-tracker.ts';

/** A second ctrl-c within this time leaves. */
const doubleInterruptMs = 2_000;

/** Chat in a terminal. Resolves with the exit code when the user leaves or the gateway refuses. */
export async function chatInteractively(options: ChatOptions, streams: ChatStreams): Promise<number> {
  const chat = new InteractiveChat(options, streams);
  return chat.run();
}

class InteractiveChat {
  readonly #streams: ChatStreams;
  readonly #paint: Paint;
  readonly #screen: Screen;
  readonly #editor: LineEditor;
  readonly #left = Promise.withResolvers<number>();
  #options: ChatOptions;
  #viewer: Viewer;
  #renderer: ChatRenderer;
  #tracker = new TurnTracker();
  #held: ServerMessage[] = [];
  #connection: ConnectionState = { kind: 'idle' };
  #wasConnected = false;
  /** Prompts of ours, and calls that we have decided on. */
  readonly #mine = new Set<string>();
  readonly #decided = new Set<string>();
  /** The call that the user saw when he began to type. */
  #asked: string | undefined;
  #interruptedAt = Number.NEGATIVE_INFINITY;
  #isLeaving = false;

  constructor(options: ChatOptions, streams: ChatStreams) {
    this.#options = options;
    this.#streams = streams;
    this.#paint = painter(streams.isColoured);
    this.#screen = new Screen(() => streams.stdout.columns ?? 80);
    this.#renderer = new ChatRenderer(streams.isColoured);
    this.#viewer = this.#watch();
    this.#editor = new LineEditor(streams.stdin, {
      onText: (text) => this.#submit(text),
      onEdit: (wasEmpty) => {
        if (wasEmpty) this.#asked = this.#question()?.id;
        this.#draw('');
      },
      onInterrupt: () => this.#interrupt(),
      onEnd: () => this.#leave(0),
    });
  }

  async run(): Promise<number> {
    const onResize = (): void => {
      this.#streams.stdout.write(this.#screen.reset());
      this.#draw('');
    };
    this.#streams.stdout.on('resize', onResize);
    this.#streams.stdout.write(markPastes.on);
    this.#viewer.open();
    try {
      return await this.#left.promise;
    } finally {
      this.#streams.stdout.write(markPastes.off);
      this.#streams.stdout.off('resize', onResize);
    }
  }

  #watch(): Viewer {
    const viewer = watchConversation(this.#options, (message) => this.#held.push(message));
    viewer.subscribe(() => this.#look(viewer.getSnapshot()));
    return viewer;
  }

  /** A new moment: shows what has come, and what became of the connection. */
  #look({ connection, transcript, conversationId }: ViewerSnapshot): void {
    const messages = this.#held;
    this.#held = [];
    for (const message of messages) this.#track(message);
    const text = this.#renderer.read(messages);
    this.#draw(text + this.#describeConnection(connection, conversationId));
    if (this.#options.approve === undefined || !this.#mine.has(this.#tracker.running ?? '')) return;
    for (const tool of transcript.pending) this.#decide(tool, this.#options.approve === 'all');
  }

  #track(message: ServerMessage): void {
    if (message.type === 'history') for (const stored of message.history) this.#tracker.read(stored);
    else this.#tracker.read(message);
  }

  #describeConnection(connection: ConnectionState, conversationId: string | undefined): string {
    const before = this.#connection;
    if (connection === before) return '';
    this.#connection = connection;
    switch (connection.kind) {
      case 'open': {
        const { project, agent } = this.#options;
        const isFirst = !this.#wasConnected;
        this.#wasConnected = true;
        if (!isFirst) return this.#renderer.note('connected again');
        return this.#renderer.note(`${project} · ${agent} · conversation ${conversationId} · /help`);
      }
      case 'waiting': {
        const what = before.kind === 'open' ? 'the connection is lost' : 'no connection';
        return this.#renderer.note(`${what} (${bare(connection.reason)}); next try in ${connection.delayMs / 1000} s`);
      }
      case 'paused':
        return this.#renderer.problem(`no connection (${bare(connection.reason)}); press enter to try again`);
      case 'stopped':
        void this.#refused(connection.code, connection.reason);
        return '';
      default:
        return '';
    }
  }

  async #refused(code: number, reason: string): Promise<void> {
    if (code === errorRules.unauthorized.close && (await this.#options.signIn.hasNewToken()))
      return this.#viewer.reconnect();
    this.#draw(this.#renderer.problem(explainRefusal(code, reason)));
    this.#leave(this.#wasConnected ? 1 : 2);
  }

  /** The call that the user is asked about now. */
  #question(): Tool | undefined {
    return this.#viewer.getSnapshot().transcript.pending.find((tool) => !this.#decided.has(tool.id));
  }

  #submit(whole: string): void {
    const asked = this.#asked;
    this.#asked = undefined;
    if (whole.trim() === '') {
      if (this.#connection.kind === 'paused') this.#viewer.reconnect();
      return this.#draw('');
    }
    const command = parseSlashCommand(whole);
    if (command !== undefined) return this.#run(command);
    if (!this.#answer(whole, asked)) this.#prompt(whole.replace(/^\/\//, '/'));
    this.#draw('');
  }

  /** True when the line was an answer. An answer counts only for the question that stood there when it was begun. */
  #answer(text: string, asked: string | undefined): boolean {
    const answer = asked === undefined ? undefined : parseAnswer(text);
    if (answer === undefined) return false;
    const tool = this.#question();
    if (tool?.id === asked && tool !== undefined) {
      this.#decide(tool, answer.approved, answer.approved ? undefined : answer.reason);
    } else {
      const look = tool === undefined ? '' : '; look at the one that waits now';
      this.#draw(this.#renderer.note(`that call was decided meanwhile${look}`));
    }
    return true;
  }

  #decide(tool: Tool, isApproved: boolean, reason?: string): void {
    if (this.#decided.has(tool.id)) return;
    this.#decided.add(tool.id);
    this.#report(isApproved ? this.#viewer.approve(tool.id) : this.#viewer.reject(tool.id, reason));
  }

  #prompt(text: string): void {
    const sent = this.#viewer.send(text);
    this.#mine.add(sent.id);
    this.#report(sent);
    if (this.#connection.kind !== 'open')
      this.#draw(this.#renderer.note('it is sent as soon as there is a connection'));
  }

  /** Says it when the gateway does not take a message. */
  #report({ settled }: Sent): void {
    void settled.then((settlement) => {
      // A refused connection speaks for itself.
      if (settlement.kind !== 'refused' || this.#viewer.getSnapshot().connection.kind === 'stopped') return;
      const { error, retryAfterMs } = settlement;
      const after = retryAfterMs === undefined ? '' : ` (in ${Math.ceil(retryAfterMs / 1000)} s)`;
      this.#draw(this.#renderer.problem(`${error}${after}`));
    });
  }

  #run(command: SlashCommand): void {
    switch (command.kind) {
      case 'help':
        return this.#draw(this.#renderer.block(slashHelp));
      case 'wrong':
        return this.#draw(this.#renderer.problem(command.message));
      case 'abort':
        return this.#abort();
      case 'model':
        return this.#report(this.#viewer.setSettings({ model: command.model }));
      case 'mode':
        return this.#report(this.#viewer.setSettings({ permissionMode: command.mode }));
      case 'reconnect':
        return this.#viewer.reconnect();
      case 'new':
        return this.#begin();
      case 'quit':
        return this.#leave(0);
    }
  }

  #begin(): void {
    this.#viewer.close();
    this.#options = { ...this.#options, conversation: 'new' };
    this.#renderer = this.#renderer.anew();
    this.#tracker = new TurnTracker();
    this.#held = [];
    this.#connection = { kind: 'idle' };
    this.#wasConnected = false;
    this.#viewer = this.#watch();
    this.#viewer.open();
  }

  #abort(): void {
    if (!this.#renderer.isTurnRunning) return this.#draw(this.#renderer.note('nothing runs'));
    this.#report(this.#viewer.abort());
    this.#draw(this.#renderer.note('aborting; ctrl-c again leaves'));
  }

  #interrupt(): void {
    const now = performance.now();
    const isSecond = now - this.#interruptedAt < doubleInterruptMs;
    this.#interruptedAt = now;
    if (isSecond) return this.#leave(0);
    if (!this.#editor.isEmpty) {
      this.#editor.clear();
      // Only a line was thrown away: the next ctrl-c is a first one.
      this.#interruptedAt = Number.NEGATIVE_INFINITY;
      return this.#draw('');
    }
    if (this.#renderer.isTurnRunning) return this.#abort();
    this.#leave(0);
  }

  #leave(code: number): void {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    const { conversationId, unsent } = this.#viewer.getSnapshot();
    const lost = unsent.length === 0 ? '' : this.#renderer.problem(`${unsent.length} prompts were not sent`);
    const goesOn =
      this.#renderer.isTurnRunning && conversationId !== undefined
        ? this.#renderer.note(`the turn goes on; come back with: ${comeBack(this.#options, conversationId)}`)
        : '';
    this.#streams.stdout.write(this.#screen.update(lost + goesOn + this.#renderer.finish(), undefined));
    this.#viewer.close();
    this.#editor.close();
    this.#left.resolve(code);
  }

  #draw(output: string): void {
    if (this.#isLeaving) return;
    const bytes = this.#screen.update(output, this.#promptLine());
    if (bytes !== '') this.#streams.stdout.write(bytes);
  }

  #promptLine(): PromptLine {
    return { label: this.#label(), text: this.#editor.text, cursor: this.#editor.cursor };
  }

  #label(): string {
    if (this.#editor.hasDraft) return this.#paint('dim', '… ');
    const question = this.#question();
    if (question !== undefined) return `${this.#paint(['bold', 'yellow'], `allow ${question.name}? y/n`)} › `;
    if (this.#connection.kind !== 'open') return this.#paint('dim', 'offline › ');
    if (!this.#renderer.isTurnRunning) return this.#paint(['bold', 'cyan'], '› ');
    const { queued } = this.#renderer;
    return this.#paint('dim', `working${queued > 0 ? ` · ${queued} queued` : ''} › `);
  }
}

/** A reason within a sentence. */
function bare(reason: string): string {
  return `${reason.charAt(0).toLowerCase()}${reason.slice(1)}`.replace(/\.$/, '');
}
