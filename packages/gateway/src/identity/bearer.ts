import type { IncomingMessage } from 'node:http';

/** The bearer token of a request: `Authorization: Bearer T`, or the subprotocols `bearer, T` (docs/protocol.md 2.2). */
export function bearerOf(request: Pick<IncomingMessage, 'headers'>): string | undefined {
  const header = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (header !== undefined) return header;
  const [scheme, token] = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((part) => part.trim());
  return scheme === 'bearer' && token !== undefined && token !== '' ? token : undefined;
}
