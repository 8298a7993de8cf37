import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocketServer, type RawData, type WebSocket } from 'ws';
import {
  errorRules,
  HoldfastError,
  maxClientMessageBytes,
  newId,
  parseClientMessage,
  type ClientMessage,
  type ConversationId,
  type UserId,
} from '@holdfast/protocol';
import type { Conversation } from '../conversations/conversation.ts';
import { pagesOf, readHistory } from '../conversations/history.ts';
import { frameMessage } from '../conversations/log-batch.ts';
import type { ConversationStore } from '../conversations/store.ts';
import { maySee } from '../conversations/visibility.ts';
import { bearerOf } from '../identity/bearer.ts';
import type { Identity } from '../identity/identity.ts';
import type { Logger } from '../lib/logger.ts';
import type { ProjectDirectory } from '../projects/directory.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { isOriginAllowed, parseViewerRequest, type ViewerRequest } from './request.ts';
import { initMessage, Viewer } from './viewer.ts';

export type SocketsParts = {
  readonly identity: Identity;
  readonly projects: ProjectDirectory;
  readonly store: ConversationStore;
  readonly sessions: Sessions;
  readonly allowedOrigins: readonly string[];
  readonly log: Logger;
};

/** docs/protocol.md 2.8: a heartbeat at the latest 15 s after the last message; looked at every 2.5 s. */
const heartbeatAfterMs = 12_000;
const watchEveryMs = 2_500;
/** docs/protocol.md 2.9. */
const maxStuckMs = 60_000;
/** Messages of one viewer that wait for the store; above it its socket is not read. */
const maxUnanswered = 64;
/** docs/protocol.md 3.4. */
const historyPageBytes = 1_048_576;

type Seat = {
  readonly viewer: Viewer;
  readonly userId: UserId;
  readonly conversationId: ConversationId;
  unanswered: number;
};

/** The WebSocket door: lets viewers in, brings their messages to the sessions and the answers back (docs/protocol.md 2–5). */
export class Sockets {
  readonly #parts: SocketsParts;
  readonly #server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: maxClientMessageBytes,
    clientTracking: false,
    handleProtocols: (offered) => (offered.has('bearer') ? 'bearer' : false),
  });
  /** Everybody who is here, seated or still on the way in. */
  readonly #seats = new Map<WebSocket, Seat | null>();
  readonly #heartbeats = new Map<string, Buffer>();
  readonly #watch: NodeJS.Timeout;
  #isClosed = false;

  constructor(parts: SocketsParts) {
    this.#parts = parts;
    this.#watch = setInterval(() => this.#lookAround(), watchEveryMs);
  }

  upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    this.#server.handleUpgrade(request, socket, head, (ws) => {
      // Nothing that the viewer sends is looked at before it has a seat.
      ws.pause();
      this.#seats.set(ws, null);
      ws.on('error', ignore);
      ws.on('close', () => this.#leave(ws));
      this.#seat(ws, socket, request).catch((error: unknown) => this.#refuse(ws, error));
    });
  }

  /** Sends everybody away with 1012 (they come back by themselves) and waits until they are gone, two seconds at most. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#watch);
    const all = [...this.#seats.keys()];
    for (const ws of all) ws.close(1012, 'The gateway is restarting; connect again.');
    const gone = all.map((ws) => new Promise((resolve) => ws.once('close', resolve)));
    const timer = setTimeout(() => all.forEach((ws) => ws.terminate()), 2_000);
    await Promise.all(gone);
    clearTimeout(timer);
  }

  async #seat(ws: WebSocket, socket: Socket, request: IncomingMessage): Promise<void> {
    if (this.#isClosed) throw new HoldfastError('unavailable', 'The gateway is restarting; connect again.');
    const { identity, projects, store, sessions, allowedOrigins } = this.#parts;
    if (!isOriginAllowed(request, allowedOrigins)) {
      throw new HoldfastError('forbidden', `The origin ${request.headers.origin} is not allowed; see ALLOWED_ORIGINS.`);
    }
    const token = bearerOf(request);
    const userId = token === undefined ? undefined : identity.userOf(token);
    if (userId === undefined) throw new HoldfastError('unauthorized', errorRules.unauthorized.sentence);
    const asked = parseViewerRequest(request);
    projects.enter(asked.projectId, asked.agent, userId);
    const conversation = await this.#conversationFor(asked, userId);
    const viewer = new Viewer(ws, socket, asked.agent, store);
    const cursor = await this.#greet(viewer, conversation, asked);
    if (ws.readyState !== ws.OPEN) return;
    const seat: Seat = { viewer, userId, conversationId: conversation.conversationId, unanswered: 0 };
    this.#seats.set(ws, seat);
    viewer.follow(sessions.watch(conversation, viewer), cursor);
    socket.on('drain', () => viewer.drained());
    ws.on('message', (data, isBinary) => this.#hear(seat, data, isBinary));
    ws.resume();
  }

  async #conversationFor(asked: ViewerRequest, userId: UserId): Promise<Conversation> {
    const { store, projects } = this.#parts;
    const { projectId, agent } = asked;
    if (asked.conversation === 'newest') {
      const newest = await store.newest({ userId, projectId, agent });
      if (newest !== undefined) return newest;
    } else if (asked.conversation !== 'new') {
      const named = await store.get(asked.conversation);
      const isHere = named?.projectId === projectId && named.agent === agent;
      if (!isHere || !maySee({ userId, projectIds: projects.idsOf(userId) }, named)) {
        throw new HoldfastError('not_found', `There is no conversation ${asked.conversation} here.`);
      }
      return named;
    }
    const [conversationId, epoch] = [newId<ConversationId>(), newId()];
    const created = await store.create({ conversationId, epoch, userId, projectId, agent, at: Date.now() });
    if (created.kind === 'deleted')
      throw new HoldfastError('internal', `The new id ${conversationId} was used before.`);
    return created.conversation;
  }

  /** `init` and, without a usable cursor, `history`. Returns the number after which the viewer goes on. */
  async #greet(viewer: Viewer, conversation: Conversation, asked: ViewerRequest): Promise<number> {
    const { cursor } = asked;
    if (cursor?.epoch === conversation.epoch && cursor.seq <= conversation.lastSeq) {
      viewer.sendFrames(frameMessage(initMessage(conversation, 'replay')));
      return cursor.seq;
    }
    const seq = conversation.lastSeq;
    const history = await readHistory(this.#parts.store, conversation.conversationId, seq);
    viewer.sendFrames(frameMessage(initMessage(conversation, 'snapshot')));
    const pages = pagesOf(history, historyPageBytes);
    for (const [index, page] of pages.entries()) {
      const isLast = index === pages.length - 1;
      const upTo = isLast ? seq : (page.at(-1)?.seq ?? 0);
      const message = {
        type: 'history',
        agent: viewer.agent,
        history: page,
        seq: upTo,
        ...(isLast ? {} : { more: true }),
      };
      viewer.sendFrames(frameMessage(message));
    }
    return seq;
  }

  #hear(seat: Seat, data: RawData, isBinary: boolean): void {
    const { viewer } = seat;
    const parsed = isBinary
      ? { ok: false as const, error: 'Binary frames are not understood; send JSON in text frames.' }
      : parseClientMessage(textOf(data));
    if (!parsed.ok) {
      this.#sendError(viewer, new HoldfastError('bad_message', parsed.error), 'id' in parsed ? parsed.id : undefined);
      return;
    }
    seat.unanswered++;
    if (seat.unanswered === maxUnanswered) viewer.ws.pause();
    this.#answer(seat, parsed.message)
      .catch((error: unknown) => this.#sendError(viewer, HoldfastError.from(error), parsed.message.id))
      .finally(() => {
        if (seat.unanswered-- === maxUnanswered) viewer.ws.resume();
      });
  }

  async #answer({ viewer, userId, conversationId }: Seat, message: ClientMessage): Promise<void> {
    const answer = await this.#parts.sessions.submit(conversationId, userId, message);
    if (answer.kind === 'refused') {
      this.#sendError(viewer, answer.error, answer.id);
      return;
    }
    const { id, duplicate, decision } = answer;
    viewer.sendFrames(frameMessage({ type: 'accepted', agent: viewer.agent, id, ...(duplicate && { duplicate }) }));
    if (decision !== undefined) viewer.sendFrames(frameMessage(decision));
  }

  #sendError(viewer: Viewer, error: HoldfastError, id: string | undefined): void {
    if (error.code === 'internal') this.#parts.log.error({ err: error }, 'message not carried out');
    viewer.sendFrames(
      frameMessage({
        type: 'error',
        agent: viewer.agent,
        error: error.message,
        code: error.code,
        ...(error.retryAfterMs === undefined ? {} : { retryAfter: error.retryAfterMs }),
        ...(id === undefined ? {} : { id }),
      }),
    );
  }

  #refuse(ws: WebSocket, thrown: unknown): void {
    const error = HoldfastError.from(thrown);
    if (error.code === 'internal') this.#parts.log.error({ err: error }, 'viewer not seated');
    ws.resume();
    ws.close(this.#isClosed ? 1012 : errorRules[error.code].close, cutTo(error.message, 123));
  }

  #leave(ws: WebSocket): void {
    const seat = this.#seats.get(ws);
    this.#seats.delete(ws);
    if (seat?.viewer.feed) this.#parts.sessions.unwatch(seat.viewer.feed, seat.viewer);
  }

  #lookAround(): void {
    const now = Date.now();
    for (const seat of this.#seats.values()) {
      if (seat === null) continue;
      const { viewer } = seat;
      if (viewer.stuckForMs(now) >= maxStuckMs) {
        viewer.ws.close(1013, 'Nothing was taken for 60 s; connect again.');
        viewer.socket.destroySoon();
      } else if (now - viewer.lastSentAt >= heartbeatAfterMs) {
        viewer.sendFrames(this.#heartbeat(viewer.agent));
      }
    }
  }

  #heartbeat(agent: string): Buffer {
    let frame = this.#heartbeats.get(agent);
    if (frame === undefined) this.#heartbeats.set(agent, (frame = frameMessage({ type: 'heartbeat', agent })));
    return frame;
  }
}

function ignore(): void {}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return Buffer.isBuffer(data) ? data.toString('utf8') : Buffer.from(data).toString('utf8');
}

/** The text, cut at a character so that it has at most `bytes` bytes of UTF-8 (RFC 6455, 5.5.1: a close reason has 123). */
function cutTo(text: string, bytes: number): string {
  let cut = text;
  while (Buffer.byteLength(cut) > bytes) cut = cut.slice(0, -1);
  return cut;
}
