import { relative } from 'node:path';
import { pathOf, readFrame } from './stack-frame.ts';

/**
 * Where in this file an error was thrown, out of a stack as V8 or vitest write it: the first frame that names it, absolute or
 * relative to `directory`; undefined: none does.
 */
export function placeInStack(
  stack: string,
  file: string,
  directory: string,
): { readonly line: number; readonly column: number } | undefined {
  const paths = file.startsWith('/') ? [file, relative(directory, file)] : [file];
  for (const line of stack.split('\n', 200)) {
    const frame = readFrame(line.trimEnd());
    if (frame === undefined) continue;
    const path = pathOf(frame);
    if (paths.includes(path) || path.endsWith(`/${file}`)) return { line: frame.line, column: frame.column };
  }
  return undefined;
}
