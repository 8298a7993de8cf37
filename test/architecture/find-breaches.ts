import { importTable, type Target } from './import-rules.ts';
import { lineTable } from './line-rules.ts';
import { nameBreaches } from './name-rules.ts';
import { pathsOf, placeOf, type Place } from './place.ts';
import type { Import, SourceFile } from './source-file.ts';

/** Every breach of the house rules, as `path:line: rule: what stands there`. */
export function findBreaches(files: readonly SourceFile[]): readonly string[] {
  const all = pathsOf(files);
  return files.flatMap((file) => {
    const from = placeOf(file.path, all);
    const general = nameBreaches(file);
    return from === undefined ? general : [...general, ...importBreaches(file, from, all), ...lineBreaches(file, from)];
  });
}

function importBreaches(file: SourceFile, from: Place, all: ReadonlySet<string>): readonly string[] {
  const rules = importTable.filter((rule) => rule.applies(from));
  return file.imports.flatMap((one) => {
    const target = targetOf(one, all);
    return rules
      .filter((rule) => !rule.allows(target, from, one))
      .map((rule) => `${file.path}:${one.line}: ${rule.of}: ${one.specifier}`);
  });
}

function targetOf(one: Import, all: ReadonlySet<string>): Target {
  if (one.path !== undefined) {
    const place = placeOf(one.path, all);
    return place === undefined ? { kind: 'outside', path: one.path } : { kind: 'file', place, path: one.path };
  }
  if (one.specifier.startsWith('node:')) return { kind: 'node', name: one.specifier };
  if (one.specifier.startsWith('@holdfast/')) return { kind: 'workspace', name: one.specifier };
  return { kind: 'vendor', name: one.specifier };
}

function lineBreaches(file: SourceFile, from: Place): readonly string[] {
  const breaches: string[] = [];
  for (const rule of lineTable) {
    if (from.kind === 'test' && rule.of !== lineTable.at(-1)?.of) continue;
    file.lines.forEach((line, index) => {
      if (!rule.pattern.test(line) || rule.in(from, file.lines, index)) return;
      breaches.push(`${file.path}:${index + 1}: ${rule.of}: ${line.trim()}`);
    });
  }
  return breaches;
}
