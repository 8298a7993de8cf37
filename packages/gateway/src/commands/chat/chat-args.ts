import { parseArgs } from 'node:util';

import { HoldfastError } from '@holdfast/protocol';

export type ApprovePolicy = 'all' | 'none';

export type ChatArguments = {
  readonly url: URL;
  readonly project?: string | undefined;
  readonly agent?: string | undefined;
  readonly conversation?: string | undefined;
  readonly token?: string | undefined;
  readonly approve?: ApprovePolicy | undefined;
};

export const chatUsage = `Usage: holdfast chat [project] [OPTIONS]

Talks to an agent from this terminal. The connection comes back by itself, and a turn goes on without you.

  --agent NAME             which agent (default: the project's first)
  --conversation ID|new    which conversation (default: your newest with this agent)
  --url URL                the gateway (default: http://127.0.0.1:8787)
  --token TOKEN            sign in with this token (default: HOLDFAST_TOKEN, or that of the gateway on this machine)
  --approve all|none       decide on all tool calls of your prompts instead of asking
  -h, --help               this text

With a pipe instead of a terminal it is for scripts: each line of its input is a prompt, the agent's text goes to stdout,
everything else to stderr. Tool calls are refused unless --approve all is given. It ends with 0 when all turns were
completed, with 1 when one was not, with 2 when it could not begin.

In a terminal, /help lists what you can type.`;

/** Reads the command line; undefined: help was asked for. Throws HoldfastError with the way out. */
export function parseChatArguments(args: readonly string[]): ChatArguments | undefined {
  const { values, positionals } = parse(args);
  if (values.help === true) return undefined;
  if (positionals.length > 1) {
    throw new HoldfastError('bad_message', 'holdfast chat takes one project; see holdfast chat --help.');
  }
  const { agent, conversation, token, approve } = values;
  if (approve !== undefined && approve !== 'all' && approve !== 'none') {
    throw new HoldfastError('bad_message', '--approve must be all or none.');
  }
  return { url: parseUrl(values.url), project: positionals[0], agent, conversation, token, approve };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        agent: { type: 'string' },
        conversation: { type: 'string' },
        url: { type: 'string', default: 'http://127.0.0.1:8787' },
        token: { type: 'string' },
        approve: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (cause) {
    const what = cause instanceof Error ? cause.message.split('. ')[0] : String(cause);
    throw new HoldfastError('bad_message', `${what}; see holdfast chat --help.`, { cause });
  }
}

function parseUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null || !/^(?:https?|wss?):$/.test(url.protocol)) {
    throw new HoldfastError('bad_message', '--url must be the address of a gateway, as in http://127.0.0.1:8787.');
  }
  return url;
}
