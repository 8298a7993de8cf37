import { resolve as resolvePath } from 'node:path';
import type { Socket } from 'node:net';
import {
  decodeData,
  decodeJsonPayload,
  encodeFrame,
  frameKind,
  FrameReader,
  newId,
  parseAgentName,
  parseClientMessage,
  parseConversationId,
  type LinkFrame,
} from '@holdfast/protocol';
import { parseArguments } from '../lib/arguments.ts';
import { UsageError } from '../lib/usage-error.ts';
import { connectRunner } from './connect-runner.ts';
import { readRunnerEnvironment, type Variables } from './environment.ts';
import { LineCutter } from './line-cutter.ts';
import { thisProgram } from './program.ts';
import { RunnerStarter } from './starter.ts';

const help = `Usage: holdfast-agent attach --session ID --agent AGENT [--cwd DIR] [--from N]

Starts or re-joins the runner that keeps the agent of a session alive. Prints the session's journal from line N on (0), and
then what comes; reads client messages on stdin, one JSON object a line. It ends with its input; the runner lives on.

  --session ID   letters, digits, _ and -
  --agent AGENT  as in holdfast-agent run
  --cwd DIR      the workspace (default: the current directory)
  --from N       the first line to print

Environment: HOLDFAST_STATE_DIR (~/.holdfast), HOLDFAST_IDLE_MS (900000), HOLDFAST_ABORT_MS (10000)
`;

const maxCommandBytes = 1_048_576;
const channel = 1;

type AttachArguments = {
  readonly session: string;
  readonly agent: string;
  readonly cwd: string;
  readonly from: number;
};

/**
 * `holdfast-agent attach` (docs/protocol.md 7.10): the session's journal from `--from` on to stdout, client messages from
 * stdin. Exit 0 after `ended`, at the end of stdin, or when nobody reads stdout any more; 1 when the runner let go. Throws
 * UsageError for wrong arguments.
 */
export async function attachCommand(
  args: readonly string[],
  variables: Variables,
  program: readonly string[] = thisProgram(),
): Promise<number> {
  if (args.includes('--help')) {
    process.stdout.write(help);
    return 0;
  }
  const target = readAttachArguments(args);
  const environment = readRunnerEnvironment(variables);
  const starter = new RunnerStarter({ program, env: environment.passed, keepSpare: false });
  const { signal } = new AbortController();
  const socket = await connectRunner(target, { stateDir: environment.stateDir, starter, signal });
  socket.write(encodeFrame(frameKind.open, channel, { ...target, env: environment.vendor }));
  return await attach(socket);
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

function readAttachArguments(args: readonly string[]): AttachArguments {
  const { options, positionals } = parseArguments(args, { options: ['session', 'agent', 'cwd', 'from'] });
  if (positionals.length > 0) throw new UsageError(`attach takes options only, not ${JSON.stringify(positionals[0])}.`);
  const session = parseConversationId(options.get('session'));
  const agent = parseAgentName(options.get('agent'));
  const from = options.get('from') ?? '0';
  if (session === undefined) throw new UsageError('--session must be 1 to 64 letters, digits, _ and -.');
  if (agent === undefined) throw new UsageError('--agent must name an agent; holdfast-agent agents lists them.');
  if (!/^\d{1,15}$/.test(from)) throw new UsageError('--from must be an offset, a whole number from 0.');
  return { session, agent, cwd: resolvePath(options.get('cwd') ?? '.'), from: Number(from) };
}
