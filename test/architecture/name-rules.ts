import { basename } from 'node:path';
import type { SourceFile } from './source-file.ts';

const maxLines = 400;
const kebabCase = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*\.tsx?$/;
/** Words that say nothing about what a thing is. */
const emptyWords: ReadonlySet<string> = new Set(['manager', 'service', 'helper', 'helpers', 'util', 'utils', 'impl']);
const declaration = /\b(?:class|interface|type|function\*?|const|let|enum)\s+(?<name>[A-Za-z_$][\w$]*)/g;

/** Breaches of what holds for every file of ours, wherever it lies: its name, its length, the names in it. */
export function nameBreaches(file: SourceFile): readonly string[] {
  const breaches: string[] = [];
  const name = basename(file.path);
  if (!kebabCase.test(name)) breaches.push(`${file.path}:1: a file name is kebab-case: ${name}`);
  if (hasEmptyWord(name)) breaches.push(`${file.path}:1: a name says what a thing is: ${name}`);
  if (file.lines.length > maxLines + 1) {
    breaches.push(`${file.path}:${maxLines}: a file has at most ${maxLines} lines: ${file.lines.length}`);
  }
  file.lines.forEach((line, index) => {
    for (const match of line.matchAll(declaration)) {
      const declared = match.groups?.['name'] ?? '';
      if (hasEmptyWord(declared)) {
        breaches.push(`${file.path}:${index + 1}: a name says what a thing is: ${declared}`);
      }
    }
  });
  return breaches;
}

function hasEmptyWord(name: string): boolean {
  const words = name.split(/[^A-Za-z]+|(?<=[a-z])(?=[A-Z])/);
  return words.some((word) => emptyWords.has(word.toLowerCase()));
}
