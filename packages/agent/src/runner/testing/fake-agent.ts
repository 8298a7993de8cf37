import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { parseJson } from '@holdfast/protocol';

/**
 * An agent for the runner's tests. Its prompts are orders: see the table below. It is written against docs/protocol.md
 * section 6 alone, as any child of a runner is.
 */
type Command = { readonly type: string; readonly id: string; readonly prompt?: string; readonly toolId?: string };

let waitingFor: ((command: Command) => void) | undefined;
let turns = Promise.resolve();

const orders: Readonly<Record<string, (rest: string) => unknown>> = {
  /** One delta. */
  say: (text) => write({ type: 'text', content: text, streaming: true, block: 'b1' }),
  pid: () => write({ type: 'text', content: String(process.pid), streaming: true, block: 'b1' }),
  env: (name) => write({ type: 'text', content: process.env[name] ?? '', streaming: true, block: 'b1' }),
  environment: () =>
    write({ type: 'text', content: Object.keys(process.env).toSorted().join(' '), streaming: true, block: 'b1' }),
  /** N deltas of BYTES bytes each, as fast as they are taken. */
  flood,
  /** Waits for an abort. */
  hang: () => waitFor((command) => command.type === 'abort'),
  /** Takes no notice of an abort. */
  deaf: () => new Promise(() => undefined),
  /** A tool call that waits for a decision. */
  tool,
  /** A tool call that runs, and never ends. */
  dangle: (id) => {
    write({ type: 'tool_use', tool: { id, name: 'run', input: {}, status: 'running' } });
    return new Promise(() => undefined);
  },
  crash: () => process.kill(process.pid, 'SIGKILL') && new Promise(() => undefined),
  /** A process in a session of its own, in no relation to this one but what it inherited; says its pid. */
  stray: () => {
    const child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
    child.unref();
    write({ type: 'text', content: String(child.pid), streaming: true, block: 'b1' });
  },
  /** Lines that are none. */
  garbage: () => void process.stdout.write('Segmentation fault\n{"type":"text"\n{"type":"nonsense"}\n\n'),
  /** One line of so many bytes. */
  long: (bytes) => write({ type: 'text', content: 'x'.repeat(Number(bytes)), streaming: true, block: 'b1' }),
  /** A done too many comes before the real one. */
  twice: () => write({ type: 'done', reason: 'completed' }),
};

/** What `holdfast-agent run fake` would be. Ends with its stdin. */
export async function fakeAgent(): Promise<number> {
  write({ type: 'init', protocol: 1 });
  for await (const line of createInterface({ input: process.stdin })) {
    const command = parseJson(line) as unknown as Command;
    if (command.type === 'prompt') turns = turns.then(() => carryOut(command.prompt ?? ''));
    else waitingFor?.(command);
  }
  return 0;
}

async function carryOut(prompt: string): Promise<void> {
  let isAborted = false;
  for (const step of prompt.split('\n')) {
    const [order = '', ...rest] = step.split(' ');
    await orders[order]?.(rest.join(' '));
    if (order === 'hang') isAborted = true;
  }
  write({ type: 'done', reason: isAborted ? 'aborted' : 'completed' });
}

async function flood(rest: string): Promise<void> {
  const [count = 0, bytes = 200] = rest.split(' ').map(Number);
  const empty = JSON.stringify({ type: 'text', agent: 'fake', content: '', streaming: true, block: 'b1' }).length + 1;
  const padding = '.'.repeat(Math.max(0, bytes - empty - 8));
  for (let at = 0; at < count;) {
    let piece = '';
    for (const end = Math.min(at + 300, count); at < end; at += 1) {
      piece += `{"type":"text","agent":"fake","content":"${String(at).padStart(8, '0')}${padding}","streaming":true,"block":"b1"}\n`;
    }
    if (!process.stdout.write(piece)) await once(process.stdout, 'drain');
  }
}

async function tool(id: string): Promise<void> {
  const call = { id, name: 'run', input: {} };
  write({ type: 'tool_use', tool: { ...call, status: 'pending' } });
  const decision = await waitFor((command) => command.toolId === id);
  write({
    type: 'tool_result',
    toolId: id,
    ...(decision.type === 'approve' ? { result: 'ok' } : { error: 'rejected' }),
  });
}

async function waitFor(isIt: (command: Command) => boolean): Promise<Command> {
  return await new Promise((resolve) => {
    waitingFor = (command) => isIt(command) && resolve(command);
  });
}

function write(line: { type: string; [name: string]: unknown }): void {
  const { type, ...rest } = line;
  process.stdout.write(`${JSON.stringify({ type, agent: 'fake', ...rest })}\n`);
}
