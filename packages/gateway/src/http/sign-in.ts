import type { MiddlewareHandler } from 'hono';
import { errorRules, HoldfastError, type UserId } from '@holdfast/protocol';
import { bearerOf } from '../identity/bearer.ts';
import type { Identity } from '../identity/identity.ts';

/** What a request that came past {@link signedIn} carries. */
export type SignedIn = { Variables: { userId: UserId } };

/** Lets only those in who have a token. */
export function signedIn(identity: Identity): MiddlewareHandler<SignedIn> {
  return async (context, next) => {
    const token = bearerOf({ headers: { authorization: context.req.header('authorization') } });
    const userId = token === undefined ? undefined : identity.userOf(token);
    if (userId === undefined) throw new HoldfastError('unauthorized', errorRules.unauthorized.sentence);
    context.set('userId', userId);
    await next();
  };
}
