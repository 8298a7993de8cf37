import type { ProblemList } from './problems.ts';

type Place = { readonly file: string; readonly line: number; readonly column?: number | undefined };

/** A failed test as consoles tell it, line by line: its name, then what went wrong, then where. */
export class FailureNotes {
  readonly #problems: ProblemList;
  #failure: { readonly file: string | null; readonly name: string; message: string } | undefined;

  constructor(problems: ProblemList) {
    this.#problems = problems;
  }

  get isOpen(): boolean {
    return this.#failure !== undefined;
  }

  /** A failed test, in a file when the tool says so. The one before it has been told whole. */
  begin(name: string, file: string | null): void {
    this.end();
    this.#failure = { file, name, message: '' };
  }

  /** The first line with something in it is the message. */
  readMessage(line: string): void {
    if (this.#failure?.message === '') this.#failure.message = line.trim();
  }

  /** Where it failed; a place in another file than the test's leaves the test's, and its line unknown. */
  end(place?: Place): void {
    if (!this.#failure) return;
    const { file, name, message } = this.#failure;
    // One of them may be told from the root.
    const isHere = place !== undefined && (file === null || place.file === file || place.file.endsWith(`/${file}`));
    this.#problems.add({
      file: isHere ? place.file : file,
      line: isHere ? place.line : null,
      column: isHere ? place.column : null,
      message: [name, message].filter((text) => text !== '').join(': '),
    });
    this.#failure = undefined;
  }
}
