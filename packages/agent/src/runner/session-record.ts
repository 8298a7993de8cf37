import { isDelta, parseJournalLine, type ClientMessage, type JournalLine, type MessageId } from '@holdfast/protocol';
import type { Journal } from './journal.ts';
import { restingTurn, stepTurn, type Turn, type TurnEffect, type TurnEvent, type TurnStep } from './turn.ts';

export type RecordEvents = {
  /** These lines are in the journal now, its last ones. */
  readonly appended: (lines: Uint8Array, lineCount: number) => void;
  /** Comes after the lines that caused it are in the journal. */
  readonly effect: (effect: TurnEffect) => void;
  /** A line of the agent was not one, and was dropped. */
  readonly dropped: (why: string, start: string) => void;
};

const newline = 0x0a;
const openingBrace = 0x7b;
const closingBrace = 0x7d;

/**
 * The journal and what follows from it: the turn, and the ids that were accepted. The turn never runs ahead of the
 * journal: when an append throws (a full disk), the turn is as it was before, and the same call may be made again.
 */
export class SessionRecord {
  readonly #journal: Journal;
  readonly #agent: string;
  readonly #events: RecordEvents;
  readonly #accepted = new Set<string>();
  #turn = restingTurn;

  /** Opens the journal by `open`, which hands each line there is to the given function. */
  constructor(open: (onLine: (line: Buffer) => void) => Journal, agent: string, events: RecordEvents) {
    this.#agent = agent;
    this.#events = events;
    this.#journal = open((line) => this.#replay(line));
  }

  get turn(): Turn {
    return this.#turn;
  }

  hasAccepted(id: MessageId): boolean {
    return this.#accepted.has(id);
  }

  /** Writes that a command was taken; on the disk when this returns. */
  accept(id: MessageId, message: ClientMessage): void {
    const { type: kind } = message;
    const toolId = kind === 'approve' || kind === 'reject' ? { toolId: message.toolId } : {};
    const step = stepTurn(this.#turn, { kind: 'accepted', id, command: kind });
    this.#append(encodeLines([{ type: 'runner.accepted', id, kind, ...toolId }]), 1, true, step);
    this.#accepted.add(id);
  }

  /** Something happened that is no line of the agent; writes what has to be closed. */
  apply(event: TurnEvent): void {
    const step = stepTurn(this.#turn, event);
    for (const effect of step.effects) {
      if (effect.kind !== 'close') continue;
      // In this order the first members are those that every reader expects first (docs/protocol.md 6.1).
      const lines = effect.lines.map((line) => Object.assign({ type: line.type, agent: this.#agent }, line));
      this.#append(encodeLines(lines), lines.length, true, step);
      return;
    }
    this.#commit(step);
  }

  /** Writes an `error` line of the runner's own about the agent. */
  complain(error: string): void {
    const line = { type: 'error', agent: this.#agent, error, code: 'internal' };
    this.#append(encodeLines([line]), 1, false, { turn: this.#turn, effects: [] });
  }

  /**
   * Takes whole lines of the agent. Those in which nothing is known but their first bytes are not looked at further;
   * runs of good lines go into the journal, and on to the attachment, as the very bytes that came.
   */
  output(lines: Buffer): void {
    let from = 0;
    let count = 0;
    let step: TurnStep = { turn: this.#turn, effects: [] };
    for (let at = 0; at < lines.length;) {
      const end = lines.indexOf(newline, at);
      if (!isDelta(lines, at) || lines[end - 1] !== closingBrace) {
        const next = this.#judge(step, lines.subarray(at, end));
        if (next === undefined) {
          this.#appendRun(lines.subarray(from, at), count, step);
          from = end + 1;
          count = -1;
          step = { turn: this.#turn, effects: [] };
        } else step = next;
      }
      count += 1;
      at = end + 1;
    }
    this.#appendRun(lines.subarray(from), count, step);
  }

  /** The step with this line taken; undefined when the line must not be in the journal. */
  #judge(before: TurnStep, bytes: Buffer): TurnStep | undefined {
    const line = bytes[0] === openingBrace ? parseJournalLine(bytes.toString()) : undefined;
    if (line === undefined || line.type === 'runner.accepted') {
      this.#events.dropped('not an agent line', bytes.subarray(0, 200).toString());
      return undefined;
    }
    const { turn, effects } = stepTurn(before.turn, { kind: 'line', line });
    if (effects.some((effect) => effect.kind === 'drop')) {
      this.#events.dropped('a done for which no prompt is open', bytes.subarray(0, 200).toString());
      return undefined;
    }
    return { turn, effects: effects.length === 0 ? before.effects : [...before.effects, ...effects] };
  }

  #appendRun(lines: Buffer, count: number, step: TurnStep): void {
    if (count === 0) return;
    const sync = step.effects.some((effect) => effect.kind === 'sync');
    this.#append(lines, count, sync, step);
  }

  #append(lines: Uint8Array, lineCount: number, sync: boolean, step: TurnStep): void {
    this.#journal.append(lines, lineCount, sync);
    this.#turn = step.turn;
    this.#events.appended(lines, lineCount);
    this.#commit(step);
  }

  #commit(step: TurnStep): void {
    this.#turn = step.turn;
    for (const effect of step.effects) this.#events.effect(effect);
  }

  #replay(bytes: Buffer): void {
    if (isDelta(bytes, 0)) return;
    const line: JournalLine | undefined = parseJournalLine(bytes.toString());
    if (line === undefined) return;
    if (line.type !== 'runner.accepted') {
      this.#turn = stepTurn(this.#turn, { kind: 'line', line }).turn;
      return;
    }
    this.#accepted.add(line.id);
    this.#turn = stepTurn(this.#turn, { kind: 'accepted', id: line.id, command: line.kind }).turn;
  }
}

function encodeLines(lines: readonly object[]): Buffer {
  return Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}
