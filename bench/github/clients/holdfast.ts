import type { EntryStore } from '../../../packages/gateway/src/conversations/entry-store.ts';
import { SQLiteConversationStore } from '../../../packages/gateway/src/conversations/store.sqlite.ts';
import { openAdmission } from '../../../packages/gateway/src/pulls/admission/open-admission.ts';
import { RetryableGitHubClient } from '../../../packages/gateway/src/pulls/client/retryable-github-client.ts';
import { markOf } from '../request-mix.ts';
import type { Client, ClientOrders } from './client.ts';

const repository = { owner: 'acme', repo: 'shop' };
/** Callers are patient: an hour's quota is waited for. */
const totalTimeout = 6 * 3600;

/** Ours: the client, and the admission that its processes share through one SQLite file. */
export async function open({ url, tokens, sharedFile, speed }: ClientOrders): Promise<Client> {
  const store = new SQLiteConversationStore(sharedFile, { ttlMs: null });
  const entries = new CountedEntries(store);
  // When the machine pauses the fast clock runs on, and neither the store nor GitHub is to blame; the others have no such time-outs.
  const { admission } = openAdmission({ tokens, entries, storeTimeoutMs: 10_000 * speed });
  const attemptTimeoutMs = 30_000 * speed;
  const client = new RetryableGitHubClient({ admission, baseUrl: url, config: { totalTimeout }, attemptTimeoutMs });
  return {
    call: ({ id, kind, issue }) => {
      const parameters = { ...repository, issue_number: issue };
      switch (kind) {
        case 'read':
          return client.request('GET /repos/{owner}/{repo}/issues/{issue_number}', parameters);
        case 'write':
          return client.request('POST /repos/{owner}/{repo}/git/blobs', { ...repository, content: markOf(id) });
        case 'content':
          return client.request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
            ...parameters,
            body: markOf(id),
          });
      }
    },
    storeChanges: () => entries.changes,
    close: () => store.close(),
  };
}

/** Counts what is changed. */
class CountedEntries implements EntryStore {
  readonly #entries: EntryStore;
  changes = 0;

  constructor(entries: EntryStore) {
    this.#entries = entries;
  }

  readEntry(...args: Parameters<EntryStore['readEntry']>): ReturnType<EntryStore['readEntry']> {
    return this.#entries.readEntry(...args);
  }

  changeEntry: EntryStore['changeEntry'] = (key, change) => {
    this.changes += 1;
    return this.#entries.changeEntry(key, change);
  };

  entriesIn(...args: Parameters<EntryStore['entriesIn']>): ReturnType<EntryStore['entriesIn']> {
    return this.#entries.entriesIn(...args);
  }

  sweepEntries(...args: Parameters<EntryStore['sweepEntries']>): ReturnType<EntryStore['sweepEntries']> {
    return this.#entries.sweepEntries(...args);
  }
}
