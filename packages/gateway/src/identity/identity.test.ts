import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { UserId } from '@holdfast/protocol';
import { Secret } from '../lib/secret.ts';
import { bearerOf } from './bearer.ts';
import { TokenIdentity } from './identity.ts';

const identityOf = (tokens: Readonly<Record<string, string>>): TokenIdentity =>
  new TokenIdentity(
    Object.entries(tokens).map(([userId, token]) => ({ userId: userId as UserId, token: new Secret(token) })),
  );

describe('a token', () => {
  const identity = identityOf({ ada: 'ada-token', grace: 'grace-token' });

  test('belongs to its user', () => {
    expect(identity.userOf('ada-token')).toBe('ada');
    expect(identity.userOf('grace-token')).toBe('grace');
  });

  test.each(['', 'ada', 'ada-toke', 'ada-tokenn', 'ADA-TOKEN', ' ada-token', 'ada-token,grace-token'])(
    'that is not whole belongs to nobody: "%s"',
    (token) => {
      expect(identity.userOf(token)).toBeUndefined();
    },
  );

  test('belongs to nobody where there are none', () => {
    expect(identityOf({}).userOf('')).toBeUndefined();
  });

  test('of any form is that user’s and nobody else’s', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string(), (token, other) => {
        const known = identityOf({ ada: token });
        expect(known.userOf(token)).toBe('ada');
        expect(known.userOf(other)).toBe(other === token ? 'ada' : undefined);
      }),
    );
  });
});

describe('where a token is looked for', () => {
  test.each([
    [{ authorization: 'Bearer t' }, 't'],
    [{ authorization: 'bearer   t' }, 't'],
    [{ 'sec-websocket-protocol': 'bearer, t' }, 't'],
    [{ 'sec-websocket-protocol': 'bearer,t' }, 't'],
    [{ authorization: 'Bearer header', 'sec-websocket-protocol': 'bearer, protocol' }, 'header'],
    [{ authorization: 'Basic t', 'sec-websocket-protocol': 'bearer, t' }, 't'],
    [{}, undefined],
    [{ authorization: 'Bearer' }, undefined],
    [{ authorization: 'Bearer ' }, undefined],
    [{ authorization: 'Bearer a b' }, undefined],
    [{ authorization: 'Basic t' }, undefined],
    [{ authorization: 't' }, undefined],
    [{ 'sec-websocket-protocol': 'bearer' }, undefined],
    [{ 'sec-websocket-protocol': 'bearer, ' }, undefined],
    [{ 'sec-websocket-protocol': 'token, t' }, undefined],
    [{ 'sec-websocket-protocol': 't, bearer' }, undefined],
    [{ cookie: 'token=t', 'x-token': 't' }, undefined],
  ])('%j gives %s', (headers, token) => {
    expect(bearerOf({ headers })).toBe(token);
  });
});
