import type { CheckName } from '@holdfast/protocol';

/** What the person who wrote a sample project knows is in it. Never taken from what our readers say. */
export type Expected = {
  /** undefined: the output says nothing that a reader may take for the tool's word. */
  readonly source?: string;
  /** A key that is not here is one that the tool does not state: null. */
  readonly counts?: {
    readonly warnings?: number;
    readonly errors?: number;
    readonly total?: number;
    readonly passedCount?: number;
    readonly failed?: number;
    readonly skipped?: number;
    readonly size?: number;
    readonly coverage?: { readonly [kind in 'lines' | 'statements' | 'functions' | 'branches']?: number };
  };
  /** `file:line:column severity rule`, with `-` for what the tool does not name, in the order of the output; left out: not looked at. */
  readonly problems?: readonly string[];
  readonly saysFailed?: boolean;
};

/** One command in one sample project. */
export type Scene = {
  readonly name: string;
  /** Path → text. */
  readonly files: Readonly<Record<string, string>>;
  /** For `sh -c`, in the sample project. */
  readonly command: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Through `script`, as on a person's terminal. */
  readonly onTerminal?: boolean;
  /** A report file that the command leaves behind: it is recorded, and not what was printed. */
  readonly report?: string;
  /** Where the tool cannot be had: what it prints, written after its documentation and its source. Nothing is run. */
  readonly documented?: { readonly text: string; readonly returnCode: number };
  readonly expected: Expected;
  /** Where a version counts otherwise, or prints another form. */
  readonly butIn?: Readonly<Record<string, Expected>>;
  /** Versions that do not know this form. */
  readonly notIn?: readonly string[];
};

/** A tool, where its versions come from, and what is recorded with each. */
export type Recording = {
  readonly tool: string;
  readonly check: CheckName;
  /** npm packages of a version; undefined: the program of the machine, whose version `versionCommand` tells. */
  readonly packages?: (version: string) => readonly string[];
  readonly versionCommand?: string;
  /** Where commands say `$PROGRAM`. */
  readonly program?: (version: string) => string;
  readonly versions: readonly string[];
  readonly scenes: readonly Scene[];
};

/** A line of `recordings.json`, which lies beside what was recorded. */
export type Recorded = {
  readonly file: string;
  readonly tool: string;
  readonly version: string;
  readonly check: CheckName;
  readonly command: string;
  /** How the output came to be: run for real, or written after the tool's documentation where it could not be run. */
  readonly origin: 'recorded' | 'documented';
  readonly kind: 'output' | 'report';
  readonly returnCode: number | null;
  readonly expected: Expected;
};
