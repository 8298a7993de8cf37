import type { DoneReason, StoredMessage } from '@holdfast/protocol';

/** What `stream N` says: `tok-000001 `, `tok-000002 ` … */
const token = /tok-(\d{6}) /g;

/**
 * Counts what a viewer sees, message by message, over all of its connections. It knows what each turn was asked to say
 * (`stream N`), so that it also finds a delta that is missing or there twice although the numbers are right.
 */
export class Tally {
  readonly #deltas: number;
  /** Messages seen; numbers that never came; messages that came again. */
  messages = 0;
  holes = 0;
  duplicates = 0;
  /** Prompts in the log, and how turns ended. */
  prompts = 0;
  readonly ends = new Map<DoneReason, number>();
  /** Prompts that had another number of ends than one by the time the next one began, or at the end. */
  notOnce = 0;
  #newest = 0;
  #newestDelta = 0;
  #endsOfTurn = 1;

  /** `deltas`: how many each turn was asked for. */
  constructor(deltas: number) {
    this.#deltas = deltas;
  }

  get seq(): number {
    return this.#newest;
  }

  get done(): number {
    return [...this.ends.values()].reduce((sum, count) => sum + count, 0);
  }

  add(message: StoredMessage): void {
    if (message.seq <= this.#newest) {
      this.duplicates++;
      return;
    }
    this.messages++;
    this.holes += message.seq - this.#newest - 1;
    this.#newest = message.seq;
    if (message.type === 'user') this.#begin();
    if (message.type === 'text')
      for (const [, digits] of message.content.matchAll(token)) this.#addDelta(Number(digits));
    if (message.type === 'done') this.#end(message.reason);
  }

  /** After the last turn. */
  close(): void {
    if (this.#endsOfTurn !== 1) this.notOnce++;
  }

  #begin(): void {
    this.close();
    this.prompts++;
    this.#endsOfTurn = 0;
    this.#newestDelta = 0;
  }

  #addDelta(number: number): void {
    if (number <= this.#newestDelta) this.duplicates++;
    else this.holes += number - this.#newestDelta - 1;
    this.#newestDelta = Math.max(number, this.#newestDelta);
  }

  /** A turn that was cut short may lack its rest; one that was completed may not. */
  #end(reason: DoneReason): void {
    this.#endsOfTurn++;
    this.ends.set(reason, (this.ends.get(reason) ?? 0) + 1);
    if (reason === 'completed') this.holes += this.#deltas - this.#newestDelta;
  }
}
