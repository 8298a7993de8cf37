import type { ImportOutcome } from './import-original.ts';

/** What an import came to, in numbers and in what a person has to look at. */
export type ImportReport = {
  readonly isDryRun: boolean;
  /** How many became what. */
  readonly counts: Readonly<Record<ImportOutcome['kind'], number>>;
  /** Statuses of the original that are none of ours, and what they became. */
  readonly statuses: readonly { readonly was: string; readonly is: string; readonly count: number }[];
  /** Ids that have not the form of ours, and what they became; the first thousand. */
  readonly ids: readonly { readonly was: string; readonly is: string }[];
  /** Numbers that are text now, since JavaScript has none that is the same. */
  readonly numbersAsText: number;
  /** Conflicts and corrupt ones; the first thousand. */
  readonly problems: readonly Pick<ImportOutcome, 'kind' | 'name' | 'why' | 'conversationId'>[];
};

const maxListed = 1_000;

/** Counts outcomes as they come; what it lists is bounded, what it counts is not. */
export class ImportTally {
  readonly #counts = { imported: 0, updated: 0, 'already-there': 0, conflict: 0, corrupt: 0, expired: 0 };
  readonly #statuses = new Map<string, { was: string; is: string; count: number }>();
  readonly #ids: { was: string; is: string }[] = [];
  readonly #problems: ImportReport['problems'][number][] = [];
  #numbersAsText = 0;

  add({ kind, name, why, conversationId, foreignStatus, foreignId, numbersAsText }: ImportOutcome): void {
    this.#counts[kind] += 1;
    this.#numbersAsText += numbersAsText;
    if (foreignStatus !== undefined && (this.#statuses.has(foreignStatus.was) || this.#statuses.size < maxListed)) {
      const { count } = this.#statuses.get(foreignStatus.was) ?? { count: 0 };
      this.#statuses.set(foreignStatus.was, { ...foreignStatus, count: count + 1 });
    }
    if (foreignId !== undefined && conversationId !== undefined && this.#ids.length < maxListed) {
      this.#ids.push({ was: foreignId, is: conversationId });
    }
    if ((kind === 'conflict' || kind === 'corrupt') && this.#problems.length < maxListed) {
      this.#problems.push({
        kind,
        name,
        ...(why !== undefined && { why }),
        ...(conversationId !== undefined && { conversationId }),
      });
    }
  }

  /** Whether everything is where it belongs; expired ones would be gone by now in the original as well. */
  get isFine(): boolean {
    return this.#counts.conflict === 0 && this.#counts.corrupt === 0;
  }

  report(isDryRun: boolean): ImportReport {
    return {
      isDryRun,
      counts: { ...this.#counts },
      statuses: [...this.#statuses.values()],
      ids: this.#ids,
      numbersAsText: this.#numbersAsText,
      problems: this.#problems,
    };
  }
}
