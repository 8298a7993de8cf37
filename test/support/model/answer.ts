import type { ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { tokens, type Step } from './script.ts';

/** What every scripted message reports, so that tests can add it up. */
const usageOfMessage = { inputTokens: 100, outputTokens: 20 } as const;

type Block = { readonly type: string; readonly [field: string]: unknown };

/** Streams the steps as Anthropic server-sent events; a `cut` destroys the connection in the middle. */
export async function streamAnswer(
  response: ServerResponse,
  id: string,
  model: string,
  steps: readonly Step[],
): Promise<void> {
  const send = (event: Block): void => {
    response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  };
  response.writeHead(200, { 'content-type': 'text/event-stream', 'request-id': `req_${id}` });
  send({ type: 'message_start', message: message(id, model, [], null, 1) });
  for (const [index, step] of steps.entries()) {
    if (response.destroyed) return;
    const whole = blockOf(step, `${id}_${index}`);
    send({ type: 'content_block_start', index, content_block: emptied(whole) });
    await streamBlock(step, whole, response, (delta) => send({ type: 'content_block_delta', index, delta }));
    if (step.kind === 'cut') {
      response.destroy();
      return;
    }
    send({ type: 'content_block_stop', index });
  }
  const stopReason = steps.at(-1)?.kind === 'tool' ? 'tool_use' : 'end_turn';
  send({ type: 'message_delta', delta: { stop_reason: stopReason, stop_sequence: null }, usage: usage(20) });
  send({ type: 'message_stop' });
  response.end();
}

/** The same answer in one piece, for a request without `stream`. */
export function wholeAnswer(id: string, model: string, steps: readonly Step[]): object {
  const stopReason = steps.at(-1)?.kind === 'tool' ? 'tool_use' : 'end_turn';
  const blocks = steps.map((step, index) => blockOf(step, `${id}_${index}`));
  return message(id, model, blocks, stopReason, usageOfMessage.outputTokens);
}

async function streamBlock(
  step: Step,
  whole: Block,
  response: ServerResponse,
  send: (delta: Block) => void,
): Promise<void> {
  if (step.kind === 'tool') return send({ type: 'input_json_delta', partial_json: JSON.stringify(whole['input']) });
  const everyMs = step.kind === 'say' || step.kind === 'think' ? step.everyMs : 0;
  for (const text of deltasOf(step)) {
    if (response.destroyed) return;
    send(step.kind === 'think' ? { type: 'thinking_delta', thinking: text } : { type: 'text_delta', text });
    if (everyMs > 0) await wait(everyMs);
  }
  if (step.kind === 'think') send({ type: 'signature_delta', signature: 'c2lnbmVk' });
  // What was written must reach the reader before the connection is cut.
  if (step.kind === 'cut') await wait(20);
}

function blockOf(step: Step, id: string): Block {
  if (step.kind === 'tool') return { type: 'tool_use', id: `toolu_${id}`, name: step.name, input: step.input };
  const text = deltasOf(step).join('');
  return step.kind === 'think' ? { type: 'thinking', thinking: text, signature: 'c2lnbmVk' } : { type: 'text', text };
}

function emptied(block: Block): Block {
  if (block.type === 'tool_use') return { ...block, input: {} };
  return block.type === 'thinking' ? { type: 'thinking', thinking: '', signature: '' } : { type: 'text', text: '' };
}

function deltasOf(step: Step): readonly string[] {
  if (step.kind === 'say' || step.kind === 'think') return step.deltas;
  return step.kind === 'cut' ? tokens('tok', step.after) : [];
}

function message(
  id: string,
  model: string,
  content: readonly Block[],
  stopReason: string | null,
  output: number,
): object {
  return {
    id: `msg_${id}`,
    type: 'message',
    role: 'assistant',
    model,
    content,
    stop_reason: stopReason,
    stop_sequence: null,
    usage: usage(output),
  };
}

function usage(output: number): object {
  return {
    input_tokens: usageOfMessage.inputTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: output,
  };
}
