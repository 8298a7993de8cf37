import type { Arrival } from './account-limits.ts';
import type { Reply } from './answers.ts';

/** What is asked for, read from a request. */
export type Asked = {
  readonly kind: Arrival['kind'];
  readonly method: string;
  readonly path: string;
  readonly isFree: boolean;
};

const issue = /^\/repos\/acme\/shop\/issues\/(?<number>\d+)$/;
const comments = /^\/repos\/acme\/shop\/issues\/\d+\/comments$/;
const blobs = '/repos/acme/shop/git/blobs';

/**
 * A GitHub of one repository with as many issues as anybody asks for; it remembers what was written to it. Which requests create content the
 * documentation leaves open; here a comment does, and a git blob, which nobody is told of, does not.
 */
export class SmallGitHub {
  readonly #effects = new Map<string, number>();
  readonly #unknown = new Map<string, number>();
  #notModified = 0;

  get effects(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#effects);
  }

  get unknown(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#unknown);
  }

  get notModified(): number {
    return this.#notModified;
  }

  /** What a request is, before its body is there. An ETag is of one user: GitHub's answers vary by `Authorization`. */
  ask(method: string, path: string, user: string, ifNoneMatch: string | undefined): Asked {
    const isRead = ['GET', 'HEAD', 'OPTIONS'].includes(method);
    const kind = isRead ? 'read' : method === 'POST' && comments.test(path) ? 'content' : 'write';
    const isFree = isRead && ifNoneMatch === tagOf(user, path);
    return { kind, method, path, isFree };
  }

  /** Carries it out. */
  answer(asked: Asked, user: string, body: unknown): Reply {
    const { method, path } = asked;
    const number = issue.exec(path)?.groups?.['number'];
    if (method === 'GET' && number !== undefined) {
      const headers = { etag: tagOf(user, path) };
      if (asked.isFree) this.#notModified += 1;
      return asked.isFree ? { status: 304, headers } : { status: 200, headers, body: issueOf(Number(number)) };
    }
    if (method === 'POST' && (asked.kind === 'content' || path === blobs)) {
      this.#effect(body);
      return { status: 201, headers: {}, body: { id: this.#effects.size, sha: 'a'.repeat(40) } };
    }
    if (method === 'GET' && path === '/user') return { status: 200, headers: {}, body: { login: user, id: 1 } };
    this.#unknown.set(`${method} ${path}`, (this.#unknown.get(`${method} ${path}`) ?? 0) + 1);
    return { status: 404, headers: {}, body: { message: 'Not Found' } };
  }

  #effect(body: unknown): void {
    const { body: comment, content } = body as { readonly body?: unknown; readonly content?: unknown };
    const mark = comment ?? content;
    this.#effects.set(String(mark), (this.#effects.get(String(mark)) ?? 0) + 1);
  }
}

function issueOf(number: number): unknown {
  return { number, title: `Issue ${number}`, state: 'open', body: 'What it is about. '.repeat(20) };
}

function tagOf(user: string, path: string): string {
  return `"${Buffer.from(`${user} ${path}`).toString('base64url')}"`;
}
