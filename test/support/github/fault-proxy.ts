import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { jsonAnswer, limitAnswer, messageAnswer, pageAnswer, unprocessableAnswer, type Answer } from './answers.ts';
import type { Fault, FaultRule, LoggedRequest } from './fault.ts';
import { readAll, Upstream, type Asked } from './upstream.ts';

type Rule = FaultRule & {
  readonly fault: Fault;
  readonly hit: (request: LoggedRequest) => void;
  seen: number;
};

/** A fault that was asked for. */
export type Injected = {
  /** The first request that it hit, when that has had the effect that it has. */
  readonly hit: Promise<LoggedRequest>;
};

type Exchange = { readonly asked: Asked; readonly outgoing: ServerResponse; readonly entry: LoggedRequest };

/** Stands between a client and a GitHub, and lets go wrong what a test asks for. */
export class FaultProxy implements AsyncDisposable {
  readonly log: LoggedRequest[] = [];
  readonly #upstream: Upstream;
  readonly #server: Server;
  readonly #stopped = new AbortController();
  readonly #rules: Rule[] = [];
  /** By token, since GitHub counts by whom it is asked: until when, and what is answered till then. */
  readonly #limits = new Map<string, { readonly untilMs: number; readonly answer: () => Answer }>();

  private constructor(target: string) {
    this.#upstream = new Upstream(target);
    this.#server = createServer((incoming, outgoing) => {
      // Whoever asked may be gone at any moment, killed by a test.
      this.#serve(incoming, outgoing).catch(() => outgoing.destroy());
    });
  }

  static async start(target: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Counted from now on. Of several rules that hit one request the oldest wins. */
  inject(rule: FaultRule, fault: Fault): Injected {
    const { promise, resolve } = Promise.withResolvers<LoggedRequest>();
    this.#rules.push({ ...rule, fault, hit: resolve, seen: 0 });
    return { hit: promise };
  }

  /** Such a request is carried out and its answer kept back until whoever sent it is gone. Resolves when GitHub has done it. */
  hold(rule: FaultRule): Promise<LoggedRequest> {
    return this.inject(rule, { kind: 'held' }).hit;
  }

  /** No more faults; limits that are on end. */
  clear(): void {
    this.#rules.length = 0;
    this.#limits.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort();
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
    this.#upstream[Symbol.dispose]();
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await readAll(incoming);
    const { method = '', url: path = '', headers } = incoming;
    const token = (headers.authorization ?? '').replace(/^\S+\s+/, '');
    const asked = { method, path, headers, body, token };
    const limit = this.#limits.get(token);
    const whileLimited = limit !== undefined && limit.untilMs > Date.now();
    const entry: LoggedRequest = { at: Date.now(), method, path, token: token.slice(-12), whileLimited };
    this.log.push(entry);
    if (whileLimited) {
      entry.fault = 'limited';
      return send(outgoing, entry, limit.answer());
    }
    const rule = this.#ruleFor(entry);
    if (rule === undefined) return send(outgoing, entry, await this.#upstream.answer(asked));
    entry.fault = rule.fault.kind;
    await this.#breakDown(rule, { asked, outgoing, entry });
  }

  async #breakDown({ fault, hit }: Rule, { asked, outgoing, entry }: Exchange): Promise<void> {
    switch (fault.kind) {
      case 'primary_limit':
      case 'secondary_limit': {
        // GitHub names whole seconds.
        const untilMs = (Math.floor(Date.now() / 1000) + fault.seconds) * 1000;
        const answer = (): Answer => limitAnswer(fault, untilMs);
        this.#limits.set(asked.token, { untilMs, answer });
        hit(entry);
        return send(outgoing, entry, answer());
      }
      case 'server_error':
        if (fault.when === 'after') await this.#upstream.answer(asked);
        hit(entry);
        return send(outgoing, entry, messageAnswer(fault.status, 'Server Error'));
      case 'cut':
        if (fault.when === 'after') entry.status = (await this.#upstream.answer(asked)).status;
        hit(entry);
        outgoing.destroy();
        return;
      case 'slow_body':
      case 'truncated_body': {
        const { status, headers, body } = await this.#upstream.answer(asked);
        entry.status = status;
        hit(entry);
        const half = Math.floor(body.length / 2);
        outgoing.writeHead(status, { ...headers, 'content-length': body.length });
        if (fault.kind === 'truncated_body') {
          outgoing.write(body.subarray(0, half), () => outgoing.destroy());
          return;
        }
        outgoing.write(body.subarray(0, half));
        await wait(fault.ms, undefined, { signal: this.#stopped.signal });
        outgoing.end(body.subarray(half));
        return;
      }
      case 'unauthorized':
        hit(entry);
        return send(outgoing, entry, messageAnswer(401, 'Bad credentials'));
      case 'forbidden':
        hit(entry);
        return send(outgoing, entry, messageAnswer(403, 'Resource not accessible by personal access token'));
      case 'html_page':
        hit(entry);
        return send(outgoing, entry, pageAnswer(fault.status));
      case 'empty_list':
        hit(entry);
        return send(outgoing, entry, jsonAnswer(200, []));
      case 'unprocessable':
        hit(entry);
        return send(outgoing, entry, unprocessableAnswer(fault.message));
      case 'late': {
        const answer = await this.#upstream.answer(asked);
        hit(entry);
        await fault.until;
        return send(outgoing, entry, answer);
      }
      case 'late_effect':
        send(outgoing, entry, messageAnswer(502, 'Server Error'));
        await fault.until;
        await this.#upstream.answer(asked);
        return hit(entry);
      case 'held': {
        const gone = once(outgoing, 'close', { signal: this.#stopped.signal }).catch(() => undefined);
        entry.status = (await this.#upstream.answer(asked)).status;
        hit(entry);
        await gone;
      }
    }
  }

  #ruleFor(entry: LoggedRequest): Rule | undefined {
    const about = this.#rules.filter((rule) => rule.method === entry.method && rule.path.test(entry.path));
    for (const rule of about) rule.seen++;
    return about.find(({ seen, from = 1, times = 1 }) => seen >= from && seen < from + times);
  }
}

function send(outgoing: ServerResponse, entry: LoggedRequest, { status, headers, body }: Answer): void {
  entry.status = status;
  const hasBody = status !== 304 && status !== 204;
  outgoing.writeHead(status, hasBody ? { ...headers, 'content-length': body.length } : headers);
  outgoing.end(hasBody ? body : undefined);
}
