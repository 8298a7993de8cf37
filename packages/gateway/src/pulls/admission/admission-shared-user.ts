import type { SharedEntry } from './admission-shared-entry.ts';

type KnownUser = { readonly kind: 'user'; readonly user: string } | { readonly kind: 'ask' | 'wait' };

/** Whoever asks GitHub who a token is has died, or was not answered. */
const askingMs = 30_000;

/** Who a token acts as, by what those that share it know. Rejects when the store does not answer. */
export class SharedUser {
  readonly #entry: SharedEntry;

  constructor(entry: SharedEntry) {
    this.#entry = entry;
  }

  /** The user, when one of them knows; `wait`: one is asking; `ask`: nobody is, so this process is to. */
  async find(): Promise<KnownUser> {
    return await this.#entry.change<KnownUser>((known, atMs) => {
      if (known.user !== undefined) return { result: { kind: 'user', user: known.user } };
      if (known.askingUntilMs > atMs) return { result: { kind: 'wait' } };
      return { next: { ...known, askingUntilMs: atMs + askingMs }, result: { kind: 'ask' } };
    });
  }

  /** Tells the others. */
  async tell(user: string): Promise<void> {
    await this.#entry.change((known) => ({ next: { ...known, user }, result: undefined }));
  }
}
