import { randomFrom } from '../../test/support/random.ts';

/** One request that a caller wants done. */
export type WantedRequest = {
  /** Of all processes' requests; what is written is marked with it. */
  readonly id: number;
  /** An issue is read, a git blob is written, or a comment on an issue is created. */
  readonly kind: 'read' | 'write' | 'content';
  readonly issue: number;
  /** The same process has read this issue before, so an ETag makes it free. */
  readonly isRepeat: boolean;
};

/** Shares of all requests. So few comments that the second between two of them is not what takes the time. */
const shares = { read: 0.85, write: 0.14, content: 0.01 } as const;
const repeatsAmongReads = 0.25;
/** A repeat is of a read so many before it, so that the first one has long been answered. */
const repeatDistance = 100;

/**
 * So many requests, dealt out among processes: 85 % reads, a quarter of which are of something that the same process has read before, 14 %
 * git blobs, 1 % new comments. The same seed gives the same. They stand in the order in which they are asked for.
 */
export function mixOf(count: number, processes: number, seed: number): readonly (readonly WantedRequest[])[] {
  const random = randomFrom(seed);
  const dealt: WantedRequest[][] = Array.from({ length: processes }, () => []);
  const read: number[][] = Array.from({ length: processes }, () => []);
  for (let id = 0; id < count; id += 1) {
    const at = id % processes;
    const [kindChance, repeatChance, which] = [random(), random(), random()];
    const kind = kindChance < shares.content ? 'content' : kindChance < 1 - shares.read ? 'write' : 'read';
    const known = read[at] ?? [];
    const before = known.length - Math.min(repeatDistance, count / processes / 4);
    const isRepeat = kind === 'read' && repeatChance < repeatsAmongReads && before > 0;
    const issue = isRepeat ? (known[Math.floor(which * before)] ?? id) : id;
    if (kind === 'read' && !isRepeat) known.push(issue);
    dealt[at]?.push({ id, kind, issue, isRepeat });
  }
  return dealt;
}

/** In the order in which all processes together ask. */
export function inOrder(dealt: readonly (readonly WantedRequest[])[]): readonly WantedRequest[] {
  return dealt.flat().sort((one, other) => one.id - other.id);
}

/** What a write is marked with. */
export function markOf(id: number): string {
  return `request ${id}`;
}
