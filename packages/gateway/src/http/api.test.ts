import { describe, expect, test } from 'vitest';
import { HoldfastError, type ProjectId, type UserId } from '@holdfast/protocol';
import { MemoryConversationStore } from '../conversations/store.memory.ts';
import { TokenIdentity } from '../identity/identity.ts';
import { Secret } from '../lib/secret.ts';
import type { Logger } from '../lib/logger.ts';
import { ProjectDirectory } from '../projects/directory.ts';
import { noChecks, type Project } from '../projects/project.ts';
import { Sessions } from '../sessions/sessions.ts';
import { createApi, type ApiParts } from './api.ts';

const shop: Project = {
  id: 'shop' as ProjectId,
  name: 'Shop',
  members: ['ada'],
  agents: undefined,
  workspace: { kind: 'ssh', ssh: { host: '10.0.0.7', user: 'coder', path: '/home/coder', identityFile: '/keys/id' } },
  env: { ANTHROPIC_API_KEY: new Secret('sk-hush') },
  checks: noChecks,
};

function apiWith(parts: Partial<ApiParts> = {}) {
  const logged: object[] = [];
  const note = (fields: object): void => void logged.push(fields);
  const log: Logger = { debug: note, info: note, warn: note, error: note, child: () => log };
  const identity = new TokenIdentity([
    { userId: 'ada' as UserId, token: new Secret('ada-token') },
    { userId: 'grace' as UserId, token: new Secret('grace-token') },
  ]);
  const store = new MemoryConversationStore({ ttlMs: null });
  const sessions = new Sessions({ store, workplaceOf: () => undefined, log });
  const projects = new ProjectDirectory([shop]);
  const checks = {} as ApiParts['checks'];
  const metrics = { read: async () => ({ contentType: 'text/plain', text: '' }) };
  const app = createApi({
    identity,
    projects,
    store,
    sessions,
    checks,
    metrics,
    health: [],
    startedAt: 0,
    log,
    ...parts,
  });
  const ask = async (path: string, token?: string): Promise<{ status: number; body: unknown }> => {
    const answer = await app.request(
      path,
      token === undefined ? {} : { headers: { Authorization: `Bearer ${token}` } },
    );
    return { status: answer.status, body: await answer.json() };
  };
  return { ask, logged };
}

describe('the HTTP door', () => {
  test('says who one is', async () => {
    expect(await apiWith().ask('/api/me', 'ada-token')).toEqual({ status: 200, body: { userId: 'ada' } });
  });

  test('shows of a project its name and agents, nothing of where and with what keys it runs', async () => {
    const shown = { id: 'shop', name: 'Shop', agents: ['claude', 'demo'] };
    const { ask } = apiWith();
    expect((await ask('/api/projects/shop', 'ada-token')).body).toEqual(shown);
    expect((await ask('/api/projects', 'ada-token')).body).toEqual({ projects: [shown] });
  });

  test('does not tell a stranger’s project from none', async () => {
    const { ask } = apiWith();
    expect(await ask('/api/projects/shop', 'grace-token')).toEqual(await ask('/api/projects/nowhere', 'grace-token'));
    expect((await ask('/api/projects', 'grace-token')).body).toEqual({ projects: [] });
  });

  test.each(['/api', '/api/me', '/api/projects', '/api/projects/shop', '/api/conversations', '/api/nothing'])(
    '%s is for those who are signed in',
    async (path) => {
      const { ask } = apiWith();
      for (const token of [undefined, 'wrong']) {
        const { status, body } = await ask(path, token);
        expect(status).toBe(401);
        expect(body).toMatchObject({ error: { code: 'unauthorized' } });
      }
    },
  );

  test('is not ready when a required part is down, and alive all the same', async () => {
    const check = async (): Promise<void> => Promise.reject(new Error('disk full at /srv/secret'));
    const { ask } = apiWith({ health: [{ name: 'db', isRequired: true, check }] });
    const health = { status: 'degraded', checks: { db: false }, uptime: expect.any(Number) };
    expect(await ask('/readyz')).toEqual({ status: 503, body: health });
    expect(await ask('/health')).toEqual({ status: 200, body: health });
    expect(await ask('/livez')).toEqual({ status: 200, body: { status: 'alive' } });
  });

  test('answers an error of ours with its code and status', async () => {
    const projects = {
      of: () => {
        throw new HoldfastError('unavailable', 'The list is away; try again.');
      },
    };
    const { ask, logged } = apiWith({ projects: projects as unknown as ProjectDirectory });
    const body = { error: { code: 'unavailable', message: 'The list is away; try again.' } };
    expect(await ask('/api/projects', 'ada-token')).toEqual({ status: 503, body });
    expect(logged).toEqual([]);
  });

  test('answers a defect with nothing about it, and logs it', async () => {
    const defect = new TypeError('secret detail');
    const projects = {
      of: () => {
        throw defect;
      },
    };
    const { ask, logged } = apiWith({ projects: projects as unknown as ProjectDirectory });
    const { status, body } = await ask('/api/projects', 'ada-token');
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toContain('secret detail');
    expect(logged).toEqual([{ err: defect }]);
  });
});
