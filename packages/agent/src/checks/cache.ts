import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { isRecord, parseJson, type CheckResult, type Json } from '@holdfast/protocol';
import { version } from '../version.ts';
import { markVariable } from './environment.ts';
import { whyNotCached, type RunFacts } from './not-cached.ts';
import type { CheckPlan } from './plan.ts';
import { findLockfile, findProgram } from './project-facts.ts';
import type { CacheAnswer, ResultCache } from './run-checks.ts';
import { ContentOfTree, type AskGit, type TreeHash } from './tree-hash.ts';

type Plan = CheckPlan & { readonly command: string };

/** So many results, notes of last runs and folders for git are kept, the newest. */
const maxKept = { results: 300, last: 300, trees: 20 } as const;
/** What package managers write when they have installed something. */
const installedFiles: readonly string[] = [
  'node_modules/.package-lock.json',
  'node_modules/.modules.yaml',
  'node_modules/.yarn-state.yml',
  'node_modules/.yarn-integrity',
];
const markNames: ReadonlySet<string> = new Set([markVariable, 'HOLDFAST_RUN', 'HOLDFAST_AGENT_RUN']);

/** No results of earlier runs, for the reason given. */
export function noCache(why: string): ResultCache {
  return { find: () => Promise.resolve({ notCached: why }), record: () => Promise.resolve() };
}

/**
 * Results of checks that passed, by the content of the directory, the command, its tools and the environment, in `folder`. What
 * git ignores is not looked at, but for what package managers have installed.
 */
export function openCache(options: {
  readonly folder: string;
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly git: AskGit;
  /** What else a result is read from; belongs to the command. */
  readonly readFrom?: string;
}): ResultCache {
  const { folder, directory, environment } = options;
  const tree = new SharedHash(new ContentOfTree(options.git, join(folder, 'trees', digest(directory))));
  const found = new Map<string, { readonly facts: RunFacts; readonly key: string }>();
  const lastFile = (plan: Plan): string => join(folder, 'last', `${digest(`${directory}\0${plan.check}`)}.json`);

  async function find(plan: Plan): Promise<CacheAnswer> {
    const content = await tree.soon();
    if ('none' in content) return { notCached: content.none };
    const facts: RunFacts = {
      tree: content.hash,
      command: [plan.command, options.readFrom].filter(Boolean).join(' '),
      environment: digestEach(environment),
      tools: toolStamps(plan, options),
      outcome: 'unknown',
    };
    const key = digest(JSON.stringify([directory, plan.check, facts]));
    found.set(plan.check, { facts, key });
    const file = join(folder, 'results', `${key}.json`);
    const result = readResult(file);
    if (result !== undefined) {
      touch(file);
      const { logFile, ...rest } = result;
      return { result: { ...rest, cached: true, ...(logFile !== undefined && existsSync(logFile) && { logFile }) } };
    }
    const last = readFacts(lastFile(plan));
    const changed = last === undefined ? undefined : await tree.changedFiles(last.tree, facts.tree);
    return { notCached: whyNotCached(last, facts, changed) };
  }

  async function record(plan: Plan, result: CheckResult): Promise<void> {
    const known = found.get(plan.check);
    if (known === undefined) return;
    const after = result.passed ? await tree.fresh() : undefined;
    const isSame = after !== undefined && 'hash' in after && after.hash === known.facts.tree;
    const changed =
      after !== undefined && 'hash' in after && !isSame
        ? await tree.changedFiles(known.facts.tree, after.hash)
        : undefined;
    const outcome = !result.passed
      ? 'not passed'
      : isSame
        ? 'kept'
        : `files changed while it ran: ${(changed ?? []).slice(0, 3).join(', ') || 'unknown'}`;
    if (isSame) writeJson(join(folder, 'results', `${known.key}.json`), withoutReasons(result));
    writeJson(lastFile(plan), { ...known.facts, outcome });
    for (const [name, count] of Object.entries(maxKept)) prune(join(folder, name), count);
  }

  return { find, record };
}

/** One hash at a time, and one for all who ask at once: git locks its index. */
class SharedHash {
  readonly #tree: ContentOfTree;
  #running: Promise<TreeHash> | undefined;
  #next: Promise<TreeHash> | undefined;

  constructor(tree: ContentOfTree) {
    this.#tree = tree;
  }

  /** The one that is being made, else a new one. */
  soon(): Promise<TreeHash> {
    return this.#running ?? this.#begin();
  }

  /** One that begins after this call. */
  fresh(): Promise<TreeHash> {
    if (this.#running === undefined) return this.#begin();
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      return this.#begin();
    });
    return this.#next;
  }

  changedFiles(from: string, to: string): Promise<readonly string[] | undefined> {
    return this.#tree.changedFiles(from, to);
  }

  #begin(): Promise<TreeHash> {
    const running = this.#tree
      .hash()
      .catch((error: unknown) => ({ none: error instanceof Error ? error.message : String(error) }));
    this.#running = running;
    void running.then(() => {
      if (this.#running === running) this.#running = undefined;
    });
    return running;
  }
}

/** What a command is carried out with: name → a word that changes with its version. */
function toolStamps(
  plan: Plan,
  { directory, environment }: { readonly directory: string; readonly environment: Readonly<Record<string, string>> },
): Readonly<Record<string, string>> {
  const path = environment['PATH'] ?? '';
  const programs = ['node', /^[\w./-]+/.exec(plan.command)?.[0]].flatMap((name) => {
    const file = name === undefined ? undefined : findProgram(name, path);
    return name === undefined || file === undefined ? [] : [[name, fileStamp(file)] as const];
  });
  const lockfile = findLockfile(directory)?.path;
  const root = lockfile === undefined ? directory : dirname(lockfile);
  const files = [lockfile, ...installedFiles.map((name) => join(root, name))].flatMap((file) => {
    const text = file === undefined ? undefined : readBytes(file);
    return file === undefined || text === undefined ? [] : [[file.slice(root.length + 1), digest(text)] as const];
  });
  return Object.fromEntries([['holdfast', version], ...programs, ...files]);
}

function fileStamp(file: string): string {
  const real = realpathSync(file);
  const { size, mtimeMs } = statSync(real);
  return `${real} ${size} ${mtimeMs}`;
}

function digestEach(environment: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const names = Object.keys(environment)
    .filter((name) => !markNames.has(name))
    .sort();
  return Object.fromEntries(names.map((name) => [name, digest(environment[name] ?? '').slice(0, 16)]));
}

function digest(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 40);
}

/** What is said of a run is no longer true of a stored result. */
function withoutReasons({ notCached: _notCached, ...result }: CheckResult): CheckResult {
  return result;
}

/** Undefined when there is none, or it is damaged. */
function readResult(file: string): CheckResult | undefined {
  const value = readJson(file);
  return isRecord(value) && value['verdict'] === 'passed' ? (value as unknown as CheckResult) : undefined;
}

function readFacts(file: string): RunFacts | undefined {
  const value = readJson(file);
  return isRecord(value) &&
    typeof value['tree'] === 'string' &&
    isRecord(value['environment']) &&
    isRecord(value['tools'])
    ? (value as unknown as RunFacts)
    : undefined;
}

function readJson(file: string): Json | undefined {
  try {
    return parseJson(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function readBytes(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

/** In one step: two runs may write the same. */
function writeJson(file: string, value: object): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const partial = `${file}.${process.pid}.tmp`;
  writeFileSync(partial, JSON.stringify(value), { mode: 0o600 });
  renameSync(partial, file);
}

function touch(file: string): void {
  const now = new Date();
  utimesSync(file, now, now);
}

/** The newest `count` entries of a folder stay. */
function prune(folder: string, count: number): void {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  if (names.length <= count) return;
  const aged = names.map((name) => ({
    name,
    at: statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0,
  }));
  for (const { name } of aged.sort((a, b) => b.at - a.at).slice(count))
    rmSync(join(folder, name), { recursive: true, force: true });
}
