import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseJournalLine, type AgentLine } from '@holdfast/protocol';
import { workspacePrograms } from './cached-package.ts';

/** The one file of the agent package, as it is shipped; built before the tests run. */
export const shippedAgent: string = fileURLToPath(
  new URL('../../packages/agent/dist/holdfast-agent.js', import.meta.url),
);

export type AgentProcessOptions = {
  /** Default: the workspace's Node 24. */
  readonly runtime?: string;
  readonly file?: string;
  /** Default: `run demo` in `cwd`. */
  readonly args?: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
};

/** Starts the shipped file as a process of its own, and reads the lines it prints. The caller ends it. */
export function startAgent({
  cwd,
  runtime = join(workspacePrograms, 'node'),
  file = shippedAgent,
  args = ['run', 'demo', '--cwd', cwd],
  env = {},
}: AgentProcessOptions) {
  const child = spawn(runtime, [file, ...args], {
    env: { PATH: process.env['PATH'], HOME: cwd, ...env },
  });
  const lines: AgentLine[] = [];
  const waiting = new Set<() => void>();
  let rest = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts.map((part) => parseJournalLine(part) as AgentLine));
    for (const listener of waiting) listener();
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  child.stdin.on('error', () => undefined);
  const ended = new Promise<{ code: number | null; stderr: string; rest: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, stderr, rest }));
  });
  return {
    child,
    lines,
    ended,
    send: (...messages: readonly object[]) =>
      child.stdin.write(messages.map((each) => `${JSON.stringify(each)}\n`).join('')),
    end: () => {
      child.stdin.end();
      return ended;
    },
    until: (wanted: (line: AgentLine) => boolean, count = 1) =>
      new Promise<AgentLine>((resolve) => {
        const listener = (): void => {
          const found = lines.filter(wanted)[count - 1];
          if (found === undefined) return;
          waiting.delete(listener);
          resolve(found);
        };
        waiting.add(listener);
        listener();
      }),
    types: () => lines.map((line) => line.type),
  };
}
