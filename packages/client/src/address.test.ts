import { expect, test } from 'vitest';

import { socketUrl } from './address.ts';

test.each([
  ['http://127.0.0.1:8787', 'ws://127.0.0.1:8787/projects/shop/agent/demo'],
  ['https://agents.example/holdfast/', 'wss://agents.example/holdfast/projects/shop/agent/demo'],
  ['wss://agents.example?token=secret#top', 'wss://agents.example/projects/shop/agent/demo'],
])('%s leads to %s', (url, expected) => {
  expect(socketUrl({ url, project: 'shop', agent: 'demo' }, undefined)).toBe(expected);
});

test('names are escaped, and the cursor and the conversation stand in the query', () => {
  const address = { url: 'http://h', project: 'a/b', agent: 'acp:gemini --x', conversation: 'c1' };
  expect(socketUrl(address, { epoch: 'e', seq: 7 })).toBe(
    'ws://h/projects/a%2Fb/agent/acp%3Agemini%20--x?conversation=c1&after=7&epoch=e',
  );
});
