import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { runCommand } from './run.ts';

test('a command that is cancelled while it is being started ends', async () => {
  const controller = new AbortController();
  const running = runCommand(
    {
      ...{ command: 'sleep 600.875', directory: tmpdir(), environment: { PATH: process.env['PATH'] ?? '' } },
      ...{ mark: 'cancelled-at-start', timeoutMs: 300_000, isSandboxed: false, maxProcesses: 100 },
    },
    { onOutput: () => undefined, signal: controller.signal },
  );
  controller.abort();
  expect(await running).toMatchObject({ kind: 'cancelled', returnCode: null, isGone: true });
});
