import { request } from '@octokit/request';
import type { Secret } from '../../lib/secret.ts';
import type { Answer } from '../retry/classify.ts';
import { isObject } from '../retry/is-object.ts';
import { readAnswer } from '../retry/read-answer.ts';
import type { AccountReader } from './account-reader.ts';

/** By GitHub's REST API: https://docs.github.com/rest/users/users#get-the-authenticated-user. */
export class GitHubAccountReader implements AccountReader {
  readonly #request: typeof request;

  /** `apiUrl` is without a slash at its end. */
  constructor(apiUrl: string) {
    this.#request = request.defaults({ baseUrl: apiUrl });
  }

  async read(
    secret: Secret,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<{ readonly answer: Answer; readonly user: string | undefined }> {
    try {
      const { status, headers, data } = await this.#request('GET /user', {
        headers: { authorization: `token ${secret.reveal()}` },
        request: { signal },
      });
      return { answer: { kind: 'response', status, headers: textsOf(headers) }, user: readUser(data) };
    } catch (error) {
      // A server that does not answer in time is an answer too.
      const failed = readAnswer(error)?.answer;
      if (!failed && !signal.aborted) throw error;
      return { answer: failed ?? { kind: 'no_answer', reason: 'timeout' }, user: undefined };
    }
  }
}

function textsOf(headers: Readonly<Record<string, string | number | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name.toLowerCase(), String(value)]],
    ),
  );
}

function readUser(data: unknown): string | undefined {
  const id = isObject(data) ? data['id'] : undefined;
  return typeof id === 'number' || typeof id === 'string' ? `user-${id}` : undefined;
}
