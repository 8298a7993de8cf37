import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { streamAnswer, wholeAnswer } from './model/answer.ts';
import { isSideRequest, nextSteps, type MessagesRequest } from './model/conversation.ts';
import type { Step } from './model/script.ts';

export type ModelEndpoint = AsyncDisposable & {
  /** For `ANTHROPIC_BASE_URL`. */
  readonly url: string;
  /** Every request of a conversation so far (side requests are left out). */
  readonly requests: readonly MessagesRequest[];
  /** Ends every open answer. Twice is fine. */
  close(): Promise<void>;
};

/**
 * A model without a model: speaks the Anthropic Messages API on loopback and answers by the commands in the prompt
 * (model/script.ts), well enough for the real Claude Code. `port` 0 or absent: any free one.
 */
export async function startModelEndpoint(options: { readonly port?: number } = {}): Promise<ModelEndpoint> {
  const requests: MessagesRequest[] = [];
  const model = new ScriptedModel(requests);
  const server = createServer((request, response) => {
    model.answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, requests, close, [Symbol.asyncDispose]: close };
}

class ScriptedModel {
  readonly #requests: MessagesRequest[];
  /** How often each prompt was asked for, so that `FAIL` and `CUT` know which attempt this is. */
  readonly #attempts = new Map<string, number>();
  #messages = 0;

  constructor(requests: MessagesRequest[]) {
    this.#requests = requests;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').split('?')[0];
    if (request.method === 'HEAD') return void response.end();
    const body = await readBody(request);
    if (path === '/v1/messages/count_tokens') return sendJson(response, 200, { input_tokens: 100 });
    if (path !== '/v1/messages') return sendJson(response, 404, fault('not_found_error', `nothing at ${path}`));
    await this.#message(JSON.parse(body) as MessagesRequest, response);
  }

  async #message(request: MessagesRequest, response: ServerResponse): Promise<void> {
    const id = String((this.#messages += 1)).padStart(8, '0');
    const steps = isSideRequest(request) ? [title] : this.#stepsOf(request);
    const failure = steps.find((step) => step.kind === 'fail');
    if (failure !== undefined) {
      return sendJson(response, failure.status, fault(faultOf(failure.status), `scripted failure ${failure.status}`));
    }
    if (request.stream !== true) return sendJson(response, 200, wholeAnswer(id, request.model, steps));
    await streamAnswer(response, id, request.model, steps);
  }

  /** The steps of this attempt: what has failed or was cut often enough goes well. */
  #stepsOf(request: MessagesRequest): readonly Step[] {
    this.#requests.push(request);
    const { prompt, steps } = nextSteps(request);
    const key = `${request.messages.length} ${prompt}`;
    const attempt = (this.#attempts.get(key) ?? 0) + 1;
    this.#attempts.set(key, attempt);
    return steps.map((step) => {
      if (step.kind === 'fail' && attempt > step.times) return { kind: 'say', deltas: ['recovered'], everyMs: 0 };
      if (step.kind !== 'cut' || attempt <= step.times) return step;
      return { kind: 'say', deltas: Array.from({ length: step.after }, () => 'whole '), everyMs: 0 };
    });
  }
}

const title: Step = { kind: 'say', deltas: ['{"title": "A scripted session"}'], everyMs: 0 };

function faultOf(status: number): string {
  if (status === 529) return 'overloaded_error';
  if (status === 429) return 'rate_limit_error';
  if (status === 401) return 'authentication_error';
  return status >= 500 ? 'api_error' : 'invalid_request_error';
}

function fault(type: string, message: string): object {
  return { type: 'error', error: { type, message } };
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
