import { foldedLetters, foldedParts } from './paths.ts';

/** What a path has to do with a protected one. */
export type Protection = {
  /** As it was configured, or as it is always there. */
  readonly pattern: string;
  /** `above`: it is a folder in which the protected ones lie; whoever puts a file there replaces them. */
  readonly relation: 'protected' | 'above';
};

/**
 * What no draft may touch, whatever is configured: what runs with the repository's secrets, who must review, where submodules come from, and
 * `.gitattributes`, because it can keep the other changes of the same draft out of the diff that a reviewer sees (`-diff`,
 * `linguist-generated`). `.git` is no path at all, see paths.ts.
 */
export const alwaysProtected: readonly string[] = [
  '/.github/workflows',
  '/.github/actions',
  // A plain git remote may be any of these.
  '/.gitlab-ci.yml',
  '/.gitea/workflows',
  '/.forgejo/workflows',
  '/CODEOWNERS',
  '/docs/CODEOWNERS',
  '/.github/CODEOWNERS',
  '/.gitlab/CODEOWNERS',
  '/.gitea/CODEOWNERS',
  '/.forgejo/CODEOWNERS',
  '.gitmodules',
  '.gitattributes',
];

/** What is wrong with a pattern from the configuration; undefined when it can be used. The sentence goes on from the pattern: "has …". */
export function patternFault(pattern: string): string | undefined {
  if (pattern.trim() === '' || /^\/*$/.test(pattern)) return 'is empty';
  if (pattern.startsWith('!')) return 'begins with !; nothing can be taken out again';
  if (/[{}\\]/.test(pattern)) return 'has {, } or \\; write a pattern for each, with * ** and ? only';
  if (/\p{Cc}/u.test(pattern) || !pattern.isWellFormed()) return 'has a control character';
  const parts = partsOf(pattern);
  if (/[:/\\]/.test(parts.map(foldedLetters).join(''))) return 'has a colon, or what looks like one or like a slash';
  if (parts.some((part) => /[.\s]$/.test(foldedLetters(part)))) return 'has a part that ends with a dot or a space';
  if (parts.some((part) => foldedLetters(part) === '')) return 'has a part that is not seen';
  if (pattern.length > 500 || parts.length > 30) return 'is longer than 500 characters, or 30 folders deep';
  return undefined;
}

/**
 * Finds what is protected, however it is spelled. Patterns are read as in .gitignore: `*` and `?` within a part of the path, `**` for any number
 * of parts; one without a slash counts in every folder, `/x` at the root only; a folder stands for all that is in it.
 */
export class ProtectedPaths {
  readonly #patterns: readonly { readonly pattern: string; readonly parts: readonly PatternPart[] }[];

  constructor(patterns: readonly string[]) {
    this.#patterns = patterns.map((pattern) => {
      const parts = partsOf(pattern);
      const isAnywhere = !pattern.replace(/\/+$/, '').includes('/');
      return { pattern, parts: (isAnywhere ? ['**', ...parts] : parts).map(toPart) };
    });
  }

  /** Whether the path is protected or lies above what is; undefined for neither. */
  find(path: string): Protection | undefined {
    const names = foldedParts(path).map(lettersOf);
    const inside = this.#patterns.find(({ parts }) => matchesFrom(parts, names));
    if (inside !== undefined) return { pattern: inside.pattern, relation: 'protected' };
    const below = this.#patterns.find(({ parts }) => liesAbove(names, parts));
    return below === undefined ? undefined : { pattern: below.pattern, relation: 'above' };
  }

  /**
   * What may be protected from this path on; undefined when nothing is, but for what its last name alone makes protected wherever it lies. Of what
   * lies below it finds the same as all patterns.
   */
  below(path: string): ProtectedPaths | undefined {
    const names = foldedParts(path).map(lettersOf);
    const patterns = this.#patterns.filter(({ parts }) => {
      const at = reached(parts, names);
      const isAnywhere = parts.length === 2 && parts[0] === '**';
      return at.has(parts.length) || (at.size > 0 && !isAnywhere);
    });
    return patterns.length === 0 ? undefined : new ProtectedPaths(patterns.map(({ pattern }) => pattern));
  }
}

/** `**`, or what one part of a path must look like. */
type PatternPart = '**' | readonly PatternSign[];
type PatternSign = { readonly kind: 'any' | 'one' } | { readonly kind: 'letter'; readonly letter: string };
/** A letter of a folded name; `isFirst` of those that one code point became. */
type Letter = { readonly letter: string; readonly isFirst: boolean };

const partsOf = (pattern: string): readonly string[] => pattern.split('/').filter((part) => part !== '');

function toPart(part: string): PatternPart {
  if (/^\*\*+$/.test(part)) return '**';
  return part.split(/(\*+|\?)/).flatMap((piece): PatternSign[] => {
    if (piece.startsWith('*')) return [{ kind: 'any' }];
    if (piece === '?') return [{ kind: 'one' }];
    // Each piece is folded by itself, so that nothing that folds to a star becomes one.
    return Array.from(foldedLetters(piece), (letter) => ({ kind: 'letter', letter }));
  });
}

function lettersOf(name: readonly string[]): readonly Letter[] {
  return name.flatMap((point) =>
    point.length === 1
      ? { letter: point, isFirst: true }
      : Array.from(point, (letter, at) => ({ letter, isFirst: at === 0 })),
  );
}

/** Whether the pattern, or a folder that it stands for, takes in the path from its beginning. */
function matchesFrom(parts: readonly PatternPart[], names: readonly (readonly Letter[])[]): boolean {
  return reached(parts, names).has(parts.length);
}

/** Which parts of the pattern may come next after the path; its end when the path lies in what it stands for, none when it leads elsewhere. */
function reached(parts: readonly PatternPart[], names: readonly (readonly Letter[])[]): ReadonlySet<number> {
  // A `**` may be left out.
  let at = skipped(new Set([0]), parts);
  for (const name of names) {
    if (at.has(parts.length)) return at;
    const next = new Set<number>();
    for (const index of at) {
      const part = parts[index];
      if (part === '**') next.add(index);
      else if (part !== undefined && matchesName(part, name)) next.add(index + 1);
    }
    at = skipped(next, parts);
  }
  return at;
}

function skipped(at: ReadonlySet<number>, parts: readonly PatternPart[]): ReadonlySet<number> {
  const all = new Set(at);
  // What is added while a set is gone through is gone through too.
  for (const index of all) if (parts[index] === '**') all.add(index + 1);
  return all;
}

/**
 * Whether what the pattern stands for lies below this path. A part that is only wildcards says nothing of where that is, or every file at the
 * root would lie above `secret.txt` in any folder.
 */
function liesAbove(names: readonly (readonly Letter[])[], parts: readonly PatternPart[]): boolean {
  if (names.length >= parts.length) return false;
  const above = parts.slice(0, names.length);
  const last = above.at(-1);
  if (last === undefined || last === '**' || last.every(({ kind }) => kind !== 'letter')) return false;
  return above.every((part, at) => part !== '**' && matchesName(part, names[at] ?? []));
}

/** Goes back to the last star only, so that a long name costs at most its length times that of the pattern. */
function matchesName(signs: readonly PatternSign[], name: readonly Letter[]): boolean {
  let sign = 0;
  let at = 0;
  let star: { readonly sign: number; at: number } | undefined;
  while (at < name.length) {
    const wanted = signs[sign];
    if (wanted?.kind === 'any') {
      star = { sign, at };
      sign += 1;
    } else if (wanted?.kind === 'letter' && wanted.letter === name[at]?.letter) {
      sign += 1;
      at += 1;
    } else if (wanted?.kind === 'one' && name[at]?.isFirst === true) {
      sign += 1;
      at += 1;
      while (name[at]?.isFirst === false) at += 1;
    } else if (star !== undefined) {
      star.at += 1;
      at = star.at;
      sign = star.sign + 1;
    } else {
      return false;
    }
  }
  return signs.slice(sign).every(({ kind }) => kind === 'any');
}
