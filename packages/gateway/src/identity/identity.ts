import { createHash, timingSafeEqual } from 'node:crypto';
import type { UserId } from '@holdfast/protocol';
import type { Secret } from '../lib/secret.ts';

/** Who a bearer token belongs to. */
export interface Identity {
  /** Undefined: not signed in. */
  userOf(token: string): UserId | undefined;
}

export type UserToken = { readonly userId: UserId; readonly token: Secret };

/** A fixed list of bearer tokens. Compared by digest in constant time, so that neither content nor length leaks. */
export class TokenIdentity implements Identity {
  readonly #users: readonly { userId: UserId; digest: Buffer }[];

  constructor(tokens: readonly UserToken[]) {
    this.#users = tokens.map(({ userId, token }) => ({ userId, digest: digestOf(token.reveal()) }));
  }

  userOf(token: string): UserId | undefined {
    const digest = digestOf(token);
    let found: UserId | undefined;
    for (const user of this.#users) if (timingSafeEqual(user.digest, digest)) found = user.userId;
    return found;
  }
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
