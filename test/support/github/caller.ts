import type { RepositoryAddress } from './checkout.ts';

export type Caller = <Data>(method: string, path: string, body?: unknown) => Promise<Data>;

/** Asks a GitHub for something of one repository, once, plainly; rejects with what it said. For building a scene and for looking at it. */
export function callerOf({ url, token, repository }: RepositoryAddress): Caller {
  return async <Data>(method: string, path: string, body?: unknown): Promise<Data> => {
    const answer = await fetch(`${url}/repos/${repository}/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text) as Data;
  };
}
