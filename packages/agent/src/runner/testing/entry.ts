import { attachCommand } from '../attach.command.ts';
import { linkCommand } from '../link.command.ts';
import { runnerCommand } from '../runner.command.ts';
import { fakeAgent } from './fake-agent.ts';

/** The runner's commands with an agent of the tests' own behind `run`: what is bundled and started by them. */
const commands: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  attach: attachCommand,
  link: linkCommand,
  runner: runnerCommand,
  run: fakeAgent,
};

const [name = '', ...args] = process.argv.slice(2);
const command = commands[name];
if (command === undefined) throw new Error(`no command ${name}`);
process.exit(await command(args));
