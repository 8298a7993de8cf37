// @vitest-environment happy-dom
import { afterEach, expect, test, vi } from 'vitest';

import { browserWake } from './wake.ts';

afterEach(() => vi.restoreAllMocks());

function show(state: DocumentVisibilityState): void {
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(state);
  document.dispatchEvent(new Event('visibilitychange'));
}

test('it tells when the page becomes visible and when the network is back, and not when the page is hidden', () => {
  let wakes = 0;
  const stop = browserWake(() => (wakes += 1));
  show('hidden');
  expect(wakes).toBe(0);
  show('visible');
  expect(wakes).toBe(1);
  window.dispatchEvent(new Event('online'));
  expect(wakes).toBe(2);
  stop();
  show('visible');
  window.dispatchEvent(new Event('online'));
  expect(wakes).toBe(2);
});
