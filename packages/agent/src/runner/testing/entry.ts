import { UsageError } from '../../lib/usage-error.ts';
import { checkCommand } from '../../checks/check.command.ts';
import { attachCommand } from '../attach.command.ts';
import { linkCommand } from '../link.command.ts';
import { runnerCommand } from '../runner.command.ts';
import { fakeAgent } from './fake-agent.ts';

/** The runner's commands with an agent of the tests' own behind `run`: what is bundled and started by them. */
const commands: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  attach: (args) => attachCommand(args, process.env),
  check: (args) => checkCommand(args, process.env),
  link: (args) => linkCommand(args, process.env),
  runner: () => runnerCommand(process.env),
  run: fakeAgent,
};

const [name = '', ...args] = process.argv.slice(2);
try {
  process.exit(await commands[name]?.(args));
} catch (thrown) {
  process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exit(thrown instanceof UsageError ? 2 : 1);
}
