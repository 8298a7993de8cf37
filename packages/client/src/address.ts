import type { Cursor } from '@holdfast/protocol';

/** Where a conversation is. */
export type Address = {
  /** The gateway: `http(s)://` or `ws(s)://`, with a path before `/projects` if it has one. */
  readonly url: string;
  readonly project: string;
  readonly agent: string;
  /** An id, or `new`; absent: the newest with this project and agent, else a new one. */
  readonly conversation?: string;
};

/** The socket's URL (docs/protocol.md 2.1 and 2.3). Throws TypeError when `url` is not one. */
export function socketUrl(address: Address, cursor: Cursor | undefined): string {
  const url = new URL(address.url);
  url.protocol = url.protocol === 'https:' || url.protocol === 'wss:' ? 'wss:' : 'ws:';
  const base = url.pathname.replace(/\/+$/, '');
  url.pathname = `${base}/projects/${encodeURIComponent(address.project)}/agent/${encodeURIComponent(address.agent)}`;
  url.hash = '';
  url.search = '';
  if (address.conversation !== undefined) url.searchParams.set('conversation', address.conversation);
  if (cursor !== undefined) {
    url.searchParams.set('after', String(cursor.seq));
    url.searchParams.set('epoch', cursor.epoch);
  }
  return url.href;
}
