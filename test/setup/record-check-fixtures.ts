/**
 * Records what real tools print, for the tests of the readers: `node test/setup/record-check-fixtures.ts FOLDER [TOOL…]`.
 * FOLDER keeps the installed tools between two runs. Not part of CI: it needs the npm registry, and the Debian packages of the
 * tools that are not on npm.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { recordings } from './record-check-fixtures/recordings.ts';
import type { Recorded, Recording, Scene } from './record-check-fixtures/recording.ts';

const fixtures = fileURLToPath(new URL('../fixtures/checks', import.meta.url));
/** Where the sample lies in what is kept: no path of the machine that recorded it. */
const placeOfSample = '/home/ada/project';
const [folder = '', ...wanted] = process.argv.slice(2);
if (folder === '') throw new Error('say a folder for the installed tools: record-check-fixtures.ts FOLDER [TOOL…]');
const root = resolve(folder);

for (const recording of recordings) {
  if (wanted.length > 0 && !wanted.includes(recording.tool)) continue;
  const entries: Recorded[] = [];
  const target = join(fixtures, recording.tool);
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  for (const wish of recording.versions) {
    const modules = install(recording, wish);
    const version = versionOf(recording, wish);
    for (const scene of recording.scenes) {
      if (scene.notIn?.includes(wish)) continue;
      const { text, returnCode } = run(scene, modules, recording.program?.(wish));
      const file = `${version}-${scene.name}.txt`;
      writeFileSync(join(target, file), text);
      entries.push({
        file,
        tool: recording.tool,
        version,
        check: recording.check,
        command: scene.command.replaceAll('$PROGRAM', recording.program?.(wish) ?? ''),
        origin: scene.documented === undefined ? 'recorded' : 'documented',
        kind: scene.report === undefined ? 'output' : 'report',
        returnCode,
        expected: scene.butIn?.[wish] ?? scene.expected,
      });
      console.log(`${recording.tool} ${version} ${scene.name}: ${text.length} bytes, code ${returnCode}`);
    }
  }
  writeFileSync(join(target, 'recordings.json'), `${JSON.stringify(entries, undefined, 2)}\n`);
}
spawnSync('oxfmt', [fixtures], { stdio: 'inherit' });

/** The `node_modules` with this version; undefined for a program of the machine. */
function install(recording: Recording, version: string): string | undefined {
  if (recording.packages === undefined) return undefined;
  const place = join(root, 'tools', `${recording.tool}-${version}`);
  const modules = join(place, 'node_modules');
  if (existsSync(modules)) return modules;
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, 'package.json'), '{"name":"tools","private":true}');
  const args = ['install', '--no-audit', '--no-fund', '--loglevel=error', ...recording.packages(version)];
  const installed = spawnSync('npm', args, { cwd: place, stdio: 'inherit' });
  if (installed.status !== 0) throw new Error(`npm did not install ${recording.tool} ${version}`);
  return modules;
}

function versionOf(recording: Recording, wish: string): string {
  if (recording.versionCommand === undefined) return wish;
  const command = recording.versionCommand.replaceAll('$PROGRAM', recording.program?.(wish) ?? '');
  const said = spawnSync('sh', ['-c', command], { encoding: 'utf8' }).stdout;
  return /\d+(\.\d+)+/.exec(said)?.[0] ?? wish;
}

function run(
  scene: Scene,
  modules: string | undefined,
  program: string | undefined,
): { text: string; returnCode: number | null } {
  if (scene.documented) return scene.documented;
  const sample = join(root, 'sample', 'project');
  rmSync(sample, { recursive: true, force: true });
  mkdirSync(sample, { recursive: true });
  for (const [path, text] of Object.entries(scene.files)) {
    mkdirSync(dirname(join(sample, path)), { recursive: true });
    writeFileSync(join(sample, path), text);
  }
  if (modules !== undefined) symlinkSync(modules, join(sample, 'node_modules'));
  const command = `(${scene.command.replaceAll('$PROGRAM', program ?? '')}) 2>&1`;
  const argv = scene.onTerminal ? ['script', '-qefc', command, '/dev/null'] : ['sh', '-c', command];
  const ran = spawnSync(argv[0] ?? '', argv.slice(1), {
    cwd: sample,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    timeout: 300_000,
    // script is given no terminal to read from, only one to write to.
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: [...(modules === undefined ? [] : [join(modules, '.bin')]), process.env['PATH']].join(':'),
      HOME: join(root, 'home'),
      // What these have fetched before: a recording fetches nothing.
      RUSTUP_HOME: process.env['RUSTUP_HOME'] ?? join(homedir(), '.rustup'),
      CARGO_HOME: process.env['CARGO_HOME'] ?? join(homedir(), '.cargo'),
      MAVEN_REPOSITORY: join(homedir(), '.m2', 'repository'),
      GOFLAGS: '-mod=mod',
      GOTOOLCHAIN: 'local',
      GOCACHE: join(root, 'home', 'go-cache'),
      LANG: 'C.UTF-8',
      TERM: 'xterm-256color',
      ...scene.environment,
    },
  });
  const text = scene.report === undefined ? ran.stdout : readFileSync(join(sample, scene.report), 'utf8');
  return { text: withoutMachine(text, sample, modules), returnCode: ran.status };
}

/** The same text without a path or a name of this machine. */
function withoutMachine(text: string, sample: string, modules: string | undefined): string {
  let clean = text;
  if (modules !== undefined) clean = clean.replaceAll(modules, `${placeOfSample}/node_modules`);
  return (
    clean
      // What surefire tells of the machine's Java.
      .replace(/ *<properties>[\s\S]*?<\/properties>\n/g, '')
      .replaceAll(sample, placeOfSample)
      .replaceAll(sample.slice(1), placeOfSample.slice(1))
      .replaceAll(root, '/home/ada')
      .replaceAll(homedir(), '/home/ada')
      .replaceAll(dirname(process.execPath), '/usr/local/bin')
      .replaceAll(`hostname="${hostname()}"`, 'hostname="machine"')
  );
}
