import { errorRules } from '@holdfast/protocol';
import { Viewer, type ViewerOptions } from '@holdfast/client';
import type { Readable, Writable } from 'node:stream';
import { WebSocket } from 'ws';

import type { ApprovePolicy } from './chat-args.ts';
import type { Target } from './choose.ts';
import type { SignIn } from './sign-in.ts';

/** What both ways of chatting need to know. */
export type ChatOptions = Target & {
  readonly url: URL;
  readonly conversation?: string | undefined;
  readonly signIn: SignIn;
  readonly approve?: ApprovePolicy | undefined;
};

export type ChatStreams = {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable;
  /** Whether the terminal may be coloured. */
  readonly isColoured: boolean;
  /** Fires at ctrl-c where no terminal is read key by key. */
  readonly interrupt: AbortSignal;
};

/** Watches the conversation; `conversation` overrides the one of the options. */
export function watchConversation(
  { url, project, agent, signIn, ...options }: ChatOptions,
  onMessage: NonNullable<ViewerOptions['onMessage']>,
): Viewer {
  const { conversation } = options;
  return new Viewer({
    ...{ url: url.href, project, agent, onMessage },
    ...(conversation === undefined ? {} : { conversation }),
    token: () => signIn.token(),
    webSocket: QuietWebSocket,
  });
}

/** Histories may be long, and compressing what comes from this machine or over ssh only costs time. */
class QuietWebSocket extends WebSocket {
  constructor(url: string, protocols: string[]) {
    super(url, protocols, { perMessageDeflate: false, maxPayload: 64 * 1024 * 1024 });
  }
}

/** How to come back to a conversation, as a command line. */
export function comeBack({ url, project, agent }: ChatOptions, conversationId: string): string {
  const where = url.href === 'http://127.0.0.1:8787/' ? '' : ` --url ${url.href.replace(/\/$/, '')}`;
  const who = /^[\w.-]+$/.test(agent) ? agent : `'${agent.replaceAll("'", String.raw`'\''`)}'`;
  return `holdfast chat ${project} --agent ${who} --conversation ${conversationId}${where}`;
}

/** A refused connection as a sentence with the way out. */
export function explainRefusal(code: number, reason: string): string {
  switch (code) {
    case errorRules.unauthorized.close:
      return `${reason} Pass --token or set HOLDFAST_TOKEN.`;
    case errorRules.not_found.close:
      return `${reason} Look at the project, --agent and --conversation.`;
    default:
      return reason;
  }
}
