import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { markOf, type WantedRequest } from '../request-mix.ts';
import type { Client, ClientOrders } from './client.ts';

type Octokit = { request(route: string, parameters: Readonly<Record<string, unknown>>): Promise<unknown> };
type OctokitClass = { plugin(...plugins: readonly unknown[]): new (options: unknown) => Octokit };
type WantsRetry = (retryAfter: number, options: unknown, octokit: unknown, retryCount: number) => boolean;

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** @octokit/core with plugin-retry and plugin-throttling, one for each token, taken in turn. */
export async function openOctokit(orders: ClientOrders, wantsRetry: WantsRetry, shared: object = {}): Promise<Client> {
  const { Octokit } = await loadPackage<{ Octokit: OctokitClass }>(orders, '@octokit/core');
  const { retry } = await loadPackage<{ retry: unknown }>(orders, '@octokit/plugin-retry');
  const { throttling } = await loadPackage<{ throttling: unknown }>(orders, '@octokit/plugin-throttling');
  const Patient = Octokit.plugin(retry, throttling);
  const clients = orders.tokens.map(
    (auth, index) =>
      new Patient({
        auth,
        baseUrl: orders.url,
        log: quiet,
        // By its page an id of one's own keeps clients apart that have nothing to do with each other: users' limits are their own.
        throttle: { id: `user-${index}`, onRateLimit: wantsRetry, onSecondaryRateLimit: wantsRetry, ...shared },
      }),
  );
  let turn = 0;
  return {
    call: async (request) => {
      const octokit = clients[turn++ % clients.length];
      return octokit?.request(...routeOf(request));
    },
  };
}

function routeOf({ id, kind, issue }: WantedRequest): [string, Readonly<Record<string, unknown>>] {
  const repository = { owner: 'acme', repo: 'shop' };
  const parameters = { ...repository, issue_number: issue };
  const path = '/repos/{owner}/{repo}/issues/{issue_number}';
  switch (kind) {
    case 'read':
      return [`GET ${path}`, parameters];
    case 'write':
      return ['POST /repos/{owner}/{repo}/git/blobs', { ...repository, content: markOf(id) }];
    case 'content':
      return [`POST ${path}/comments`, { ...parameters, body: markOf(id) }];
  }
}

/** A package that is no dependency of ours, from where it was installed. */
async function loadPackage<Module>({ folders }: ClientOrders, name: string): Promise<Module> {
  const { resolve } = createRequire(join(folders[name] ?? '', 'package.json'));
  return (await import(pathToFileURL(resolve(name)).href)) as Module;
}
