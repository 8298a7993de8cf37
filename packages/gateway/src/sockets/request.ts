import type { IncomingMessage } from 'node:http';
import {
  HoldfastError,
  parseAgentName,
  parseConversationId,
  parseCursor,
  parseProjectId,
  type ConversationId,
  type Cursor,
  type ProjectId,
} from '@holdfast/protocol';

/** What an upgrade asks for (docs/protocol.md 2.1 and 2.3). */
export type ViewerRequest = {
  readonly projectId: ProjectId;
  readonly agent: string;
  /** `newest`: the user's newest here, else a new one. */
  readonly conversation: ConversationId | 'new' | 'newest';
  readonly cursor: Cursor | undefined;
};

/** Reads the URL of an upgrade. Throws HoldfastError `not_found` for another path, `bad_message` for a wrong query. */
export function parseViewerRequest(request: Pick<IncomingMessage, 'url'>): ViewerRequest {
  const url = parseTarget(request.url ?? '/');
  const [, projectText, agentText] = /^\/projects\/([^/]+)\/agent\/([^/]+)$/.exec(url?.pathname ?? '') ?? [];
  if (url === null || projectText === undefined || agentText === undefined) {
    throw new HoldfastError('not_found', 'There is nothing here; connect to /projects/:id/agent/:agent.');
  }
  const projectId = parseProjectId(decode(projectText));
  const agent = parseAgentName(decode(agentText));
  if (projectId === undefined) throw new HoldfastError('not_found', 'There is no such project.');
  if (agent === undefined) throw new HoldfastError('not_found', 'There is no such agent.');
  const cursor = parseCursor(url.searchParams.get('after'), url.searchParams.get('epoch'));
  if (cursor === 'bad') {
    throw new HoldfastError('bad_message', '"after" must be a whole number and come with an "epoch".');
  }
  return { projectId, agent, conversation: readConversation(url.searchParams.get('conversation')), cursor };
}

/** A request's target (RFC 9112, 3.2). `//x` is a path here, not a host; null for what is no address at all. */
function parseTarget(target: string): URL | null {
  return target.startsWith('/') ? URL.parse(`http://gateway${target}`) : URL.parse(target, 'http://gateway');
}

function readConversation(text: string | null): ViewerRequest['conversation'] {
  if (text === null || text === '') return 'newest';
  if (text === 'new') return 'new';
  const id = parseConversationId(text);
  if (id === undefined) throw new HoldfastError('bad_message', '"conversation" must be an id or "new".');
  return id;
}

function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

/** `Origin` is absent (not a browser), the host that was asked for, or one of the allowed (docs/protocol.md 2.5). */
export function isOriginAllowed(request: Pick<IncomingMessage, 'headers'>, allowed: readonly string[]): boolean {
  const { origin, host } = request.headers;
  if (origin === undefined || allowed.includes(origin)) return true;
  try {
    return new URL(origin).host === host;
  } catch {
    return false;
  }
}
