import { FrameReader, linkGreeting } from '@holdfast/protocol';
import { parseArguments } from '../lib/arguments.ts';
import { readRunnerEnvironment, type Variables } from './environment.ts';
import { LinkOutput, openStandardOutput } from './link-output.ts';
import { checkVariables } from './link-check.ts';
import { Link } from './link.ts';
import { endOrphans } from './orphans.ts';
import { thisProgram } from './program.ts';
import { RunnerStarter } from './starter.ts';

const help = `Usage: holdfast-agent link

Carries any number of attached sessions over stdin and stdout, as frames (docs/protocol.md section 8): what the gateway
speaks to. It ends with its input; the runners of the sessions live on.

Environment: HOLDFAST_STATE_DIR (~/.holdfast), HOLDFAST_IDLE_MS (900000), HOLDFAST_ABORT_MS (10000)
`;

/** After those have been served that wait for their sessions. */
const sweepDelayMs = 1000;

/**
 * `holdfast-agent link`: the greeting, then frames on stdin and stdout. Ends with its stdin (0), or when what comes there
 * are no frames (1). The runners live on.
 */
export async function linkCommand(
  args: readonly string[],
  variables: Variables,
  program: readonly string[] = thisProgram(),
): Promise<number> {
  if (args.includes('--help')) {
    process.stdout.write(help);
    return 0;
  }
  parseArguments(args, {});
  const environment = readRunnerEnvironment(variables);
  const output = new LinkOutput(openStandardOutput());
  output.write([Buffer.from(linkGreeting)]);
  const starter = new RunnerStarter({ program, env: environment.passed, keepSpare: true });
  const link = new Link(
    output,
    { stateDir: environment.stateDir, starter },
    { program, env: checkVariables(variables) },
  );
  const sweep = setTimeout(() => void endOrphans(environment.stateDir), sweepDelayMs);
  const code = await readFrames(link);
  clearTimeout(sweep);
  starter.close();
  await link.close();
  await output.flushed(1000);
  return code;
}

async function readFrames(link: Link): Promise<number> {
  const reader = new FrameReader();
  return await new Promise((resolve) => {
    process.stdin.on('data', (chunk: Buffer) => {
      try {
        reader.push(chunk, (frame) => link.take(frame));
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        process.stderr.write(
          `holdfast-agent link: ${error.message}; its input must be frames, see docs/protocol.md section 8.\n`,
        );
        process.stdin.destroy();
        resolve(1);
      }
    });
    process.stdin.once('end', () => resolve(0));
    process.stdin.once('error', () => resolve(0));
  });
}
