import { createHash } from 'node:crypto';
import { Agent, request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { changesCheckRun, withAnnotationsThere } from './added-annotations.ts';
import { unprocessableAnswer, type Answer } from './answers.ts';
import { wantedPull, type WantedPull } from './wanted-pull.ts';

/** A request as it came, whole. */
export type Asked = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly token: string;
};

/**
 * The GitHub behind a proxy, with what `emulate` 0.12.2 lacks: ETags, whose 304 costs no quota, the refusal of a second pull request
 * for a branch, and annotations that are added to those of a check run.
 */
export class Upstream implements Disposable {
  readonly #target: URL;
  readonly #agent = new Agent({ keepAlive: true });
  /** By token: how often it was answered 304, which cost quota behind us and must not. */
  readonly #saved = new Map<string, number>();
  /** Looking at what is there and changing it are two requests behind us and one in front. */
  #changes: Promise<unknown> = Promise.resolve();

  constructor(target: string) {
    this.#target = new URL(target);
  }

  async answer(asked: Asked): Promise<Answer> {
    const wanted = wantedPull(asked);
    if (wanted !== undefined) return this.#inTurn(() => this.#makePull(asked, wanted));
    if (changesCheckRun(asked)) return this.#inTurn(() => this.#addAnnotations(asked));
    const answer = await this.#forward(asked);
    if (asked.method !== 'GET' || answer.status !== 200) return this.#counted(answer, asked.token);
    const etag = `W/"${createHash('sha256').update(answer.body).digest('hex')}"`;
    const headers = { ...answer.headers, etag };
    if (asked.headers['if-none-match'] !== etag) return this.#counted({ ...answer, headers }, asked.token);
    this.#saved.set(asked.token, (this.#saved.get(asked.token) ?? 0) + 1);
    return this.#counted({ status: 304, headers, body: Buffer.alloc(0) }, asked.token);
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  async #makePull(asked: Asked, { label, search }: WantedPull): Promise<Answer> {
    const open = await this.#look(asked, search);
    if (open.status === 200 && open.body.toString() !== '[]') {
      return unprocessableAnswer(`A pull request already exists for ${label}.`);
    }
    return this.#counted(await this.#forward(asked), asked.token);
  }

  async #addAnnotations(asked: Asked): Promise<Answer> {
    const all = await withAnnotationsThere(asked, async (path) => (await this.#look(asked, path)).body);
    return this.#counted(await this.#forward(all), asked.token);
  }

  #inTurn(change: () => Promise<Answer>): Promise<Answer> {
    const made = this.#changes.then(change);
    this.#changes = made.catch(() => undefined);
    return made;
  }

  /** With the rights of who asked. */
  #look(asked: Asked, path: string): Promise<Answer> {
    const { authorization } = asked.headers;
    const headers = authorization === undefined ? {} : { authorization };
    return this.#forward({ ...asked, method: 'GET', path, headers, body: Buffer.alloc(0) });
  }

  #counted(answer: Answer, token: string): Answer {
    const remaining = Number(answer.headers['x-ratelimit-remaining']) + (this.#saved.get(token) ?? 0);
    return { ...answer, headers: { ...answer.headers, 'x-ratelimit-remaining': String(remaining) } };
  }

  #forward({ method, path, headers, body }: Asked): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const { 'if-none-match': _etag, host: _host, ...passed } = headers;
    const { hostname: host, port } = this.#target;
    const outgoing = request({ method, path, headers: passed, host, port, agent: this.#agent }, (incoming) => {
      readAll(incoming).then((read) => {
        const { 'transfer-encoding': _, connection: _connection, 'keep-alive': _keep, ...kept } = incoming.headers;
        resolve({ status: incoming.statusCode ?? 0, headers: kept as Answer['headers'], body: read });
      }, reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
    return promise;
  }
}

/** All that comes. */
export async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
