import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';

/** One `import`, `export … from` or `import(…)` of a file. */
export type Import = {
  readonly line: number;
  /** True when nothing of it is left at run time. */
  readonly typeOnly: boolean;
  readonly specifier: string;
  /** The file it names, from the root of the repository, when it is a relative one. */
  readonly path?: string;
};

/** A source file as the rules see it; `path` is from the root of the repository, with forward slashes. */
export type SourceFile = {
  readonly path: string;
  readonly lines: readonly string[];
  readonly imports: readonly Import[];
};

/** The file's facts from its text. Comments are blanked; line numbers stay. */
export function parseSource(path: string, text: string): SourceFile {
  const lines = text.split('\n').map(withoutComment);
  return { path, lines, imports: [...importsOf(path, lines.join('\n'))] };
}

/** Every TypeScript file below a folder, build output and dependencies left out. An absent folder holds none. */
export function readSources(root: string, folder: string): readonly SourceFile[] {
  return filesBelow(join(root, folder))
    .filter((path) => /\.tsx?$/.test(path))
    .map((path) => parseSource(relative(root, path).split(sep).join('/'), readFileSync(path, 'utf8')));
}

function filesBelow(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.name !== 'node_modules' && entry.name !== 'dist')
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(path) : [path];
    });
}

// No parser: good enough for our own formatted code, where a comment starts a line or follows a space.
function withoutComment(line: string): string {
  if (/^\s*(\/\/|\/\*|\*)/.test(line)) return '';
  return line.replace(/\s\/\/ .*$/, '');
}

const importPattern =
  /(?:^|[;\n])\s*(?:import|export)\s+(?:(?<type>type\s)|(?:(?<names>[\w*{}\s,$]+?)\s+from\s))?[^'"`;=()]*?['"](?<from>[^'"\n]+)['"]|\bimport\(\s*['"](?<dynamic>[^'"\n]+)['"]/g;

function* importsOf(path: string, text: string): Generator<Import> {
  for (const match of text.matchAll(importPattern)) {
    const { type, names, from, dynamic } = match.groups ?? {};
    const specifier = from ?? dynamic ?? '';
    const end = match.index + match[0].length;
    yield {
      line: text.slice(0, end).split('\n').length,
      typeOnly: type !== undefined || onlyTypes(names),
      specifier,
      ...(specifier.startsWith('.') && { path: normalize(join(dirname(path), specifier)) }),
    };
  }
}

function onlyTypes(names: string | undefined): boolean {
  const inside = names?.match(/^\{(?<list>[^}]*)\}$/)?.groups?.['list'];
  if (inside === undefined) return false;
  const parts = inside.split(',').map((part) => part.trim());
  return parts.every((part) => part === '' || part.startsWith('type '));
}
