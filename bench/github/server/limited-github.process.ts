import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import type { AddressInfo } from 'node:net';
import { randomFrom } from '../../../test/support/random.ts';
import { AccountLimits } from './account-limits.ts';
import { headersOf, refusalOf, type Reply } from './answers.ts';
import { benchHeaders, type ServerAnswer, type ServerOrders } from './orders.ts';
import { SmallGitHub } from './small-github.ts';

/*
 * node limited-github.process.ts ORDERS: a GitHub on loopback with the documented limits, one set for each user. Started as a child; any message
 * of its parent is answered with the report.
 */

const orders = JSON.parse(process.argv[2] ?? '') as ServerOrders;
const random = randomFrom(orders.seed);
const github = new SmallGitHub();
const accounts = new Map<string, AccountLimits>();

const http = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => response.destroy(error as Error));
});
http.listen(0, '127.0.0.1', 2048, () => tell({ kind: 'listening', port: (http.address() as AddressInfo).port }));
process.on('message', () => {
  const tallies = [...accounts.values()].map((account) => account.tally());
  const { effects, unknown, notModified } = github;
  tell({ kind: 'report', report: { accounts: tallies, effects, unknown, notModified } });
});
process.on('disconnect', () => process.exit(0));

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const user = orders.userOf[/^(?:token|bearer) (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? ''];
  if (user === undefined) return send(response, { status: 401, headers: {}, body: { message: 'Bad credentials' } });
  const account = accounts.get(user) ?? new AccountLimits(user, orders.limits);
  accounts.set(user, account);
  const path = new URL(request.url ?? '/', 'http://localhost').pathname;
  const asked = github.ask(request.method ?? 'GET', path, user, request.headers['if-none-match']);
  const reception = account.arrived({
    atMs: Date.now(),
    sentAtMs: Number(request.headers[benchHeaders.sentAt] ?? Date.now()),
    knows: String(request.headers[benchHeaders.knows] ?? '').split(','),
    kind: asked.kind,
    isFree: asked.isFree,
  });
  // Drawn in the order of arrival, whoever is answered first.
  const [chance, spread] = [random(), random()];
  const [least, most] = orders.latencyMs;
  const body = asked.kind === 'read' ? undefined : await json(request);
  await wait(least + spread * (most - least));
  const isLimited = reception.kind === 'limited';
  const reply = isLimited ? refusalOf(reception.pause, Date.now(), chance) : github.answer(asked, user, body);
  const pause = isLimited ? reception.pause : reception.quota.pause;
  if (pause) account.told(pause, Date.now());
  send(response, { ...reply, headers: { ...headersOf(reception.quota, Date.now()), ...reply.headers } });
  account.ended();
}

function send(response: ServerResponse, reply: Reply): void {
  response.writeHead(reply.status, reply.headers);
  response.end(reply.body === undefined ? undefined : JSON.stringify(reply.body));
}

function tell(message: ServerAnswer): void {
  process.send?.(message);
}
