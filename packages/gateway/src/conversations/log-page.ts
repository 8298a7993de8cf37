import type { ConversationId } from '@holdfast/protocol';
import { textsOf } from './log-batch.ts';
import type { LogStore } from './store.ts';

export type LogPage = {
  /** The messages' JSON as it is in the log, byte for byte; nobody has parsed it. */
  readonly texts: readonly string[];
  /** Number of the last of them; `after` when there is none. */
  readonly lastSeq: number;
};

/** A page ends before it is larger than about this, so that nobody holds a whole long conversation in memory. */
const maxPageBytes = 4 * 1024 * 1024;
const readBytes = 256 * 1024;

/** At most `limit` messages after number `after`, fewer when they are large; none at the end of the log. */
export async function readLogPage(
  store: Pick<LogStore, 'readLog'>,
  id: ConversationId,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<LogPage> {
  const texts: string[] = [];
  let lastSeq = after;
  let bytes = 0;
  while (texts.length < limit && bytes < maxPageBytes) {
    const batches = await store.readLog(id, lastSeq, readBytes);
    if (batches.length === 0) break;
    for (const batch of batches) {
      const wanted = textsOf(batch).slice(
        lastSeq + 1 - batch.firstSeq,
        lastSeq + 1 - batch.firstSeq + limit - texts.length,
      );
      texts.push(...wanted);
      lastSeq += wanted.length;
      bytes += batch.bytes.length;
      if (texts.length === limit) break;
    }
  }
  return { texts, lastSeq };
}
