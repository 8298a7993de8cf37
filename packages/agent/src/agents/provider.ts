import type { ErrorCode, Json, PromptContext, Settings, Usage } from '@holdfast/protocol';

/** One use of a tool by the agent. `id` is unique in the conversation. */
export type ToolCall = { readonly id: string; readonly name: string; readonly input: Json };

/** What a person said about a call; `cancelled`: the turn was stopped before anybody decided. */
export type Decision =
  | { readonly kind: 'approved' }
  | { readonly kind: 'rejected'; readonly reason?: string }
  | { readonly kind: 'cancelled' };

export type ToolOutcome = { readonly result?: Json; readonly error?: string };

export type AgentPrompt = { readonly text: string; readonly context?: PromptContext };

/** How a turn ended, and what it used, whatever the scope in which the vendor counts. */
export type TurnEnd = { readonly reason: 'completed' | 'aborted' | 'error'; readonly usage?: Usage };

/** What an agent may say and ask while it carries out one prompt. After the turn has ended every call does nothing. */
export interface Turn {
  /** Fires when the turn must stop: the agent must then really stop, and `prompt` resolve soon. */
  readonly signal: AbortSignal;
  /** A name for a block of text; none is given twice, in later processes neither. */
  newBlock(): string;
  /** Appends to a block. */
  delta(kind: 'text' | 'thinking', block: string, content: string): void;
  /** A whole block at once; replaces what was streamed of it. */
  whole(kind: 'text' | 'thinking', block: string, content: string): void;
  /** Voids a block: it will be sent again under another name. */
  supersede(block: string): void;
  notice(code: string, content: string): void;
  /** A call that needs no permission has begun. */
  running(call: ToolCall): void;
  /**
   * Shows a call that waits for a person; resolves with the decision, never rejects. When approved the call is shown as
   * running. `withdrawn` fires when the agent no longer wants to know: resolves with `cancelled`.
   */
  ask(call: ToolCall, options?: { readonly withdrawn?: AbortSignal }): Promise<Decision>;
  /** Ends a call, whether it ran or was rejected. Once for each; later ones are dropped. */
  finish(callId: string, outcome: ToolOutcome): void;
  error(code: ErrorCode, sentence: string): void;
  /** True when what was said has not been read yet: who can wait should await `drained` before saying more. */
  readonly isFull: boolean;
  /** Resolves when everything said so far has been read, or nobody will. */
  drained(): Promise<void>;
}

/** A coding agent. One prompt at a time; the caller waits for the end of one before it sends the next. */
export interface AgentProvider {
  /** The vendor's own session that the next prompt goes on with; undefined for a new one. */
  readonly sessionId: string | undefined;
  /** Carries out a prompt. Faults of the agent are told by `turn.error` and an end with reason `error`; it rejects only for our defects. */
  prompt(prompt: AgentPrompt, turn: Turn): Promise<TurnEnd>;
  /** Holds from the next prompt on, at once where the agent can. */
  applySettings(settings: Settings): void;
  /** Ends the agent and everything it started; resolves when that is gone. Twice is fine. */
  close(): Promise<void>;
}

export type ProviderOptions = {
  readonly cwd: string;
  /** The environment for what the provider starts. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the vendor's session is remembered for a later process; undefined: nowhere. */
  readonly sessionFile: string | undefined;
  readonly log: (
    level: 'debug' | 'info' | 'warn' | 'error',
    message: string,
    facts?: Readonly<Record<string, unknown>>,
  ) => void;
};

export type OpenProvider = (options: ProviderOptions) => AgentProvider;
