/** A value that must not be printed: every usual way of turning it into text gives `[redacted]`. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
    // What console.log and util.inspect ask for.
    Object.defineProperty(this, Symbol.for('nodejs.util.inspect.custom'), { value: () => '[redacted]' });
  }

  /** The value itself; call this only where it is used. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '[redacted]';
  }

  toJSON(): string {
    return '[redacted]';
  }
}
