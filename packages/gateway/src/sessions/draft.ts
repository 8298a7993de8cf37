import type { ConversationStatus, DurableMessage, MessageId } from '@holdfast/protocol';
import { isDelta, parseJournalLine } from '@holdfast/protocol';
import type { CommandState, Conversation, SessionState } from '../conversations/conversation.ts';
import { LogBatchWriter } from '../conversations/log-batch.ts';
import type { LogWrite } from '../conversations/store.ts';
import { applyLine, type Step } from './turn.ts';

const newline = 0x0a;

/** What a session is about to write in one transaction: grows line by line, then becomes a {@link LogWrite}. */
export class Draft {
  readonly #agent: string;
  readonly #writer: LogBatchWriter;
  readonly #before: SessionState;
  readonly #commands: { id: MessageId; state: CommandState }[] = [];
  readonly #at: number;
  #state: SessionState;
  #status: ConversationStatus | undefined;
  #runnerOffset: number | undefined;
  #title: string | undefined;
  #isDurable = false;

  constructor(of: { agent: string; state: SessionState; nextSeq: number; at: number; sizeHint: number }) {
    this.#agent = of.agent;
    this.#state = this.#before = of.state;
    this.#at = of.at;
    this.#writer = new LogBatchWriter(of.nextSeq, of.at, of.sizeHint);
  }

  get state(): SessionState {
    return this.#state;
  }

  get isEmpty(): boolean {
    return (
      this.#writer.count === 0 &&
      this.#state === this.#before &&
      this.#commands.length === 0 &&
      this.#runnerOffset === undefined &&
      this.#title === undefined
    );
  }

  /**
   * Adds whole journal lines, the first of which has `offset`; those before `from` are known already and are passed over.
   * Returns the lines that are not a journal's, for the log.
   */
  addJournal(offset: number, lines: Buffer, from: number): string[] {
    const strange: string[] = [];
    let current = offset;
    let start = 0;
    for (;;) {
      const end = lines.indexOf(newline, start);
      if (end < 0) break;
      if (current >= from) {
        if (isDelta(lines, start)) this.#writer.addLine(lines, start, end);
        else this.#addParsed(lines, start, end, strange);
      }
      current++;
      start = end + 1;
    }
    this.#runnerOffset = Math.max(current, from);
    return strange;
  }

  apply(step: Step): void {
    this.#state = step.state;
    for (const message of step.before) this.add(message);
    for (const message of step.after) this.add(message);
    this.mark(step.commands);
  }

  add(message: DurableMessage): void {
    if (message.type === 'status') this.#status = message.status;
    this.#writer.addMessage(message);
    this.#isDurable = true;
  }

  mark(commands: readonly { id: MessageId; state: CommandState }[]): void {
    for (const command of commands) this.#commands.push(command);
    if (commands.length > 0) this.#isDurable = true;
  }

  replaceState(state: SessionState): void {
    this.#state = state;
    this.#isDurable = true;
  }

  /** The journal is another one: its lines count from the start. */
  startJournal(): void {
    this.#runnerOffset = 0;
  }

  setTitle(title: string): void {
    this.#title = title;
  }

  toWrite(conversation: Pick<Conversation, 'conversationId'>, generation: number): LogWrite {
    return {
      conversationId: conversation.conversationId,
      generation,
      at: this.#at,
      durable: this.#isDurable,
      ...(this.#writer.count === 0 ? {} : { batch: this.#writer.finish() }),
      ...(this.#runnerOffset === undefined ? {} : { runnerOffset: this.#runnerOffset }),
      ...(this.#state === this.#before ? {} : { session: this.#state }),
      ...(this.#status === undefined ? {} : { status: this.#status }),
      ...(this.#title === undefined ? {} : { title: this.#title }),
      ...(this.#commands.length === 0 ? {} : { commands: this.#commands }),
    };
  }

  #addParsed(lines: Buffer, start: number, end: number, strange: string[]): void {
    const text = lines.toString('utf8', start, end);
    const line = parseJournalLine(text);
    if (line === undefined) {
      strange.push(text.slice(0, 200));
      return;
    }
    const { before, after, isLogged, state, commands } = applyLine(this.#state, line, this.#agent);
    this.#state = state;
    for (const message of before) this.add(message);
    if (isLogged) {
      this.#writer.addLine(lines, start, end);
      if (line.type !== 'notice') this.#isDurable = true;
    }
    for (const message of after) this.add(message);
    this.mark(commands);
  }
}
