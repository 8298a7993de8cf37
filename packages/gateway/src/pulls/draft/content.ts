import { createHash } from 'node:crypto';
import { HoldfastError } from '@holdfast/protocol';
import type { EntryStore } from '../../conversations/entry-store.ts';
import type { Draft } from './draft.ts';
import type { Outbox } from './outbox.ts';

/** A draft is larger than an entry may be, so it is kept in parts, each as base64 in a JSON string. */
export type DraftContent = {
  readonly ref: Outbox['content'];
  readonly parts: readonly string[];
  /** Of all parts together, as JSON. */
  readonly bytes: number;
};

/** What a draft may have in all. The policy bounds its files; JSON makes up to six bytes of one. */
export const maxContentBytes: number = 16_000_000;

/** In base64 and quotes that is less than an entry's 256 KiB. */
const partBytes = 192_000;
/** Parts that no outbox names (a process was killed between the two) go by themselves; a draft that failed can be tried again until then. */
export const keptMs: number = 30 * 24 * 3_600_000;

/** The parts of a draft, and what an outbox has to know to find them again. */
export function contentOfDraft(draft: Draft): DraftContent {
  const bytes = Buffer.from(JSON.stringify(draft));
  const parts = Array.from({ length: Math.ceil(bytes.length / partBytes) }, (_, index) =>
    bytes.subarray(index * partBytes, (index + 1) * partBytes).toString('base64'),
  );
  const ref = { parts: parts.length, digest: createHash('sha256').update(bytes).digest('hex') };
  return { ref, parts, bytes: bytes.length };
}

/** Writes the parts. Other content under the same id lies elsewhere, so two who write at once do not mix theirs. */
export async function writeParts(
  entries: EntryStore,
  draftId: string,
  { ref, parts }: DraftContent,
  atMs: number,
): Promise<void> {
  for (const [index, part] of parts.entries()) {
    const entry = { body: JSON.stringify(part), list: null, expiresAt: atMs + keptMs };
    await entries.changeEntry(partKey(draftId, ref, index), () => ({ next: entry, result: undefined }));
  }
}

/** Throws `not_found` when parts are gone, `internal` when they are not what was written. */
export async function readDraft(entries: EntryStore, draftId: string, ref: Outbox['content']): Promise<Draft> {
  const parts: Buffer[] = [];
  for (let index = 0; index < ref.parts; index += 1) {
    const entry = await entries.readEntry(partKey(draftId, ref, index));
    if (!entry) {
      throw new HoldfastError(
        'not_found',
        `What was to be published as ${draftId} is no longer kept; ask for it again under another id.`,
      );
    }
    parts.push(Buffer.from(JSON.parse(entry.body) as string, 'base64'));
  }
  const bytes = Buffer.concat(parts);
  if (createHash('sha256').update(bytes).digest('hex') !== ref.digest) {
    throw new HoldfastError(
      'internal',
      `What is kept of the draft ${draftId} is not what was written; check the store.`,
    );
  }
  return JSON.parse(bytes.toString()) as Draft;
}

/** Twice is fine. */
export async function deleteParts(entries: EntryStore, draftId: string, ref: Outbox['content']): Promise<void> {
  for (let index = 0; index < ref.parts; index += 1) {
    await entries.changeEntry(partKey(draftId, ref, index), (current) => ({
      next: current === undefined ? undefined : null,
      result: undefined,
    }));
  }
}

function partKey(draftId: string, { digest }: Outbox['content'], index: number): string {
  return `draft/${draftId}/part/${digest.slice(0, 16)}/${index}`;
}
