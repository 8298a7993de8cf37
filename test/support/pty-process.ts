import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { until } from './until.ts';

export type PtyProcess = {
  /** All that came so far, with what styles it. */
  readonly bytes: () => string;
  /** Waits until this was shown. */
  shown(pattern: RegExp): Promise<void>;
  /** Keys of a person: `\u0003` is ctrl-c. */
  type(keys: string): void;
  readonly ended: Promise<{ readonly code: number | null }>;
  /** The process that holds the terminal; its end is the terminal's. */
  kill(signal: NodeJS.Signals): void;
};

/** Runs a line of the shell on a terminal of its own, made by script(1), which every Debian has. */
export function startOnPty(options: {
  readonly line: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly columns: number;
}): PtyProcess {
  const { line, cwd, env, columns } = options;
  const child = spawn('script', ['-qefc', `stty cols ${columns} rows 24; exec ${line}`, '/dev/null'], { cwd, env });
  let bytes = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (bytes += chunk));
  child.stdin.on('error', () => undefined);
  return {
    bytes: () => bytes,
    shown: async (pattern) => void (await until(`${pattern} on the terminal`, () => pattern.test(bytes))),
    type: (keys) => void child.stdin.write(keys),
    ended: once(child, 'close').then(() => ({ code: child.exitCode })),
    kill: (signal) => void child.kill(signal),
  };
}
