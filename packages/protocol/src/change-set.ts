import { isRecord, type Json } from './json.ts';

/** What is to be proposed: the difference between a commit and what the workspace holds. */
export type ChangeSet = {
  /** The commit that it is a difference to: 40 (SHA-1) or 64 (SHA-256) lower-case hexadecimal digits. */
  readonly baseSha: string;
  /** New or changed files, whole. A renamed file stands here, and its old path in `deletions`. */
  readonly files: readonly ChangedFile[];
  /** Paths that are to be gone. */
  readonly deletions: readonly string[];
  /** The tree that git makes of it where the workspace is; what is published must have the same. */
  readonly treeSha?: string;
};

export type ChangedFile = {
  /** From the root of the repository, with `/`. */
  readonly path: string;
  /** As git has it: a file, an executable one, a symbolic link (its content is where it leads). */
  readonly mode: '100644' | '100755' | '120000';
  readonly content: string;
  /** Of `content`. Text is UTF-8 as it stands; anything else is base64. */
  readonly encoding: 'utf-8' | 'base64';
};

export type ParsedChangeSet =
  | { readonly ok: true; readonly changeSet: ChangeSet }
  /** Sentences that name the file, what is wrong with it and what would be right; the first 50. */
  | { readonly ok: false; readonly faults: readonly string[] };

const maxFaults = 50;
/** PATH_MAX; git takes no longer ones. */
const maxPath = 4096;
const modes: readonly string[] = ['100644', '100755', '120000'] satisfies readonly ChangedFile['mode'][];
const encodings: readonly string[] = ['utf-8', 'base64'] satisfies readonly ChangedFile['encoding'][];

/**
 * Reads a change set that is parsed JSON. Unknown fields are dropped; it never throws. What it lets through has a form; whether it may be
 * published is the policy's to say.
 */
export function parseChangeSet(value: unknown): ParsedChangeSet {
  if (!isObject(value)) return { ok: false, faults: ['A change set is an object with baseSha, files and deletions.'] };
  const faults: string[] = [];
  const { baseSha, treeSha } = value;
  if (!isSha(baseSha)) faults.push('"baseSha" must be the sha of a commit: 40 or 64 of 0-9 and a-f.');
  if (treeSha !== undefined && !isSha(treeSha)) {
    faults.push('"treeSha" must be the sha of a tree, 40 or 64 of 0-9 and a-f, or be left out.');
  } else if (isSha(baseSha) && isSha(treeSha) && treeSha.length !== baseSha.length) {
    faults.push('"treeSha" must be as long as "baseSha": a repository has one kind of sha.');
  }
  const files = listOf(value, 'files', faults).flatMap((file, at) => readFile(file, `files[${at}]`, faults));
  const deletions = listOf(value, 'deletions', faults).flatMap((path, at) =>
    readPath(path, `deletions[${at}]`, faults),
  );
  addPathFaults(files, deletions, faults);
  if (faults.length > 0) return { ok: false, faults: firstOf(faults) };
  return {
    ok: true,
    changeSet: { baseSha: baseSha as string, files, deletions, ...(isSha(treeSha) && { treeSha }) },
  };
}

function readFile(value: unknown, name: string, faults: string[]): readonly ChangedFile[] {
  if (!isObject(value)) {
    faults.push(`${name} must be an object with path, mode, content and encoding.`);
    return [];
  }
  const { mode, content, encoding } = value;
  const [path] = readPath(value['path'], `${name}.path`, faults);
  const found = faults.length;
  const file = path === undefined ? name : JSON.stringify(path);
  if (!modes.includes(mode as string)) {
    faults.push(`The file ${file} has the mode ${shown(mode)}; it must be "100644", "100755" or "120000".`);
  }
  if (!encodings.includes(encoding as string)) {
    faults.push(`The file ${file} has the encoding ${shown(encoding)}; it must be "utf-8" or "base64".`);
  }
  if (typeof content !== 'string') faults.push(`The file ${file} has no content; it must be a string.`);
  else if (encoding === 'utf-8' && !content.isWellFormed()) {
    faults.push(`The file ${file} has half of a character (a lone surrogate); send its bytes as base64.`);
  } else if (encoding === 'base64' && !isBase64(content)) {
    faults.push(`The file ${file} is not base64; it must be A-Z a-z 0-9 + / in fours, filled up with =.`);
  }
  if (path === undefined || faults.length > found) return [];
  return [{ path, mode, content, encoding } as ChangedFile];
}

/** Whether a path is one that may be published is more than this; here it only can be told from others, and be written down. */
function readPath(value: unknown, name: string, faults: string[]): readonly string[] {
  if (
    typeof value === 'string' &&
    value !== '' &&
    value.length <= maxPath &&
    value.isWellFormed() &&
    !value.includes('\0')
  )
    return [value];
  faults.push(`${name} must be a path: 1 to ${maxPath} characters of well-formed Unicode, without NUL.`);
  return [];
}

function addPathFaults(files: readonly ChangedFile[], deletions: readonly string[], faults: string[]): void {
  const changed = new Set<string>();
  for (const { path } of files) {
    if (changed.has(path)) faults.push(`The file ${JSON.stringify(path)} is there twice; send each once.`);
    changed.add(path);
  }
  const deleted = new Set<string>();
  for (const path of deletions) {
    if (deleted.has(path)) faults.push(`The deletion of ${JSON.stringify(path)} is there twice; send each once.`);
    deleted.add(path);
    if (changed.has(path)) faults.push(`${JSON.stringify(path)} is both a file and a deletion; send one of them.`);
  }
  // Sorted so, what lies below a path comes right after it.
  let above = '/';
  for (const place of Array.from(changed, (path) => `${path}/`).sort()) {
    if (!place.startsWith(above)) above = place;
    else faults.push(`The file ${named(place)} lies below ${named(above)}, which is a file; send one of them.`);
  }
}

const named = (place: string): string => JSON.stringify(place.slice(0, -1));

function listOf(value: Readonly<Record<string, unknown>>, name: string, faults: string[]): readonly unknown[] {
  const list = value[name];
  if (Array.isArray(list)) return list;
  faults.push(`"${name}" must be a list; it may be empty.`);
  return [];
}

function firstOf(faults: readonly string[]): readonly string[] {
  if (faults.length <= maxFaults) return faults;
  return [...faults.slice(0, maxFaults - 1), `There are ${faults.length - maxFaults + 1} more faults.`];
}

function isSha(value: unknown): value is string {
  return typeof value === 'string' && /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(value);
}

/** In its one form: the last letter has no bits that mean nothing. */
function isBase64(text: string): boolean {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return false;
  if (text.endsWith('==')) return /[AQgw]==$/.test(text.slice(-3));
  return !text.endsWith('=') || /[AEIMQUYcgkosw048]=$/.test(text.slice(-2));
}

function shown(value: unknown): string {
  return value === undefined ? 'undefined' : (JSON.stringify(value) ?? typeof value).slice(0, 100);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return isRecord(value as Json | undefined);
}
