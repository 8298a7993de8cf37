/** `holdfast-agent`: one file for the project's machine. All but `run`, which has to start fast, is loaded when it is asked for. */
import { UsageError } from './lib/usage-error.ts';
import { runCommand } from './run/run-command.ts';
import { version } from './version.ts';

type Command = (args: readonly string[]) => Promise<number>;

const commands: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (args) => runCommand(args, process.env),
  agents: async () => {
    const { agentsCommand } = await import('./agents/agents-command.ts');
    return (args) => agentsCommand(args, process.env);
  },
  check: async () => {
    const { checkCommand } = await import('./checks/check.command.ts');
    return (args) => checkCommand(args, process.env);
  },
  attach: async () => {
    const { attachCommand } = await import('./runner/attach.command.ts');
    return (args) => attachCommand(args, process.env);
  },
  link: async () => {
    const { linkCommand } = await import('./runner/link.command.ts');
    return (args) => linkCommand(args, process.env);
  },
  runner: async () => {
    const { runnerCommand } = await import('./runner/runner.command.ts');
    return () => runnerCommand(process.env);
  },
};

const help = `Usage: holdfast-agent COMMAND

  run AGENT   run an agent: JSON lines in, JSON lines out
  check       run lint, test and build in a directory
  attach      start or re-join the runner that keeps an agent alive
  link        carry any number of attached sessions over stdin and stdout
  agents      which agents are found here, their versions, signed in or not

holdfast-agent COMMAND --help says more; --version prints the version.
`;

async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (args.includes('--version')) {
    process.stdout.write(`${version}\n`);
    return 0;
  }
  if (name === undefined || name === '--help' || name === 'help') {
    process.stdout.write(help);
    return 0;
  }
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (load === undefined) throw new UsageError(`There is no command "${name}"; holdfast-agent --help lists them.`);
  const command = await load();
  return command(rest);
}

function fail(thrown: unknown): number {
  const isDebug = process.env['LOG_LEVEL'] === 'debug';
  const sentence = thrown instanceof Error ? thrown.message : String(thrown);
  process.stderr.write(`holdfast-agent: ${isDebug && thrown instanceof Error ? thrown.stack : sentence}\n`);
  // By name: in the bundle a command has a class of its own (rolldown.config.js).
  return thrown instanceof Error && thrown.name === UsageError.name ? 2 : 1;
}

/** Called by the last line of the bundle (rolldown.config.js). */
export function start(): void {
  void main(process.argv.slice(2))
    .catch(fail)
    .then((code) => process.exit(code));
}
