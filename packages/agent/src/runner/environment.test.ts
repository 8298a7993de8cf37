import { expect, test } from 'vitest';
import { readRunnerEnvironment } from './environment.ts';

test('a runner sees what it needs and no secret, and never the marks of an agent around it', () => {
  const { passed } = readRunnerEnvironment({
    ...{ PATH: '/bin', HOME: '/home/ada', LC_ALL: 'C', XDG_RUNTIME_DIR: '/run/user/1', HTTPS_PROXY: 'http://proxy' },
    ...{
      HOLDFAST_STATE_DIR: '/s',
      HOLDFAST_RUN: 'outer',
      HOLDFAST_AGENT_RUN: 'outer',
      HOLDFAST_SESSION: 'outer',
      QUERY_TIMEOUT_MS: '1',
    },
    ...{ ANTHROPIC_API_KEY: 'secret', GITHUB_TOKEN: 'secret', AUTH_TOKENS: 'secret', NODE_OPTIONS: '--inspect' },
  });
  expect(Object.keys(passed).toSorted()).toEqual(
    ['HOLDFAST_STATE_DIR', 'HOME', 'HTTPS_PROXY', 'LC_ALL', 'PATH', 'QUERY_TIMEOUT_MS', 'XDG_RUNTIME_DIR'].toSorted(),
  );
});

test('the defaults are those of the protocol', () => {
  const environment = readRunnerEnvironment({ HOME: '/home/ada', HOLDFAST_IDLE_MS: 'soon' });
  expect(environment).toMatchObject({ stateDir: '/home/ada/.holdfast', idleMs: 900_000, abortMs: 10_000 });
});
