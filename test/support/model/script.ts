/** One thing the scripted model does. A tool call ends its message; the lines after it come with the next request. */
export type Step =
  | { readonly kind: 'say'; readonly deltas: readonly string[]; readonly everyMs: number }
  | { readonly kind: 'think'; readonly deltas: readonly string[]; readonly everyMs: number }
  | { readonly kind: 'tool'; readonly name: string; readonly input: Readonly<Record<string, unknown>> }
  /** Answers the first `times` requests with this HTTP status. */
  | { readonly kind: 'fail'; readonly status: number; readonly times: number }
  /** Cuts the connection after `after` deltas, for the first `times` requests; then all `after` are said. */
  | { readonly kind: 'cut'; readonly after: number; readonly times: number };

/**
 * Reads the commands of a prompt, one a line:
 * `WRITE PATH TEXT` · `READ PATH` · `BASH COMMAND` (tool calls) · `STREAM N [MS]` · `THINK N [MS]` or `THINK TEXT` ·
 * `FAIL STATUS [TIMES]` · `CUT N [TIMES]`; anything else is echoed.
 */
export function parseScript(prompt: string): readonly Step[] {
  return prompt
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => parseLine(line.trim()));
}

function parseLine(line: string): Step {
  const [command = '', ...words] = line.split(' ');
  const rest = line.slice(command.length + 1);
  const [first = '', second] = words;
  switch (command) {
    case 'WRITE':
      return { kind: 'tool', name: 'Write', input: { file_path: first, content: rest.slice(first.length + 1) } };
    case 'READ':
      return { kind: 'tool', name: 'Read', input: { file_path: rest } };
    case 'BASH':
      return { kind: 'tool', name: 'Bash', input: { command: rest, description: 'scripted call' } };
    case 'STREAM':
      return { kind: 'say', deltas: tokens('tok', Number(first)), everyMs: Number(second ?? 0) };
    case 'THINK':
      return /^\d+$/.test(first)
        ? { kind: 'think', deltas: tokens('thk', Number(first)), everyMs: Number(second ?? 0) }
        : { kind: 'think', deltas: [rest], everyMs: 0 };
    case 'FAIL':
      return { kind: 'fail', status: Number(first), times: Number(second ?? Number.MAX_SAFE_INTEGER) };
    case 'CUT':
      return { kind: 'cut', after: Number(first), times: Number(second ?? 1) };
    default:
      return { kind: 'say', deltas: [`echo: ${line}`], everyMs: 0 };
  }
}

/** `tok-000001 `, `tok-000002 ` … */
export function tokens(name: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${name}-${String(index + 1).padStart(6, '0')} `);
}
