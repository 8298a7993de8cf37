import type { ErrorCode } from '@holdfast/protocol';
import type { ClaudeExit } from './claude-process.ts';
import type { ClaudeResult } from './message.ts';

export type Failure = { readonly code: ErrorCode; readonly sentence: string };

/** What a failed result means: it looks like a success but for `is_error`. */
export function failureOfResult(result: ClaudeResult): Failure {
  const sentence = result.text || 'Claude Code failed without saying why.';
  return { code: codeOf(result.apiStatus, sentence), sentence };
}

/** What it means that the program has gone in mid-turn. `hasSpoken`: it had begun to work. */
export function failureOfExit(exit: ClaudeExit, hasSpoken: boolean): Failure {
  if (exit.startFault?.code === 'ENOENT') {
    const way = 'install it there with "npm install -g @anthropic-ai/claude-code"';
    return {
      code: 'agent_unavailable',
      sentence: `Claude Code ("claude") is not on the PATH of the project's machine; ${way}.`,
    };
  }
  if (exit.startFault !== undefined) {
    return { code: 'agent_unavailable', sentence: `Claude Code could not be started: ${exit.startFault.message}` };
  }
  const lastWords = exit.stderr === '' ? '' : `: ${exit.stderr.split('\n').at(-1)}`;
  if (!hasSpoken) return { code: 'agent_unavailable', sentence: `Claude Code ended before it began${lastWords}` };
  const how = exit.code === null ? `was ended by ${exit.signal}` : `ended with exit code ${exit.code}`;
  return { code: 'agent_crashed', sentence: `Claude Code ${how} in mid-turn${lastWords}` };
}

/** True for a result that says that the session to go on with is not there. */
export function isUnknownSession(result: ClaudeResult): boolean {
  return result.isError && /no conversation found/i.test(result.text);
}

function codeOf(apiStatus: number | undefined, sentence: string): ErrorCode {
  if (apiStatus === 429) return 'rate_limit';
  if (apiStatus === 401 || apiStatus === 403 || /not logged in|invalid api key|\/login/i.test(sentence)) {
    return 'agent_unavailable';
  }
  return apiStatus === undefined || apiStatus >= 500 ? 'unavailable' : 'internal';
}
