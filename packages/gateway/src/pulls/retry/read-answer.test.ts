import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { readAnswer } from './read-answer.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const thrownBy = (call: Promise<unknown>): Promise<unknown> => call.then(String, (error: unknown) => error);
const noAnswer = (reason: string) => ({ answer: { kind: 'no_answer', reason } });

describe('what fetch throws', () => {
  test('when nobody listens was not sent', async () => {
    const url = await serve(() => {});
    await new Promise((resolve) => void servers.splice(0)[0]?.close(resolve));
    expect(readAnswer(await thrownBy(fetch(url)))).toEqual(noAnswer('not_connected'));
  });

  test('when there is no such host was not sent', () => {
    const error = new TypeError('fetch failed', { cause: Object.assign(new Error('no'), { code: 'ENOTFOUND' }) });
    expect(readAnswer(error)).toEqual(noAnswer('not_connected'));
  });

  test('when the connection breaks may have been sent', async () => {
    const url = await serve((request) => request.socket.destroy());
    expect(readAnswer(await thrownBy(fetch(url)))).toEqual(noAnswer('connection_lost'));
  });

  test('when the body breaks off may have been sent', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"a"', () => response.socket?.destroy());
    });
    expect(readAnswer(await thrownBy(fetch(url).then((answer) => answer.text())))).toEqual(noAnswer('connection_lost'));
  });

  test('when its time is over is a timeout', async () => {
    const url = await serve(() => {});
    expect(readAnswer(await thrownBy(fetch(url, { signal: AbortSignal.timeout(1) })))).toEqual(noAnswer('timeout'));
  });

  test('when its caller gives up is no answer of a server', async () => {
    const url = await serve(() => {});
    const controller = new AbortController();
    const thrown = thrownBy(fetch(url, { signal: controller.signal }));
    controller.abort();
    expect(readAnswer(await thrown)).toBeUndefined();
  });
});

describe('what Octokit throws', () => {
  test('is read with status, headers, body, method and request id', () => {
    const headers = { 'x-github-request-id': 'AB:1', 'retry-after': '60' };
    const data = { message: 'You have exceeded a secondary rate limit.' };
    const error = Object.assign(new Error('no'), {
      name: 'HttpError',
      status: 403,
      response: { status: 403, url: 'https://api.github.com/', headers, data },
      request: { method: 'post' },
    });
    expect(readAnswer(error)).toEqual({
      answer: { kind: 'response', status: 403, headers, body: data },
      question: { method: 'POST' },
      requestId: 'AB:1',
    });
  });

  test('for a broken connection is not the answer 500 that it looks like', () => {
    const cause = new TypeError('fetch failed', { cause: Object.assign(new Error('reset'), { code: 'ECONNRESET' }) });
    const error = Object.assign(new Error('reset', { cause }), {
      name: 'HttpError',
      status: 500,
      request: { method: 'POST' },
    });
    expect(readAnswer(error)).toEqual({ ...noAnswer('connection_lost'), question: { method: 'POST' } });
  });

  test('for GraphQL errors is an answer 200 with errors', () => {
    const errors = [{ type: 'RATE_LIMITED' }];
    const error = Object.assign(new Error('no'), { name: 'GraphqlResponseError', headers: {}, errors, data: null });
    expect(readAnswer(error)).toEqual({
      answer: { kind: 'response', status: 200, headers: {}, body: { errors } },
      question: { method: 'POST', resource: 'graphql' },
    });
  });

  test.each([
    ['{ viewer { login } }', true],
    ['mutation { closeIssue { id } }', undefined],
  ])('tells a query from a mutation, and that it was GraphQL: %s', (query, readOnly) => {
    const question = { method: 'POST', resource: 'graphql', ...(readOnly && { readOnly }) };
    const request = { method: 'POST', url: 'https://git.example/api/graphql', body: { query } };
    const broken = Object.assign(new Error('no'), {
      name: 'HttpError',
      status: 502,
      response: { status: 502 },
      request,
    });
    expect(readAnswer(broken)).toMatchObject({ question });
    const refused = Object.assign(new Error('no'), { headers: {}, errors: [{ type: 'X' }], request: { query } });
    expect(readAnswer(refused)).toMatchObject({ question });
  });
});

describe('any other error', () => {
  test('with a status and the headers of fetch is an answer', () => {
    const error = Object.assign(new Error('slow down'), {
      statusCode: 429,
      headers: new Headers({ 'Retry-After': '7' }),
    });
    expect(readAnswer(error)).toEqual({
      answer: { kind: 'response', status: 429, headers: { 'retry-after': '7' }, body: { message: 'slow down' } },
    });
  });

  test('with the headers of another fetch is an answer', () => {
    class OtherHeaders {
      *[Symbol.iterator](): Iterator<readonly [string, string]> {
        yield ['retry-after', '7'];
      }
    }
    const answer = { kind: 'response', status: 503, headers: { 'retry-after': '7' } };
    expect(readAnswer({ status: 503, headers: new OtherHeaders() })).toMatchObject({ answer });
  });

  test('of a certificate is told from those that may pass', () => {
    const error = new TypeError('fetch failed', {
      cause: Object.assign(new Error('no'), { code: 'CERT_HAS_EXPIRED' }),
    });
    expect(readAnswer(error)).toEqual(noAnswer('untrusted'));
  });

  test('of which no address answered is read by the first of them', () => {
    const first = Object.assign(new Error('no'), { code: 'ECONNREFUSED' });
    expect(readAnswer(new TypeError('fetch failed', { cause: new AggregateError([first]) }))).toEqual(
      noAnswer('not_connected'),
    );
  });

  test.each([undefined, null, 'no', 42, [], new Error('no'), { status: 'bad' }, { status: 7 }])(
    'tells of no server: %o',
    (thrown) => {
      expect(readAnswer(thrown)).toBeUndefined();
    },
  );

  test('whose causes run in a circle is read to an end', () => {
    const error = new Error('one');
    error.cause = new Error('two', { cause: error });
    expect(readAnswer(error)).toBeUndefined();
  });
});
