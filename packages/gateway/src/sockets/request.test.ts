import { describe, expect, test } from 'vitest';
import { isOriginAllowed, parseViewerRequest } from './request.ts';

describe('an upgrade request', () => {
  test('names project, agent, conversation and cursor', () => {
    expect(parseViewerRequest({ url: '/projects/shop/agent/acp%3Agemini?conversation=c1&after=7&epoch=e' })).toEqual({
      projectId: 'shop',
      agent: 'acp:gemini',
      conversation: 'c1',
      cursor: { epoch: 'e', seq: 7 },
    });
  });

  test('means the newest conversation when it names none', () => {
    expect(parseViewerRequest({ url: '/projects/shop/agent/demo' })).toMatchObject({
      conversation: 'newest',
      cursor: undefined,
    });
  });

  test.each([
    '/',
    '/projects/shop',
    '/projects/shop/agent/',
    '/projects/shop/agent/demo/more',
    '/projects/SHOP/agent/demo',
    '/projects/%E0%A4%A/agent/demo',
    '//',
    '//[',
    '//shop/agent/demo',
    '*',
    'http://',
    'shop:',
  ])('to %s is not found', (url) => {
    expect(() => parseViewerRequest({ url })).toThrow(expect.objectContaining({ code: 'not_found' }));
  });

  test.each(['after=1', 'epoch=e', 'after=-1&epoch=e', 'after=1.5&epoch=e', 'after=x&epoch=e', 'conversation=../x'])(
    'with ?%s is bad',
    (query) => {
      const url = `/projects/shop/agent/demo?${query}`;
      expect(() => parseViewerRequest({ url })).toThrow(expect.objectContaining({ code: 'bad_message' }));
    },
  );
});

describe('the origin', () => {
  const host = 'gateway.example:8787';
  test.each([
    [undefined, [], true],
    ['https://gateway.example:8787', [], true],
    ['https://evil.example', [], false],
    ['https://console.example', ['https://console.example'], true],
    ['null', [], false],
    ['not a url', [], false],
  ])('%s with the list %j is allowed: %s', (origin, allowed, expected) => {
    expect(isOriginAllowed({ headers: { host, ...(origin === undefined ? {} : { origin }) } }, allowed)).toBe(expected);
  });
});
