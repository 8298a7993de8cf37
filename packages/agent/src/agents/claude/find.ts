import { isRecord, parseJson } from '@holdfast/protocol';
import type { AgentFound } from '../agent-found.ts';

/** Whether Claude Code is there and signed in. `ask` runs a program and gives what it prints, undefined when there is none. */
export async function findClaude(
  ask: (command: string, args: readonly string[]) => Promise<string | undefined>,
): Promise<AgentFound> {
  const name = 'claude';
  const printed = await ask('claude', ['--version']);
  if (printed === undefined) {
    return { name, found: false, hint: 'npm install -g @anthropic-ai/claude-code' };
  }
  const version = /\d+\.\d+\.\d+\S*/.exec(printed)?.[0];
  const status = parseJson((await ask('claude', ['auth', 'status', '--json'])) ?? '');
  const known = { name, found: true, ...(version === undefined ? {} : { version }) };
  if (!isRecord(status) || typeof status['loggedIn'] !== 'boolean') return known;
  if (status['loggedIn']) return { ...known, signedIn: true };
  return { ...known, signedIn: false, hint: 'set ANTHROPIC_API_KEY, or run "claude" and then /login' };
}
