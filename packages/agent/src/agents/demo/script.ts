/** One line of a prompt for `demo` (docs/protocol.md 6.8). */
export type DemoStep =
  | { readonly kind: 'say' | 'think' | 'fail'; readonly text: string }
  | { readonly kind: 'stream'; readonly count: number; readonly everyMs: number; readonly bytes: number }
  | { readonly kind: 'write'; readonly path: string; readonly content: string }
  | { readonly kind: 'run'; readonly command: string }
  | { readonly kind: 'sleep'; readonly seconds: number }
  | { readonly kind: 'crash' };

const number = String.raw`\d+(?:\.\d+)?`;
const streamPattern = new RegExp(`^stream (\\d+)(?: (${number}))?(?: (\\d+))?$`);
const sleepPattern = new RegExp(`^sleep (${number})$`);

/** The steps of a prompt, in order; empty lines are none, and a line that is no command is said as it is. */
export function parseDemoScript(prompt: string): readonly DemoStep[] {
  return prompt
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map(parseStep);
}

function parseStep(line: string): DemoStep {
  const stream = streamPattern.exec(line);
  if (stream) {
    const [, count, everyMs = '0', bytes = '0'] = stream;
    return { kind: 'stream', count: Number(count), everyMs: Number(everyMs), bytes: Number(bytes) };
  }
  const sleep = sleepPattern.exec(line);
  if (sleep) return { kind: 'sleep', seconds: Number(sleep[1]) };
  if (line === 'crash') return { kind: 'crash' };
  return parseWords(line) ?? { kind: 'say', text: line };
}

function parseWords(line: string): DemoStep | undefined {
  const [command = '', first = ''] = line.split(' ', 2);
  const rest = line.slice(command.length + 1);
  if (rest === '') return undefined;
  switch (command) {
    case 'say':
    case 'think':
    case 'fail':
      return { kind: command, text: rest };
    case 'write':
      return { kind: 'write', path: first, content: rest.slice(first.length + 1) };
    case 'run':
      return { kind: 'run', command: rest };
    default:
      return undefined;
  }
}

/** The n-th delta of `stream`, from 1: `tok-000001 `, padded with dots to `bytes` characters. */
export function streamToken(n: number, bytes: number): string {
  const token = `tok-${String(n).padStart(6, '0')} `;
  return token.length < bytes ? `${token.slice(0, -1)}${'.'.repeat(bytes - token.length)} ` : token;
}

/** A text as `say` streams it: word by word, each with the space after it. */
export function wordsOf(text: string): readonly string[] {
  return text.match(/\S+\s*/g) ?? [];
}
