export type StackFrame = { readonly file: string; readonly line: number; readonly column: number };

/** The place stands at the end, in brackets or not; what is before it is stepped over to its last blank or bracket, so that no line takes long. */
const frame = /^\s*(?:at|❯) (?:.*[\s()])?(?<file>[^\s()]+):(?<line>\d+):(?<column>\d+)\)?$/;

/** A line of a stack as V8 or vitest write it; the file as it stands there, which may be a URL. Undefined: it is none. */
export function readFrame(text: string): StackFrame | undefined {
  const said = frame.exec(text)?.groups;
  return said && { file: said['file'] ?? '', line: Number(said['line']), column: Number(said['column']) };
}

/** The path that a file of a frame is, also where it is a URL. */
export function pathOf({ file }: StackFrame): string {
  return file.replace(/^file:\/\//, '');
}
