import { errorRules, HoldfastError, isRecord, type Json } from '@holdfast/protocol';

export type Target = { readonly project: string; readonly agent: string };
export type Wish = { readonly project?: string | undefined; readonly agent?: string | undefined };

type Project = { readonly id: string; readonly agents: readonly string[] };

/**
 * The project and agent to talk to: those that were asked for, else the first project and its first agent. Asks the gateway
 * only for what is missing. Throws HoldfastError with the way out.
 */
export async function chooseTarget(url: URL, token: string | undefined, wish: Wish): Promise<Target> {
  const { project: wanted, agent } = wish;
  if (wanted !== undefined && agent !== undefined) return { project: wanted, agent };
  const projects = await readProjects(url, token);
  const project = wanted === undefined ? projects[0] : projects.find(({ id }) => id === wanted);
  if (project === undefined) throw noProject(wanted, projects);
  const chosen = agent ?? project.agents[0];
  if (chosen === undefined) {
    throw new HoldfastError('not_found', `The project ${project.id} names no agent; choose one with --agent.`);
  }
  return { project: project.id, agent: chosen };
}

function noProject(wanted: string | undefined, projects: readonly Project[]): HoldfastError {
  if (wanted === undefined) {
    return new HoldfastError('not_found', 'The gateway has no project for you; see its HOLDFAST_CONFIG.');
  }
  const there = projects.map(({ id }) => id).join(', ') || 'none';
  return new HoldfastError('not_found', `There is no project ${wanted}; there are: ${there}.`);
}

async function readProjects(url: URL, token: string | undefined): Promise<readonly Project[]> {
  const page = new URL(`${url.pathname.replace(/\/+$/, '')}/api/projects`, url);
  page.protocol = page.protocol.replace('ws', 'http');
  const response = await ask(page, token, url);
  if (response.status === errorRules.unauthorized.status || response.status === errorRules.forbidden.status) {
    throw new HoldfastError('unauthorized', `${url.origin} wants you signed in: pass --token or set HOLDFAST_TOKEN.`);
  }
  const body = (await response.json().catch(() => undefined)) as Json | undefined;
  const list = isRecord(body) ? body['projects'] : undefined;
  if (!response.ok || !Array.isArray(list)) {
    throw new HoldfastError(
      'unavailable',
      `${page.href} answered ${response.status} and no list of projects; is it a Holdfast gateway?`,
    );
  }
  return list.flatMap(readProject);
}

async function ask(page: URL, token: string | undefined, url: URL): Promise<Response> {
  try {
    return await fetch(page, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(15_000),
    });
  } catch (cause) {
    throw new HoldfastError(
      'unavailable',
      `No gateway answers at ${url.origin}; start one with "holdfast serve", or name another with --url.`,
      { cause },
    );
  }
}

function readProject(value: Json): Project[] {
  if (!isRecord(value) || typeof value['id'] !== 'string') return [];
  const agents = Array.isArray(value['agents']) ? value['agents'].flatMap(agentName) : [];
  return [{ id: value['id'], agents }];
}

function agentName(value: Json): string[] {
  const name = isRecord(value) ? value['name'] : value;
  return typeof name === 'string' ? [name] : [];
}
