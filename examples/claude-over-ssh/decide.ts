import { createInterface } from 'node:readline';
import type { Tool } from '@holdfast/protocol';

/** Asks on the terminal until the answer is y or n. Rejects on ctrl-c, at the end of the input, and when `signal` aborts. */
export async function decideOnTerminal(tool: Tool, { signal }: { readonly signal: AbortSignal }): Promise<boolean> {
  console.log(`It wants to use ${tool.name}: ${JSON.stringify(tool.input, undefined, 2)}`);
  using terminal = createInterface({
    input: process.stdin,
    output: process.stdout,
    prompt: 'Do you let it? (y/n) ',
    signal,
  });
  terminal.once('SIGINT', () => terminal.close());
  terminal.prompt();
  for await (const line of terminal) {
    const answer = line.trim().toLowerCase();
    if (/^y(es)?$/.test(answer)) return true;
    if (/^no?$/.test(answer)) return false;
    terminal.prompt();
  }
  throw new Error('Nobody decides.');
}
