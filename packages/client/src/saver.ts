import type { ClientStorage, SavedConnection } from './client-storage.ts';
import type { Clock } from './clock.ts';

/** A cursor moves with every token; the storage is written at most this often for it. */
const pauseMs = 250;

/** Writes a connection's state to its storage: at once for what must not be lost, else after a pause. */
export class Saver {
  readonly #storage: ClientStorage;
  readonly #clock: Clock;
  readonly #read: () => SavedConnection;
  #timer: unknown;
  #isOff = false;

  constructor(storage: ClientStorage, clock: Clock, read: () => SavedConnection) {
    this.#storage = storage;
    this.#clock = clock;
    this.#read = read;
  }

  saveNow(): void {
    this.#stopTimer();
    if (!this.#isOff) this.#storage.save(this.#read());
  }

  saveSoon(): void {
    this.#timer ??= this.#clock.setTimeout(() => this.saveNow(), pauseMs);
  }

  /** What was saved means nothing any more. */
  clear(): void {
    this.#stopTimer();
    this.#storage.clear();
  }

  /** Saves for the last time. */
  close(): void {
    this.saveNow();
    this.#isOff = true;
  }

  #stopTimer(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
