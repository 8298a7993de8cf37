import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(join(repository, 'docs', 'retry.md'), 'utf8');
/** The page's programs, each with what it prints. */
const programs = [...page.matchAll(/```ts\n(?<source>.*?)```\n\n```text\n(?<output>.*?)```/gs)].map(
  ({ groups: { source = '', output = '' } = {} }) => ({ source, output }),
);

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'stranger-'));
  mkdirSync(join(dir, 'node_modules', '@holdfast'), { recursive: true });
  symlinkSync(join(repository, 'packages', 'gateway'), join(dir, 'node_modules', '@holdfast', 'gateway'));
  writeFileSync(join(dir, 'package.json'), '{"type": "module"}');
  programs.forEach(({ source }, index) => writeFileSync(join(dir, `program-${index}.ts`), source));
});
afterAll(() => rmSync(dir, { recursive: true }));

async function run(args: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [...args], {
    cwd: dir,
    env: { PATH: process.env['PATH'] ?? '', HOME: dir, NODE_NO_WARNINGS: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
    killSignal: 'SIGKILL',
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, stdout, stderr };
}

describe('the programs of docs/retry.md', () => {
  test('are four', () => {
    expect(programs).toHaveLength(4);
  });

  test('are right for a stranger’s compiler', async () => {
    const options = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2024', '--skipLibCheck'];
    const types = ['--lib', 'esnext', '--types', 'node', '--typeRoots', join(repository, 'node_modules', '@types')];
    const tsc = join(repository, 'node_modules', 'typescript', 'bin', 'tsc');
    const files = programs.map((_, index) => `program-${index}.ts`);
    expect(await run([tsc, ...options, ...types, ...files])).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('print what the page says', async () => {
    for (const [index, { output }] of programs.entries()) {
      expect(await run([`program-${index}.ts`])).toEqual({ code: 0, stdout: output, stderr: '' });
    }
  });
});
