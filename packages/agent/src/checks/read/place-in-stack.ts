import { relative } from 'node:path';

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
    const place = /^\s*(?:at|❯) (?:.*[\s()])?(?<path>[^\s()]+):(?<line>\d+):(?<column>\d+)\)?$/.exec(
      line.trimEnd(),
    )?.groups;
    const path = place?.['path']?.replace(/^file:\/\//, '');
    if (place && path !== undefined && (paths.includes(path) || path.endsWith(`/${file}`))) {
      return { line: Number(place['line']), column: Number(place['column']) };
    }
  }
  return undefined;
}
