import { describe, expect, test, vi } from 'vitest';
import type { Admission } from '../admission/admission.ts';
import { orAborted } from '../retry/or-aborted.ts';
import { useClientClock } from './testing/client-clock.ts';
import { clientOf, countingDoor, quick, shop } from './testing/client-of.ts';
import { json, plain, silence, stallInBody, startScriptedGitHub } from './testing/scripted-github.ts';

const repository = 'GET /repos/{owner}/{repo}';
/** As `abort()` without a reason has it. */
const reason = new DOMException('the user left', 'AbortError');

useClientClock();

describe('a signal', () => {
  test('that has aborted lets nothing be sent', async () => {
    await using github = await startScriptedGitHub();
    const admission = countingDoor();
    const call = clientOf(github, { admission }).request(repository, shop, { signal: AbortSignal.abort(reason) });
    await expect(call).rejects.toBe(reason);
    expect(github.arrived).toEqual([]);
    expect(admission).toMatchObject({ open: 0, ended: 0 });
  });

  test.each([
    ['before the answer', silence],
    ['in its body', stallInBody],
  ])('ends a request %s, with its connection', async (_when, fault) => {
    await using github = await startScriptedGitHub(fault);
    const controller = new AbortController();
    const admission = countingDoor();
    const call = clientOf(github, { admission }).request(repository, shop, { signal: controller.signal });
    call.catch(() => {});
    await github.untilArrived(1);
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    await github.untilNoConnection();
    expect(admission).toMatchObject({ open: 0, ended: 1, unused: 0 });
    expect(Object.keys(reason)).toEqual([]);
  });

  test('ends the wait between two attempts', async () => {
    await using github = await startScriptedGitHub(plain(502, { 'retry-after': '300' }));
    const controller = new AbortController();
    const call = clientOf(github, { onRetry: () => controller.abort(reason) }).request(repository, shop, {
      signal: controller.signal,
    });
    await expect(call).rejects.toBe(reason);
  });

  test('ends the wait at the door', async () => {
    await using github = await startScriptedGitHub(plain(429, { 'retry-after': '300' }));
    const controller = new AbortController();
    const admission = countingDoor();
    const { promise: isWaiting, resolve: onRetry } = Promise.withResolvers<unknown>();
    const call = clientOf(github, { admission, onRetry }).request(repository, shop, { signal: controller.signal });
    call.catch(() => {});
    await isWaiting;
    await vi.advanceTimersByTimeAsync(1000);
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    expect(admission).toMatchObject({ open: 0, ended: 1 });
  });

  test('that aborts as the permit is given leaves it unused', async () => {
    await using github = await startScriptedGitHub();
    const controller = new AbortController();
    const door = countingDoor();
    const admission = {
      admit: async (...given: Parameters<typeof door.admit>) => {
        const admitted = await door.admit(...given);
        controller.abort(reason);
        return admitted;
      },
    };
    const call = clientOf(github, { admission }).request(repository, shop, { signal: controller.signal });
    await expect(call).rejects.toBe(reason);
    expect(door).toMatchObject({ open: 0, ended: 0, unused: 1 });
    expect(github.arrived).toEqual([]);
  });
});

describe('a write that is not answered in all the time that there is', () => {
  const comment = 'POST /repos/{owner}/{repo}/issues/{issue_number}/comments';
  const said = { ...shop, issue_number: 1, body: 'hello' } as const;

  test.each([undefined, async (): Promise<undefined> => {}])(
    'is one whose outcome is unknown, whether or not somebody could have looked: %o',
    async (lookUp) => {
      await using github = await startScriptedGitHub(silence);
      const client = clientOf(github, { config: { ...quick, totalTimeout: 10 } });
      const call = client.request(comment, said, lookUp && { lookUp });
      call.catch(() => {});
      await github.untilArrived(1);
      await vi.advanceTimersByTimeAsync(10_000);
      await expect(call).rejects.toMatchObject({ stop: 'unknown_outcome', attempts: 1 });
    },
  );

  test('is known once it was looked for, also when the time ends while it waits for its turn to be sent again', async () => {
    await using github = await startScriptedGitHub(plain(502));
    const door = countingDoor();
    const { promise: isWaiting, resolve } = Promise.withResolvers<void>();
    const admission: Admission = {
      admit: async (ask, { signal, notAfterMs }) => {
        if (github.arrived.length === 0) return await door.admit(ask, { signal, notAfterMs });
        resolve();
        return await orAborted(new Promise<never>(() => {}), signal);
      },
    };
    const client = clientOf(github, { admission, config: { ...quick, baseDelay: 0, totalTimeout: 10 } });
    const call = client.request(comment, said, { lookUp: async () => undefined });
    call.catch(() => {});
    await isWaiting;
    await vi.advanceTimersByTimeAsync(10_000);
    await expect(call).rejects.toMatchObject({ stop: 'over_budget', status: 502 });
  });

  test('is looked for with a signal that ends with the time', async () => {
    await using github = await startScriptedGitHub(plain(502));
    const { promise: isWaiting, resolve: onRetry } = Promise.withResolvers<unknown>();
    const client = clientOf(github, { config: { ...quick, totalTimeout: 10 }, onRetry });
    const { promise: isLooking, resolve } = Promise.withResolvers<AbortSignal>();
    const lookUp = ({ signal }: { readonly signal: AbortSignal }): Promise<never> => {
      resolve(signal);
      return new Promise(() => {});
    };
    const call = client.request(comment, said, { lookUp });
    call.catch(() => {});
    await isWaiting;
    await vi.advanceTimersByTimeAsync(5);
    const signal = await isLooking;
    expect(signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(10_000);
    await expect(call).rejects.toMatchObject({ stop: 'unknown_outcome', status: 502 });
    expect(signal.aborted).toBe(true);
  });
});

describe('an answer that takes too long', () => {
  test.each([
    ['to begin', silence],
    ['to end', stallInBody],
  ])('%s is a timeout after 30 seconds, and asked for again', async (_what, fault) => {
    await using github = await startScriptedGitHub(fault, json({ id: 7 }));
    const { promise: isWaiting, resolve: onRetry } = Promise.withResolvers<unknown>();
    const call = clientOf(github, { onRetry }).request(repository, shop);
    await github.untilArrived(1);
    await vi.advanceTimersByTimeAsync(29_999);
    expect(github.arrived).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    await isWaiting;
    await vi.advanceTimersByTimeAsync(1);
    expect(await call).toMatchObject({ data: { id: 7 } });
  });

  test('for the whole call is the end of it, with its connection', async () => {
    await using github = await startScriptedGitHub(silence);
    const admission = countingDoor();
    const call = clientOf(github, { admission, config: { ...quick, totalTimeout: 10 } }).request(repository, shop);
    call.catch(() => {});
    await github.untilArrived(1);
    await vi.advanceTimersByTimeAsync(10_000);
    await expect(call).rejects.toMatchObject({ code: 'timeout', stop: 'over_budget', attempts: 1 });
    await github.untilNoConnection();
    expect(admission).toMatchObject({ open: 0, ended: 1 });
  });
});
