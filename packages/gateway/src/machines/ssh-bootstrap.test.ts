import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { installCommand, readBootstrapFault, startCommand, type WantedFile } from './ssh-bootstrap.ts';

const text = 'console.log(process.argv[2], process.env.PATH);\n';
const file: WantedFile = {
  name: 'holdfast-agent-1.2.3-0123456789ab.js',
  bytes: text.length,
  sha256: createHash('sha256').update(text).digest('hex'),
};
/** The login shells of this machine; the first is everywhere. */
const shells = ['/bin/sh', '/bin/bash', '/bin/dash', '/bin/zsh', '/usr/bin/fish', '/bin/tcsh', '/bin/ksh'].filter(
  (path) => existsSync(path),
);
const noPlaces = { node: [], bun: [] };

let home = '';
let bin = '';

beforeEach(() => {
  // A home whose name a careless script would break on.
  home = mkdtempSync(join(tmpdir(), "holdfast o'hara $HOME "));
  bin = join(home, 'bin');
  mkdirSync(bin);
  for (const name of 'sh wc mkdir cat mv rm ls tail sync find ps sha256sum'.split(' ')) {
    symlinkSync(`/usr/bin/${name}`, join(bin, name));
  }
});

afterEach(() => rmSync(home, { recursive: true, force: true }));

describe.each(shells)('the bootstrap under the login shell %s', (shell) => {
  test('says that the file is missing, takes it, and becomes the link', () => {
    symlinkSync(process.execPath, join(bin, 'node'));
    const before = run(shell, startCommand(file, noPlaces));
    expect(readBootstrapFault(before.stderr)).toEqual({ kind: 'no-file' });

    expect(run(shell, installCommand(file, 'ab12'), text)).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(readdirSync(join(home, '.holdfast'))).toEqual([file.name]);
    expect(readFileSync(join(home, '.holdfast', file.name), 'utf8')).toBe(text);

    expect(run(shell, startCommand(file, noPlaces))).toEqual({
      status: 0,
      stdout: `link ${bin}:${bin}:${home}/.local/bin\n`,
      stderr: '',
    });
  });
});

describe('the bootstrap', () => {
  test('leaves nothing when the file comes cut off', () => {
    const { stderr } = run('/bin/sh', installCommand(file, 'ab12'), text.slice(0, 10));
    expect(readBootstrapFault(stderr)).toEqual({ kind: 'not-whole' });
    expect(readdirSync(join(home, '.holdfast'))).toEqual([]);
  });

  test('leaves nothing when the file comes changed', () => {
    const { stderr } = run('/bin/sh', installCommand(file, 'ab12'), text.replace('console', 'process'));
    expect(readBootstrapFault(stderr)).toEqual({ kind: 'not-whole' });
    expect(readdirSync(join(home, '.holdfast'))).toEqual([]);
  });

  test('does not read the file again that is there', () => {
    run('/bin/sh', installCommand(file, 'ab12'), text);
    expect(run('/bin/sh', installCommand(file, 'cd34'), 'something else')).toEqual({
      status: 0,
      stdout: '',
      stderr: '',
    });
    expect(readFileSync(join(home, '.holdfast', file.name), 'utf8')).toBe(text);
  });

  test('takes the file on a machine that cannot compute SHA-256, by its size', () => {
    rmSync(join(bin, 'sha256sum'));
    expect(run('/bin/sh', installCommand(file, 'ab12'), text).status).toBe(0);
    expect(readdirSync(join(home, '.holdfast'))).toEqual([file.name]);
  });

  test('passes over a Node that is too old or broken, and takes Bun when there is no other', () => {
    program('node', 'echo v18.19.1');
    run('/bin/sh', installCommand(file, 'ab12'), text);
    const places = { node: ['"$HOME"/odd*/node'], bun: ['"$HOME"/.bun/bin/bun'] };
    program('../odd 1/node', 'exit 1');
    const { stderr } = run('/bin/sh', startCommand(file, places));
    expect(readBootstrapFault(stderr)).toEqual({ kind: 'no-runtime', found: `${bin}/node 18.19.1 ${home}/odd 1/node` });

    program('../.bun/bin/bun', '[ "$1" = --version ] && echo 1.4.5 || echo "bun $2"');
    expect(run('/bin/sh', startCommand(file, places)).stdout).toBe('bun link\n');
  });

  test('goes on when a candidate reads its input', () => {
    program('node', 'cat; [ "$1" = --version ] && echo v20.0.0');
    run('/bin/sh', installCommand(file, 'ab12'), text);
    expect(run('/bin/sh', startCommand(file, noPlaces), 'frames').stdout).toBe('frames');
  });

  test('finds its own words behind whatever a login shell says', () => {
    expect(readBootstrapFault('Welcome\nlast login: holdfast-bootstrap: no-file\n')).toEqual({ kind: 'no-file' });
    expect(readBootstrapFault('bash: line 1: holdfast: not found')).toBeUndefined();
  });
});

function run(shell: string, command: string, input = ''): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(shell, ['-c', command], {
    env: { HOME: home, PATH: bin },
    input,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

/** A program of one line in the folder that is the PATH. */
function program(name: string, line: string): void {
  const path = join(bin, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${line}\n`);
  chmodSync(path, 0o755);
}
