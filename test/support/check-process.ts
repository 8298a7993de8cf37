import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { CheckEvent, CheckRun } from '@holdfast/protocol';
import { shippedAgent } from './agent-process.ts';
import { workspacePrograms } from './cached-package.ts';

export type CheckProcess = {
  readonly child: ReturnType<typeof spawn>;
  readonly events: readonly CheckEvent[];
  /** Resolves when the process has ended. */
  readonly ended: Promise<{
    readonly code: number | null;
    readonly run: CheckRun | undefined;
    readonly stderr: string;
  }>;
  /** Resolves with the first event of this kind. */
  until(wanted: (event: CheckEvent) => boolean): Promise<CheckEvent>;
};

/** Starts the shipped `holdfast-agent check --events` in a directory, with a home of its own. The caller waits for its end. */
export function startCheck(options: {
  readonly cwd: string;
  readonly home: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}): CheckProcess {
  const { cwd, home, args, env = {} } = options;
  const child = spawn(join(workspacePrograms, 'node'), [shippedAgent, 'check', '--events', ...args], {
    cwd,
    env: { PATH: process.env['PATH'], HOME: home, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const events: CheckEvent[] = [];
  const waiting = new Set<() => void>();
  let rest = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    events.push(...parts.map(parseEvent));
    for (const listener of waiting) listener();
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  child.stdin.on('error', () => undefined);
  return {
    child,
    events,
    ended: new Promise((resolve) => {
      child.once('close', (code) => {
        const run = events.flatMap((event) => (event.type === 'done' ? [event.run] : []))[0];
        resolve({ code, run, stderr });
      });
    }),
    until: (wanted) =>
      new Promise((resolve) => {
        const listener = (): void => {
          const found = events.find(wanted);
          if (found === undefined) return;
          waiting.delete(listener);
          resolve(found);
        };
        waiting.add(listener);
        listener();
      }),
  };
}

function parseEvent(line: string): CheckEvent {
  return JSON.parse(line) as CheckEvent;
}
