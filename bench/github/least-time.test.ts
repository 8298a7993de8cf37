import { expect, test } from 'vitest';
import { leastTime } from './least-time.ts';
import { inOrder, mixOf, type WantedRequest } from './request-mix.ts';
import { documentedLimits } from './server/documented-limits.ts';

function requests(count: number, more: Partial<WantedRequest> = {}): readonly WantedRequest[] {
  return Array.from({ length: count }, (_, id) => ({ id, kind: 'read', issue: id, isRepeat: false, ...more }));
}

test.each([
  ['a hundred reads at once', requests(100), 1, 80],
  ['more wait for a place', requests(101), 1, 160],
  ['900 points fill a minute', requests(901), 1, 60_080],
  ['a write is five of them', requests(181, { kind: 'write' }), 1, 60_080],
  ['each user has minutes of its own', requests(1_800), 2, 8 * 80 + 80],
  ['80 comments fill a minute', requests(81, { kind: 'content' }), 1, 60_080],
  ['500 comments fill an hour', requests(501, { kind: 'content' }), 1, 3_600_080],
  ['5,000 requests fill an hour', requests(5_001), 1, 3_600_080],
  ['repeats cost nothing of it', requests(5_001, { isRepeat: true }), 1, 5 * 60_000 + 5 * 80 + 80],
])('the least time: %s', (_what, wanted, users, expectedMs) => {
  expect(leastTime(wanted, users, documentedLimits, 80)).toBe(expectedMs);
});

test('the mix is the same for the same seed, 85 % reads, and repeats only what its process has read long before', () => {
  const dealt = mixOf(10_000, 8, 7);
  expect(dealt).toEqual(mixOf(10_000, 8, 7));
  const all = inOrder(dealt);
  expect(all.map(({ id }) => id)).toEqual(Array.from({ length: 10_000 }, (_, id) => id));
  const share = (is: (request: WantedRequest) => boolean): number => all.filter(is).length / all.length;
  expect(share(({ kind }) => kind === 'read')).toBeCloseTo(0.85, 1);
  expect(share(({ kind }) => kind === 'content')).toBeCloseTo(0.01, 2);
  expect(share(({ isRepeat }) => isRepeat)).toBeCloseTo(0.19, 1);
  for (const own of dealt) {
    const reads = own.filter(({ kind }) => kind === 'read');
    const first = new Map(reads.map(({ issue }, index) => [issue, index] as const).reverse());
    for (const [index, read] of reads.entries()) {
      expect(read.isRepeat).toBe((first.get(read.issue) ?? index) < index);
      if (read.isRepeat) expect(index - (first.get(read.issue) ?? index)).toBeGreaterThan(100);
    }
  }
});
