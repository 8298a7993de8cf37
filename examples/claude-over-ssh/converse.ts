import { Viewer, type Address } from '@holdfast/client';
import type { DoneReason, ServerMessage, Tool } from '@holdfast/protocol';

export type ConverseOptions = Address & {
  readonly token: string;
  readonly prompt: string;
  /** A person's decision on a tool call; rejects when there will be none. */
  readonly decide: (tool: Tool, options: { readonly signal: AbortSignal }) => Promise<boolean>;
  readonly signal: AbortSignal;
};

/** One turn in a new conversation, shown as it comes. Resolves with how it ended; `aborted` when `signal` ended it. */
export async function converse(options: ConverseOptions): Promise<DoneReason> {
  const { prompt, decide, signal } = options;
  const ended = Promise.withResolvers<DoneReason>();
  const viewer = new Viewer({
    ...options,
    conversation: 'new',
    onMessage: (message) => {
      show(message);
      if (message.type === 'tool_use' && message.tool.status === 'pending') void answer(message.tool);
      if (message.type === 'done') ended.resolve(message.reason);
    },
  });
  const answer = async (tool: Tool): Promise<void> => {
    const isApproved = await decide(tool, { signal }).catch(() => undefined);
    if (isApproved === undefined) viewer.abort();
    else if (isApproved) viewer.approve(tool.id);
    else viewer.reject(tool.id, 'not today');
  };
  signal.addEventListener('abort', () => viewer.abort());
  try {
    viewer.open();
    const sent = await viewer.send(prompt).settled;
    if (sent.kind === 'refused') throw new Error(`The prompt was refused: ${sent.error}`);
    return await ended.promise;
  } finally {
    viewer.close();
  }
}

/** The log, as it grows. */
function show(message: ServerMessage): void {
  switch (message.type) {
    case 'user':
      return console.log(`${message.userId}: ${message.prompt.replaceAll('\n', '\n     ')}`);
    case 'thinking':
    case 'text':
      return void process.stdout.write(message.streaming ? message.content : '');
    case 'tool_use':
      return console.log(`\n[${message.tool.name}: ${message.tool.status}]`);
    case 'decision':
      return console.log(`[${message.userId} ${message.approved ? 'approved' : 'rejected'} it]`);
    case 'tool_result':
      return console.log(message.error === undefined ? '[it went well]' : `[it failed: ${message.error}]`);
    case 'error':
      return console.log(`[${message.code}: ${message.error}]`);
    case 'done':
      return console.log(`\n[${message.reason}${message.usage ? `, $${message.usage.cost ?? '?'}` : ''}]`);
    default:
  }
}
