import { createInterface } from 'node:readline';
import { HoldfastError, parseCheckEvent, type CheckEvent } from '@holdfast/protocol';
import type { Environment } from '../../lib/environment.ts';
import { painter } from '../chat/paint.ts';
import { print, withProcessStreams, type CommandStreams } from '../streams.ts';
import { startAgentCheck, type AgentCheck, type AgentCheckEnd } from './agent-check.ts';
import { readCommandLine, type CommandLine } from './command-line.ts';
import { fileOptions } from './file-options.ts';
import { projectFileName, readProjectFile, type ProjectFile } from './project-file.ts';
import { liveView, plainView, type View } from './view.ts';

const usage = (agentHelp: string): string => `${agentHelp
  .replace('holdfast-agent check', 'holdfast check')
  .replace(/^ *--with-parent .*\n/m, '')
  .trimEnd()}

A ${projectFileName} in DIR may say the same: checks, timeouts and reports of lint, test and build; gates, buildOutput, passEnv.
The command line wins over the environment, and that over the file. On a terminal the checks are a table that moves; elsewhere
they are plain lines. NO_COLOR and FORCE_COLOR are honoured.
`;

/** `holdfast check`: lint, test and build of a directory of this machine, run by the agent's program, shown by us. */
export function checkCommand(args: readonly string[], env: Environment): Promise<number> {
  return withProcessStreams(env, (streams) => runCheck(args, env, streams));
}

async function runCheck(args: readonly string[], env: Environment, streams: CommandStreams): Promise<number> {
  const line = readCommandLine(args, process.cwd());
  if (line.asksHelp) return await showHelp(env, streams);
  const file = readProjectFile(line.directory);
  const { args: fromFile, leftOut } = file === undefined ? { args: [], leftOut: [] } : fileOptions(file, line, env);
  const form = line.isRaw ? [] : ['--events'];
  if (!line.isRaw) await print(streams, leftOut.map(leftOutLine).join(''));
  const agent = startAgentCheck([...form, ...fromFile, ...args], env);
  const view = viewFor(env, streams);
  const release = passSignalsOn(agent, streams, line, () => {
    if (!line.isRaw) streams.stdout.write(view.ending());
  });
  try {
    const isWhole = line.isRaw
      ? await copyOutput(agent, streams)
      : await showEvents(agent, view, streams, (event) => nameFile(event, file));
    const end = await agent.ended;
    return report(end, isWhole, streams);
  } finally {
    release();
    await print(streams, view.release());
  }
}

function leftOutLine(rule: string): string {
  return `The gate ${rule} of ${projectFileName} is left out: its check was not asked for.\n`;
}

async function showHelp(env: Environment, streams: CommandStreams): Promise<number> {
  const agent = startAgentCheck(['--help'], env);
  let text = '';
  for await (const chunk of agent.stdout.setEncoding('utf8')) text += String(chunk);
  const end = await agent.ended;
  await print(streams, usage(text));
  return end.code === 0 ? 0 : report(end, false, streams);
}

function viewFor(env: Environment, { stdout, isColoured }: CommandStreams): View {
  const wanted = env['FORCE_COLOR'];
  const isForced = wanted === undefined ? isColoured : wanted !== '0' && wanted !== 'false';
  const options = { paint: painter(isForced), now: Date.now };
  if (stdout.isTTY !== true || env['TERM'] === 'dumb') return plainView(options);
  const size = () => ({ columns: stdout.columns || 80, rows: (stdout as NodeJS.WriteStream).rows || 24 });
  return liveView({ ...options, size });
}

/** True when the run was told to its end. */
async function showEvents(
  agent: AgentCheck,
  view: View,
  streams: CommandStreams,
  change: (event: CheckEvent) => CheckEvent,
): Promise<boolean> {
  const tick = (): void => void streams.stdout.write(view.tick());
  const timer = setInterval(tick, view.tickMs);
  streams.stdout.on('resize', tick);
  // ctrl-z: the shell gets its cursor back; what runs goes on, and the table is drawn anew with `fg`.
  const suspend = (): void => {
    streams.stdout.write(view.release(), () => process.kill(process.pid, 'SIGSTOP'));
  };
  process.on('SIGTSTP', suspend);
  let isWhole = false;
  try {
    for await (const text of createInterface({ input: agent.stdout })) {
      const event = parseCheckEvent(text);
      if (event === undefined) continue;
      await print(streams, view.event(change(event)));
      if (event.type === 'done') isWhole = true;
    }
  } finally {
    clearInterval(timer);
    streams.stdout.off('resize', tick);
    process.off('SIGTSTP', suspend);
  }
  return isWhole;
}

async function copyOutput({ stdout }: AgentCheck, streams: CommandStreams): Promise<boolean> {
  let isWhole = false;
  for await (const chunk of stdout.setEncoding('utf8')) {
    isWhole = true;
    await print(streams, String(chunk));
  }
  return isWhole;
}

/** The file's commands are given to the agent as options, and are the file's all the same. */
function nameFile(event: CheckEvent, file: ProjectFile | undefined): CheckEvent {
  if (event.type !== 'planned' || event.why !== `--${event.check}`) return event;
  return event.command === file?.checks[event.check] ? { ...event, why: projectFileName } : event;
}

/** Whatever ends us ends what runs, and we stay until it has: nothing is left behind. Returns what undoes it. */
function passSignalsOn(
  agent: AgentCheck,
  { interrupt }: CommandStreams,
  { endsWithInput }: CommandLine,
  onEnding: () => void,
): () => void {
  const pass = (name: NodeJS.Signals): void => {
    agent.signal(name);
    onEnding();
  };
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of names) process.on(name, pass);
  const close = (): void => agent.closeInput();
  // Nobody reads any more; a signal aborts it too, and was passed on already.
  interrupt.addEventListener('abort', close);
  if (endsWithInput) process.stdin.once('end', close).resume();
  return () => {
    for (const name of names) process.off(name, pass);
    interrupt.removeEventListener('abort', close);
    if (endsWithInput) process.stdin.off('end', close).destroy();
  };
}

const signalCodes: Readonly<Record<string, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

/** The exit code; 2 when there is no result. What the agent said on stderr is said on. */
function report(end: AgentCheckEnd, isWhole: boolean, { stderr }: CommandStreams): number {
  if (end.startError !== undefined) {
    throw new HoldfastError('agent_unavailable', `${process.execPath} cannot be started: ${end.startError.message}.`, {
      cause: end.startError,
    });
  }
  stderr.write(end.stderr.replaceAll(/^holdfast-agent: /gm, '').replaceAll('holdfast-agent ', 'holdfast '));
  const known = end.code ?? signalCodes[end.signal ?? ''];
  if (known === undefined) {
    throw new HoldfastError(
      'agent_crashed',
      `The program that runs the checks was ended by ${end.signal}; start it again.`,
    );
  }
  return !isWhole && known < 2 ? 2 : known;
}
