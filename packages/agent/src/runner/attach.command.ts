import { resolve as resolvePath } from 'node:path';
import type { Socket } from 'node:net';
import { parseArgs } from 'node:util';
import {
  decodeData,
  decodeJsonPayload,
  encodeFrame,
  frameKind,
  FrameReader,
  HoldfastError,
  newId,
  parseAgentName,
  parseClientMessage,
  parseConversationId,
  type LinkFrame,
} from '@holdfast/protocol';
import { connectRunner } from './connect-runner.ts';
import { readRunnerEnvironment } from './environment.ts';
import { LineCutter } from './line-cutter.ts';
import { thisProgram } from './program.ts';
import { RunnerStarter } from './starter.ts';

const usage = 'usage: holdfast-agent attach --session ID --agent AGENT [--cwd DIR] [--from N]';
const maxCommandBytes = 1_048_576;
const channel = 1;

type AttachArguments = { readonly session: string; readonly agent: string; readonly cwd: string; readonly from: number };

/**
 * `holdfast-agent attach` (docs/protocol.md 7.10): the session's journal from `--from` on to stdout, client messages from
 * stdin. Exit 0 after `ended`, at the end of stdin, or when nobody reads stdout any more; 1 when the runner let go; 2
 * when the arguments are wrong.
 */
export async function attachCommand(args: readonly string[], program: readonly string[] = thisProgram()): Promise<number> {
  try {
    const target = parseAttachArguments(args);
    const environment = readRunnerEnvironment();
    const starter = new RunnerStarter({ program, env: environment.passed, keepSpare: false });
    const { signal } = new AbortController();
    const socket = await connectRunner(target, { stateDir: environment.stateDir, starter, signal });
    socket.write(encodeFrame(frameKind.open, channel, { ...target, env: environment.vendor }));
    return await attach(socket);
  } catch (thrown) {
    const { code, message } = HoldfastError.from(thrown);
    process.stderr.write(`holdfast-agent attach: ${message}\n`);
    return code === 'bad_message' ? 2 : 1;
  }
}

/** Resolves with the exit code when the connection is over. */
async function attach(socket: Socket): Promise<number> {
  let code: number | undefined;
  const reader = new FrameReader();
  const print = (bytes: Uint8Array | string): void => void (process.stdout.write(bytes) || socket.pause());
  const take = (frame: LinkFrame): void => {
    if (frame.kind === frameKind.opened) print(encodeLine('attached', frame.payload));
    if (frame.kind === frameKind.data) print(Buffer.from(decodeData(frame.payload).lines));
    if (frame.kind === frameKind.gone) {
      const gone = decodeJsonPayload(frame.payload);
      if (typeof gone?.['message'] === 'string') process.stderr.write(`holdfast-agent attach: ${gone['message']}\n`);
      if (code === undefined) print(encodeLine('detached', frame.payload));
      code ??= gone?.['reason'] === 'ended' ? 0 : 1;
    }
  };
  const leave = (): void => {
    code ??= 0;
    socket.write(encodeFrame(frameKind.close, channel));
  };
  process.stdout.on('drain', () => socket.resume());
  process.stdout.on('error', leave);
  readCommands(socket, leave);
  socket.on('data', (chunk: Buffer) => reader.push(chunk, take));
  await new Promise((resolve) => socket.once('close', resolve));
  process.stdin.destroy();
  if (code === undefined) print('{"type":"detached","reason":"lost"}\n');
  return code ?? 1;
}

function readCommands(socket: Socket, onEnd: () => void): void {
  const complain = (what: string): void => void process.stderr.write(`holdfast-agent attach: ${what}\n`);
  const cutter = new LineCutter(maxCommandBytes, () => complain('a line of more than 1 MiB was dropped.'));
  process.stdin.on('data', (chunk: Buffer) => {
    const lines = cutter.push(chunk)?.toString().split('\n') ?? [];
    for (const line of lines) {
      if (line.trim() === '') continue;
      const parsed = parseClientMessage(line);
      if (!parsed.ok) complain(parsed.error);
      else socket.write(encodeFrame(frameKind.command, channel, { id: newId(), ...parsed.message }));
    }
  });
  process.stdin.once('end', onEnd);
  process.stdin.once('error', onEnd);
}

function encodeLine(type: string, payload: Uint8Array): string {
  return `${JSON.stringify({ type, ...decodeJsonPayload(payload) })}\n`;
}

function parseAttachArguments(args: readonly string[]): AttachArguments {
  const { session: sessionText, agent: agentText, cwd, from } = readOptions(args);
  const session = parseConversationId(sessionText);
  const agent = parseAgentName(agentText);
  if (session === undefined) throw new HoldfastError('bad_message', `--session must be 1 to 64 letters, digits, _ and -; ${usage}`);
  if (agent === undefined) throw new HoldfastError('bad_message', `--agent must name an agent; ${usage}`);
  if (!/^\d{1,15}$/.test(from)) throw new HoldfastError('bad_message', `--from must be an offset, a whole number from 0; ${usage}`);
  return { session, agent, cwd: resolvePath(cwd), from: Number(from) };
}

function readOptions(args: readonly string[]): { session?: string; agent?: string; cwd: string; from: string } {
  const text = { type: 'string' } as const;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { session: text, agent: text, cwd: { ...text, default: '.' }, from: { ...text, default: '0' } },
    });
    return values;
  } catch (cause) {
    throw new HoldfastError('bad_message', `${cause instanceof Error ? cause.message : String(cause)}; ${usage}`, { cause });
  }
}
