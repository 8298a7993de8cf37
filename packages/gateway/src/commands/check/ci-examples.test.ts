import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { readProjectFile } from './project-file.ts';

const root = fileURLToPath(new URL('../../../../../', import.meta.url));
const folder = join(root, 'deploy', 'ci');
const holdfast = fileURLToPath(new URL('../../../bin/holdfast.js', import.meta.url));
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'holdfast-ci-'));
});
afterEach(() => rmSync(home, { recursive: true }));

const step = z.union([
  z.strictObject({
    name: z.string().optional(),
    uses: z.string().regex(/^[\w-]+\/[\w-]+@v\d+$/),
    if: z.string().optional(),
    with: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  }),
  z.strictObject({ name: z.string().optional(), run: z.string() }),
]);
const workflow = z.strictObject({
  name: z.string(),
  on: z.strictObject({ pull_request: z.null(), push: z.strictObject({ branches: z.array(z.string()) }) }),
  permissions: z.strictObject({ contents: z.literal('read') }),
  jobs: z.record(
    z.string(),
    z.strictObject({ 'runs-on': z.string(), 'timeout-minutes': z.number(), steps: z.array(step) }),
  ),
});
const pipeline = z.record(
  z.string(),
  z.strictObject({
    ...{ image: z.string(), timeout: z.string(), script: z.array(z.string()) },
    artifacts: z.strictObject({
      ...{ when: z.literal('always'), expire_in: z.string(), paths: z.array(z.string()) },
      reports: z.strictObject({ junit: z.string() }),
    }),
  }),
);

/** The lines of the shell of an example. */
const scripts: Readonly<Record<string, () => readonly string[]>> = {
  'holdfast-checks.yml': () =>
    Object.values(workflow.parse(parseYaml(read('holdfast-checks.yml'))).jobs).flatMap(({ steps }) =>
      steps.flatMap((one) => ('run' in one ? [one.run] : [])),
    ),
  'gitlab-ci.yml': () =>
    Object.values(pipeline.parse(parseYaml(read('gitlab-ci.yml')))).flatMap(({ script }) => script),
};

test('every example for a CI is looked at here', () => {
  expect(
    readdirSync(folder)
      .filter((name) => name.endsWith('.yml'))
      .sort(),
  ).toEqual(Object.keys(scripts).sort());
});

describe.each(Object.keys(scripts))('deploy/ci/%s', (name) => {
  const lines = scripts[name]?.() ?? [];

  test('installs, and then runs holdfast check', () => {
    expect(lines).toEqual(['npm ci', expect.stringMatching(/^npx holdfast check /)]);
  });

  test('uses options, gates and files that exist: without a project every gate is closed, and the artifacts are there', async () => {
    // As the shell of the CI reads it; in a folder in which there is nothing to run.
    const shell = `npx() { shift; "$NODE" "$HOLDFAST" "$@"; }\n${lines.at(-1)} --mode mock`;
    const child = spawn('bash', ['-ec', shell], {
      cwd: home,
      env: { PATH: process.env['PATH'], HOME: home, RUNNER_TEMP: home, NODE: process.execPath, HOLDFAST: holdfast },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/3 of 3 gates missed, in [^\n]*\n$/);
    const kept = join(home, name === 'gitlab-ci.yml' ? 'holdfast-artifacts' : 'holdfast');
    expect(readdirSync(kept).sort()).toEqual(['ctrf.json', 'junit.xml', 'run.json', 'summary.md']);
  });
});

test.each(['deploy/ci/README.md', 'docs/checks.md'])('the holdfast.yaml of %s can be read', (page) => {
  const whole = readFileSync(join(root, page), 'utf8');
  const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(whole) ?? [];
  writeFileSync(join(home, 'holdfast.yaml'), example.replaceAll(/^ {2}/gm, ''));
  expect(readProjectFile(home)?.gates).toContain('test.total>=100');
});

test('the holdfast.yaml of this repository names all three checks', () => {
  const { lint, test: tests, build } = readProjectFile(root)?.checks ?? {};
  expect([lint, tests, build]).toEqual(['npm run check', 'npm test', 'npm run build']);
});
