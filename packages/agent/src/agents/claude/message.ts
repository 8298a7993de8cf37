import { isRecord, parseJson, type Json } from '@holdfast/protocol';

/** What Claude Code prints with `--output-format stream-json`, as far as we use it. */
export type ClaudeMessage =
  | { readonly kind: 'init'; readonly sessionId: string }
  | { readonly kind: 'messageStart'; readonly parent: string; readonly messageId: string; readonly usage: ClaudeUsage }
  | {
      readonly kind: 'delta';
      readonly parent: string;
      readonly index: number;
      readonly thinking: boolean;
      readonly text: string;
    }
  | {
      readonly kind: 'messageDelta';
      readonly parent: string;
      readonly usage: ClaudeUsage;
      readonly isComplete: boolean;
    }
  /** `abandonedFrom`: the blocks from this index on are void. */
  | { readonly kind: 'messageStop'; readonly parent: string; readonly abandonedFrom: number | undefined }
  | {
      readonly kind: 'assistant';
      readonly parent: string;
      readonly messageId: string;
      readonly blocks: readonly ClaudeBlock[];
      readonly usage: ClaudeUsage;
      readonly isComplete: boolean;
      /** The vendor's own words about a failed request, in the place of an answer. */
      readonly isApiError: boolean;
    }
  | { readonly kind: 'toolResults'; readonly results: readonly ClaudeToolResult[] }
  | {
      readonly kind: 'ask';
      readonly requestId: string;
      readonly call: { readonly id: string; readonly name: string; readonly input: Json };
    }
  | { readonly kind: 'cancelAsk'; readonly requestId: string }
  | { readonly kind: 'answer'; readonly requestId: string; readonly error: string | undefined }
  | { readonly kind: 'retry'; readonly attempt: number; readonly attempts: number; readonly why: string }
  | { readonly kind: 'result'; readonly result: ClaudeResult };

export type ClaudeBlock =
  | { readonly kind: 'text' | 'thinking'; readonly text: string }
  | { readonly kind: 'tool'; readonly id: string; readonly name: string; readonly input: Json };

export type ClaudeToolResult = { readonly toolId: string; readonly content: Json; readonly isError: boolean };

export type ClaudeUsage = {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheWriteTokens: number;
};

export type ClaudeResult = {
  readonly isError: boolean;
  readonly wasAborted: boolean;
  /** What went wrong, in the vendor's words. */
  readonly text: string;
  readonly apiStatus: number | undefined;
  /** Of the session so far, in US dollars. */
  readonly totalCost: number | undefined;
  /** Of everything since the last result, side requests included. */
  readonly usageSinceLast: ClaudeUsage;
};

type Fields = Record<string, Json>;

/** Reads one line; undefined for what we have no use for, or do not know. */
export function parseClaudeMessage(line: string): ClaudeMessage | undefined {
  const value = parseJson(line);
  if (!isRecord(value)) return undefined;
  switch (value['type']) {
    case 'stream_event':
      return readEvent(value);
    case 'assistant':
      return readAssistant(value);
    case 'user':
      return readToolResults(value);
    case 'system':
      return readSystem(value);
    case 'control_request':
      return readAsk(value);
    case 'control_cancel_request':
      return { kind: 'cancelAsk', requestId: text(value['request_id']) };
    case 'control_response':
      return readAnswer(record(value['response']));
    case 'result':
      return { kind: 'result', result: readResult(value) };
    default:
      return undefined;
  }
}

function readEvent(value: Fields): ClaudeMessage | undefined {
  const event = record(value['event']);
  const parent = parentOf(value);
  switch (event['type']) {
    case 'message_start': {
      const message = record(event['message']);
      return { kind: 'messageStart', parent, messageId: text(message['id']), usage: readUsage(message['usage']) };
    }
    case 'content_block_delta': {
      const delta = record(event['delta']);
      const index = count(event['index']);
      if (delta['type'] === 'text_delta')
        return { kind: 'delta', parent, index, thinking: false, text: text(delta['text']) };
      if (delta['type'] !== 'thinking_delta') return undefined;
      return { kind: 'delta', parent, index, thinking: true, text: text(delta['thinking']) };
    }
    case 'message_delta': {
      const isComplete = typeof record(event['delta'])['stop_reason'] === 'string';
      return { kind: 'messageDelta', parent, usage: readUsage(event['usage']), isComplete };
    }
    case 'message_stop': {
      const from = record(value['abandoned_blocks'])['from_block_index'];
      return { kind: 'messageStop', parent, abandonedFrom: typeof from === 'number' ? from : undefined };
    }
    default:
      return undefined;
  }
}

function readAssistant(value: Fields): ClaudeMessage {
  const message = record(value['message']);
  return {
    kind: 'assistant',
    parent: parentOf(value),
    messageId: text(message['id']),
    blocks: list(message['content']).map(record).flatMap(readBlock),
    usage: readUsage(message['usage']),
    isComplete: typeof message['stop_reason'] === 'string',
    isApiError: value['is_api_error_message'] === true,
  };
}

function readBlock(block: Fields): readonly ClaudeBlock[] {
  switch (block['type']) {
    case 'text':
      return [{ kind: 'text', text: text(block['text']) }];
    case 'thinking':
      return [{ kind: 'thinking', text: text(block['thinking']) }];
    case 'tool_use':
      return [{ kind: 'tool', id: text(block['id']), name: text(block['name']), input: block['input'] ?? null }];
    default:
      return [];
  }
}

function readToolResults(value: Fields): ClaudeMessage {
  const blocks = list(record(value['message'])['content']).map(record);
  const results = blocks
    .filter((block) => block['type'] === 'tool_result')
    .map((block) => ({
      toolId: text(block['tool_use_id']),
      content: plainContent(block['content'] ?? ''),
      isError: block['is_error'] === true,
    }));
  return { kind: 'toolResults', results };
}

/** Text blocks become their text; anything else (an image) stays as it is. */
function plainContent(content: Json): Json {
  if (!Array.isArray(content)) return content;
  const blocks = content.map(record);
  return blocks.every((block) => block['type'] === 'text')
    ? blocks.map((block) => text(block['text'])).join('\n')
    : content;
}

function readSystem(value: Fields): ClaudeMessage | undefined {
  if (value['subtype'] === 'init') return { kind: 'init', sessionId: text(value['session_id']) };
  if (value['subtype'] !== 'api_retry') return undefined;
  const status = value['error_status'];
  const why = typeof status === 'number' ? `${text(value['error'])}, status ${status}` : 'the connection was lost';
  return { kind: 'retry', attempt: count(value['attempt']), attempts: count(value['max_retries']), why };
}

function readAsk(value: Fields): ClaudeMessage | undefined {
  const request = record(value['request']);
  if (request['subtype'] !== 'can_use_tool') return undefined;
  const call = { id: text(request['tool_use_id']), name: text(request['tool_name']), input: request['input'] ?? {} };
  return { kind: 'ask', requestId: text(value['request_id']), call };
}

function readAnswer(response: Fields): ClaudeMessage {
  const error = response['subtype'] === 'error' ? text(response['error']) : undefined;
  return { kind: 'answer', requestId: text(response['request_id']), error };
}

function readResult(value: Fields): ClaudeResult {
  const models = Object.values(record(value['model_usage_since_last_result'])).map(record);
  const sum = (name: string): number => models.reduce((total, model) => total + count(model[name]), 0);
  const [said] = [value['result'], ...list(value['errors'])].filter((each) => typeof each === 'string');
  return {
    isError: value['is_error'] === true,
    wasAborted: text(value['terminal_reason']).startsWith('aborted'),
    text: text(said),
    apiStatus: typeof value['api_error_status'] === 'number' ? value['api_error_status'] : undefined,
    totalCost: typeof value['total_cost_usd'] === 'number' ? value['total_cost_usd'] : undefined,
    usageSinceLast: {
      inputTokens: sum('inputTokens'),
      outputTokens: sum('outputTokens'),
      cacheReadTokens: sum('cacheReadInputTokens'),
      cacheWriteTokens: sum('cacheCreationInputTokens'),
    },
  };
}

function readUsage(value: Json | undefined): ClaudeUsage {
  const usage = record(value);
  return {
    inputTokens: count(usage['input_tokens']),
    outputTokens: count(usage['output_tokens']),
    cacheReadTokens: count(usage['cache_read_input_tokens']),
    cacheWriteTokens: count(usage['cache_creation_input_tokens']),
  };
}

function parentOf(value: Fields): string {
  return text(value['parent_tool_use_id']);
}

function record(value: Json | undefined): Fields {
  return isRecord(value) ? value : {};
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

function count(value: Json | undefined): number {
  return typeof value === 'number' ? value : 0;
}
