import { parseScript, type Step } from './script.ts';

type Block = { readonly type: string; readonly text?: string };
type Message = { readonly role: string; readonly content: string | readonly Block[] };

/** The fields of an Anthropic Messages request that the scripted model reads. */
export type MessagesRequest = {
  readonly model: string;
  readonly messages: readonly Message[];
  readonly stream?: boolean;
  readonly tools?: readonly { readonly name: string }[];
  readonly thinking?: unknown;
};

/** True for what Claude Code asks beside the conversation (session titles and the like): such requests carry no tools. */
export function isSideRequest(request: MessagesRequest): boolean {
  return (request.tools ?? []).length === 0;
}

/**
 * What to do for this request: the prompt's steps that come after the tool calls already answered, up to and including the
 * next tool call. After the last step the model says `done`.
 */
export function nextSteps(request: MessagesRequest): { readonly prompt: string; readonly steps: readonly Step[] } {
  const at = request.messages.findLastIndex((message) => message.role === 'user' && promptOf(message) !== undefined);
  const prompt = promptOf(request.messages[at]) ?? '';
  const callsMade = request.messages.slice(at + 1).filter((message) => message.role === 'assistant').length;
  const steps = parseScript(prompt);
  const from = stepAfterCall(steps, callsMade);
  const until = steps.findIndex((step, index) => index >= from && step.kind === 'tool');
  const now = steps.slice(from, until === -1 ? undefined : until + 1);
  return { prompt, steps: now.length > 0 ? now : [{ kind: 'say', deltas: ['done'], everyMs: 0 }] };
}

function stepAfterCall(steps: readonly Step[], callsMade: number): number {
  let seen = 0;
  for (const [index, step] of steps.entries()) {
    if (seen === callsMade) return index;
    if (step.kind === 'tool') seen += 1;
  }
  return steps.length;
}

/** What the person typed: the last text that is neither Claude Code's own reminder nor its note about an interruption. */
function promptOf(message: Message | undefined): string | undefined {
  if (message === undefined) return undefined;
  const blocks = typeof message.content === 'string' ? [{ type: 'text', text: message.content }] : message.content;
  const typed = blocks.filter((block) => block.type === 'text' && !isVendorNote(block.text ?? ''));
  return typed.at(-1)?.text;
}

function isVendorNote(text: string): boolean {
  return /^\s*(<system-reminder>|\[Request interrupted)/.test(text);
}
