/** Where in this file an error was thrown, out of a stack of V8: the first frame that names it; undefined: none does. */
export function placeInStack(
  stack: string,
  file: string,
): { readonly line: number; readonly column: number } | undefined {
  for (const line of stack.split('\n', 200)) {
    const at = line.indexOf(`${file}:`);
    const place = at === -1 ? null : /^:(\d+):(\d+)\)?$/.exec(line.slice(at + file.length).trimEnd());
    if (place && /^\s+at /.test(line)) return { line: Number(place[1]), column: Number(place[2]) };
  }
  return undefined;
}
