import { spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { WebSocketServer, type WebSocket } from 'ws';
import type { PeerAnswer, PeerOrder } from './peer-orders.ts';

const source = fileURLToPath(new URL('../line-source.process.ts', import.meta.url));
const doneStart = '{"type":"done"';

/** Runs a peer: the line source as its child, an HTTP server on a free port, and the parent's orders. */
export function runPeer(attach: (http: Server, lines: Readable) => void): void {
  const child = spawn(process.execPath, [source], { stdio: ['pipe', 'pipe', 'inherit'] });
  const http = createServer();
  attach(http, child.stdout);
  reportEndOfFeeds(child.stdout);
  http.listen(0, '127.0.0.1', 2048, () => answer({ kind: 'listening', port: (http.address() as AddressInfo).port }));
  process.on('message', (order: PeerOrder) => {
    if (order.kind !== 'feed') return;
    child.stdin.write(`${JSON.stringify({ type: 'prompt', prompt: order.prompt })}\n`);
    answer({ kind: 'fed' });
  });
  process.channel?.ref();
  process.on('disconnect', () => process.exit(0));
  process.on('exit', () => child.kill());
}

/** A WebSocket server that keeps the set of its viewers. */
export function viewersOf(http: Server): ReadonlySet<WebSocket> {
  return new WebSocketServer({ server: http, perMessageDeflate: false }).clients;
}

// `done` is the last line of a feed, so it ends a chunk: nothing else has to be searched.
function reportEndOfFeeds(lines: Readable): void {
  lines.on('data', (chunk: Buffer) => {
    const last = chunk.lastIndexOf('\n', -2) + 1;
    if (chunk.toString('latin1', last, last + doneStart.length) === doneStart) answer({ kind: 'drained' });
  });
}

function answer(message: PeerAnswer): void {
  process.send?.(message);
}
