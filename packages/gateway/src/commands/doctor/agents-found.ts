import { isRecord, parseJson } from '@holdfast/protocol';
import type { Child } from '../../machines/child.ts';
import { runToEnd } from '../../machines/ssh-client.ts';
import { allowsAgent, type Project } from '../../projects/project.ts';
import type { Finding } from './finding.ts';

/** What a program wrote to its end; undefined when it failed or took too long. */
export type Output = { readonly text: string; readonly stderr: string } | undefined;

const patienceMs = 25_000;
const maxOutputLength = 65_536;

/** Runs a program to its end without input. Rejects only when `signal` aborts. */
export async function outputOf(
  child: Child,
  { signal, input }: { readonly signal: AbortSignal; readonly input?: Uint8Array },
): Promise<Output> {
  let text = '';
  child.process.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(0, maxOutputLength);
  });
  const end = await runToEnd(child, { timeoutMs: patienceMs, signal, ...(input === undefined ? {} : { input }) });
  return end?.code === 0 ? { text, stderr: end.stderr } : undefined;
}

type AgentLine = { readonly name: string; readonly found: boolean; readonly words: string };

/** What `holdfast-agent agents --json` said, held against what the project allows: one of those has to be there. */
export function agentsFinding(project: Project, output: Output): Finding {
  const part = `agents of ${project.id}`;
  if (output === undefined) {
    return {
      part,
      state: 'failed',
      message: 'The agent’s program could not be asked; LOG_LEVEL=debug of the gateway shows more.',
    };
  }
  const agents = parseAgents(output.text).filter(({ name }) => allowsAgent(project, name));
  const message = agents.map(({ words }) => words).join('; ');
  if (agents.some(({ found }) => found)) return { part, state: 'ok', message };
  return {
    part,
    state: 'failed',
    message: message === '' ? 'None of those that the project allows is known.' : message,
  };
}

function parseAgents(text: string): readonly AgentLine[] {
  return text.split('\n').flatMap((line) => {
    const value = parseJson(line);
    if (!isRecord(value)) return [];
    const { name, found, version, signedIn, hint } = value;
    if (typeof name !== 'string') return [];
    const facts = [
      found === true ? (typeof version === 'string' ? version : 'found') : 'not found',
      ...(signedIn === false ? ['not signed in'] : []),
    ];
    const wayOut = typeof hint === 'string' ? ` (${hint})` : '';
    return [{ name, found: found === true, words: `${name} ${facts.join(', ')}${wayOut}` }];
  });
}
