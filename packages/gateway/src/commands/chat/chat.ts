import { chatUsage, parseChatArguments } from './chat-args.ts';
import { chooseTarget } from './choose.ts';
import type { ChatStreams } from './conversation.ts';
import { chatInteractively } from './interactive.ts';
import { chatInScript } from './script.ts';
import { SignIn, type Environment } from './sign-in.ts';

/** `holdfast chat`: resolves with the exit code. Throws HoldfastError when it cannot begin. */
export async function chatCommand(args: readonly string[], env: Environment): Promise<number> {
  const interrupt = new AbortController();
  const onInterrupt = (): void => interrupt.abort();
  process.once('SIGINT', onInterrupt);
  try {
    return await runChat(args, env, {
      ...{ stdin: process.stdin, stdout: process.stdout, stderr: process.stderr },
      isColoured: process.stdout.isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb',
      interrupt: interrupt.signal,
    });
  } finally {
    process.off('SIGINT', onInterrupt);
  }
}

/** The same with streams of one's own. */
export async function runChat(args: readonly string[], env: Environment, streams: ChatStreams): Promise<number> {
  const wish = parseChatArguments(args);
  if (wish === undefined) {
    streams.stdout.write(`${chatUsage}\n`);
    return 0;
  }
  const { url, conversation, approve } = wish;
  const signIn = new SignIn(url, wish.token, env);
  const target = await chooseTarget(url, await signIn.token(), wish);
  const options = { ...target, url, conversation, approve, signIn };
  const isTerminal = streams.stdin.isTTY === true && streams.stdout.isTTY === true;
  return isTerminal ? chatInteractively(options, streams) : chatInScript(options, streams);
}
