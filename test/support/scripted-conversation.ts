import type { DurableMessage, ServerMessage, Settings, StoredMessage, Tool } from '@holdfast/protocol';

import type { PeerSocket, ScriptedPeer } from './scripted-peer.ts';
import { Seen } from './seen.ts';

type New<Message> = Message extends unknown ? Omit<Message, 'agent' | 'seq' | 'at'> : never;
/** A durable message as a test writes it: number, time and agent are given to it. */
export type LogEntry = New<DurableMessage>;

/** One conversation behind a scripted peer: it keeps a log and resumes as docs/protocol.md section 5 says. */
export class ScriptedConversation {
  readonly log: StoredMessage[] = [];
  /** Client messages as they were accepted, each id once. */
  readonly accepted: Seen<Record<string, unknown>> = new Seen();
  id = 'c1';
  epoch = 'e1';
  settings: Settings = {};
  /** What happens on acceptance: a test's script of the agent. */
  onAccepted: (message: Record<string, unknown>) => void = () => {};
  /** False: nothing is answered, as if the gateway died before. */
  isAnswering = true;
  readonly #viewers = new Set<PeerSocket>();

  /** Serves every connection of the peer. */
  serve(peer: ScriptedPeer): this {
    peer.sockets.each((socket) => this.attach(socket));
    return this;
  }

  attach(socket: PeerSocket): void {
    const after = Number(socket.query.get('after') ?? -1);
    const isReplay = socket.query.get('epoch') === this.epoch && after >= 0 && after <= this.log.length;
    socket.send(this.init(isReplay ? 'replay' : 'snapshot'));
    if (isReplay) for (const message of this.log.slice(after)) socket.send(message);
    else socket.send({ type: 'history', agent: 'demo', history: this.log, seq: this.log.length });
    this.#viewers.add(socket);
    void socket.closed.then(() => this.#viewers.delete(socket));
    this.#answer(socket);
  }

  init(mode: 'snapshot' | 'replay'): object {
    return {
      type: 'init',
      agent: 'demo',
      conversationId: this.id,
      sessionId: this.id,
      epoch: this.epoch,
      seq: this.log.length,
      mode,
      status: this.log.findLast((message) => message.type === 'status')?.status ?? 'completed',
      pending: this.#pending(),
      settings: this.settings,
      protocol: 1,
    };
  }

  /** Puts messages into the log and sends them to all viewers. */
  say(...entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      const seq = this.log.length + 1;
      const at = new Date(Date.UTC(2026, 0, 1) + seq * 1000).toISOString();
      const message = { seq, at, agent: 'demo', ...entry } as StoredMessage;
      this.log.push(message);
      for (const viewer of this.#viewers) viewer.send(message);
    }
  }

  /** Cuts all viewers off. */
  cut(): void {
    for (const viewer of this.#viewers) viewer.cut();
  }

  #answer(socket: PeerSocket): void {
    socket.received.each((message) => {
      if (!this.isAnswering) return;
      const { id } = message;
      const isKnown = this.accepted.all.some((known) => known['id'] === id);
      socket.send({ type: 'accepted', agent: 'demo', id, ...(isKnown ? { duplicate: true } : {}) });
      if (isKnown) return;
      if (message['settings'] !== undefined) {
        const settings = { ...this.settings, ...(message['settings'] as Settings) };
        this.settings = settings;
        this.say({ type: 'notice', code: 'settings', content: 'Settings changed', settings });
      }
      if (message['type'] === 'prompt') {
        this.say({ type: 'user', id, userId: 'ada', prompt: message['prompt'] } as LogEntry);
      }
      this.onAccepted(message);
      this.accepted.add(message);
    });
  }

  #pending(): Tool[] {
    const open = new Map<string, Tool>();
    for (const message of this.log as readonly ServerMessage[]) {
      if (message.type === 'tool_use' && message.tool.status === 'pending') open.set(message.tool.id, message.tool);
      if (message.type === 'decision' || message.type === 'tool_result') open.delete(message.toolId);
    }
    return [...open.values()];
  }
}
