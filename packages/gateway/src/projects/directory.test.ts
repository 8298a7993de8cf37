import { describe, expect, test } from 'vitest';
import type { ProjectId, UserId } from '@holdfast/protocol';
import { ProjectDirectory } from './directory.ts';
import { noChecks, type Project } from './project.ts';

const project = (id: string, rest: Partial<Project> = {}): Project => ({
  id: id as ProjectId,
  name: id,
  members: ['*'],
  agents: undefined,
  workspace: { kind: 'local', path: '/srv' },
  env: {},
  checks: noChecks,
  ...rest,
});
const ada = 'ada' as UserId;
const grace = 'grace' as UserId;
const directory = new ProjectDirectory([
  project('open'),
  project('hers', { members: ['grace'] }),
  project('strict', { agents: ['demo'] }),
  project('empty', { members: [] }),
]);
const enter = (id: string, agent: string, user: UserId) => () => directory.enter(id as ProjectId, agent, user);

describe('the projects', () => {
  test('a person sees those that are open to everybody, and their own', () => {
    expect(directory.of(ada).map(({ id }) => id)).toEqual(['open', 'strict']);
    expect(directory.of(grace).map(({ id }) => id)).toEqual(['open', 'hers', 'strict']);
  });

  test('who may work in one gets it', () => {
    expect(enter('open', 'claude', ada)().id).toBe('open');
    expect(enter('hers', 'demo', grace)().id).toBe('hers');
    expect(enter('strict', 'demo', ada)().id).toBe('strict');
  });

  test.each([
    ['a project that is not there', 'nowhere', 'demo', ada, 'not_found'],
    ['one with a name that every object has', 'constructor', 'demo', ada, 'not_found'],
    ['one of others', 'hers', 'demo', ada, 'forbidden'],
    [
      'one of others with an agent that is not there: who is not a member learns nothing more',
      'hers',
      'nobody',
      ada,
      'forbidden',
    ],
    ['one without members', 'empty', 'demo', grace, 'forbidden'],
    ['an agent that is not there', 'open', 'nobody', ada, 'not_found'],
    ['an agent that is not allowed', 'strict', 'claude', ada, 'forbidden'],
  ])('%s: %s, %s, %s is %s', (_name, id, agent, user, code) => {
    expect(enter(id, agent, user)).toThrow(expect.objectContaining({ code }));
  });

  test('a member called "*" in a token is nobody special', () => {
    expect(enter('hers', 'demo', '*' as UserId)).toThrow(expect.objectContaining({ code: 'forbidden' }));
  });
});
