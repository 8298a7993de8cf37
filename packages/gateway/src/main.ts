import { HoldfastError } from '@holdfast/protocol';

/*
 * The `holdfast` command: finds the subcommand, loads it, and turns what it says into an exit code.
 */

type Command = (args: readonly string[], env: NodeJS.ProcessEnv) => Promise<number>;

const commands: Readonly<Record<string, { readonly about: string; readonly load: () => Promise<Command> }>> = {
  serve: {
    about: 'run the gateway for the projects of HOLDFAST_CONFIG, or for one directory',
    load: async () => (await import('./commands/serve.ts')).serveCommand,
  },
  chat: {
    about: 'talk to an agent from this terminal',
    load: async () => (await import('./commands/chat/chat.ts')).chatCommand,
  },
  check: {
    about: 'run lint, test and build of a directory, and judge them by gates',
    load: async () => (await import('./commands/check/check.ts')).checkCommand,
  },
  conversations: {
    about: 'list, show, delete, clean up, back up the durable conversations',
    load: async () => (await import('./commands/conversations/conversations.ts')).conversationsCommand,
  },
  doctor: {
    about: 'check configuration, persistence and projects, with the way out of what is wrong',
    load: async () => (await import('./commands/doctor/doctor.ts')).doctorCommand,
  },
};

process.exitCode = await main(process.argv.slice(2), process.env);

async function main(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    console.log(usage());
    return name === undefined ? 2 : 0;
  }
  if (name === '--version' || name === '-v') {
    console.log(await readVersion());
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    console.error(`There is no command "${name}"; see holdfast --help.`);
    return 2;
  }
  if (rest.includes('--version')) {
    console.log(await readVersion());
    return 0;
  }
  try {
    return await (
      await command.load()
    )(rest, env);
  } catch (error) {
    report(error, env);
    return 2;
  }
}

/** One sentence with the way out; the stack only for who asked for it. */
function report(error: unknown, env: NodeJS.ProcessEnv): void {
  if (env['LOG_LEVEL'] === 'debug') console.error(error);
  else if (error instanceof HoldfastError) console.error(error.message);
  else console.error(`${error instanceof Error ? error.message : String(error)} (LOG_LEVEL=debug shows more)`);
}

function usage(): string {
  const list = Object.entries(commands).map(([name, { about }]) => `  ${name.padEnd(14)} ${about}`);
  return `Usage: holdfast COMMAND [OPTIONS]\n\n${list.join('\n')}\n\nholdfast COMMAND --help tells more.`;
}

async function readVersion(): Promise<string> {
  const { default: manifest } = await import('../package.json', { with: { type: 'json' } });
  return manifest.version;
}
