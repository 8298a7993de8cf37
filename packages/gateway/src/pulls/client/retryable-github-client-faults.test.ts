import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clientOf, countingDoor, quick, shop } from './testing/client-of.ts';
import { cutAtOnce, cutInBody, json, plain, startScriptedGitHub, type Answering } from './testing/scripted-github.ts';

/** What a step does, whether the write has taken effect when it does, and whether it can be told from the answer that it has not. */
const steps = {
  'takes effect, then answers': { answer: json({ id: 7 }, 201), isDone: true },
  'takes effect, then fails': { answer: plain(502), isDone: true },
  'takes effect, then is cut': { answer: cutInBody, isDone: true },
  'takes effect, then says nonsense': { answer: plain(201, {}, '{"', 'application/json'), isDone: true },
  fails: { answer: plain(500), isDone: false },
  'is cut': { answer: cutAtOnce, isDone: false },
  'is limited': { answer: plain(429, { 'retry-after': '0' }), isDone: false },
  'is used up': { answer: json({}, 403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1' }), isDone: false },
  'is a bad token': { answer: json({ message: 'Bad credentials' }, 401), isDone: false },
  'is sent on': { answer: plain(307, { location: '/repositories/7/issues/1/comments' }), isDone: false },
  'is refused': { answer: json({ message: 'Validation Failed' }, 422), isDone: false },
} as const satisfies Readonly<Record<string, { readonly answer: Answering; readonly isDone: boolean }>>;

type Step = keyof typeof steps;

/** Routes have more in their answers than a test wants to say. */
const made = { id: 7 } as never;

// A token that is limited for long fails the call at once, for the call has one second.
const someSteps = fc.array(fc.constantFrom(...(Object.keys(steps) as Step[])), { minLength: 1, maxLength: 8 });

test('whatever happens to a write, it is done once at most, no permit is lost, and what is told is true', async () => {
  const tokens = ['ghp_one', 'ghp_two'];
  await fc.assert(
    fc.asyncProperty(someSteps, fc.boolean(), fc.integer({ min: 0, max: 3 }), async (script, looks, maxRetries) => {
      let done = 0;
      let sentOn = 0;
      const answering = script.map((step): Answering => (arrived, response) => {
        if (steps[step].isDone) done += 1;
        if (step === 'is sent on') sentOn += 1;
        steps[step].answer(arrived, response);
      });
      await using github = await startScriptedGitHub(...answering);
      const admission = countingDoor(tokens);
      const client = clientOf(github, { admission, config: { ...quick, maxRetries, totalTimeout: 1 } });
      const lookUp = async () => (done > 0 ? made : undefined);
      const sent = client.request(
        'POST /repos/{owner}/{repo}/issues/{issue_number}/comments',
        { ...shop, issue_number: 1, body: 'hello' },
        looks ? { lookUp } : {},
      );
      const outcome = await sent.then(
        ({ data }) => ({ kind: 'answered' as const, id: data.id }),
        (error: { status?: number; stop?: string }) => ({ kind: 'failed' as const, ...error }),
      );

      expect(done).toBeLessThanOrEqual(1);
      expect(admission.open).toBe(0);
      expect(admission.ended).toBe(github.arrived.length);
      // One more for each token that was limited, and for each that was refused.
      const ofRetries = github.arrived.length - sentOn;
      expect(ofRetries).toBeLessThanOrEqual(maxRetries + 1 + 2 * tokens.length);
      if (maxRetries === 0) expect(ofRetries).toBeLessThanOrEqual(1);
      if (outcome.kind === 'answered') expect([outcome.id, done]).toEqual([7, 1]);
      else if (looks) expect(done).toBe(0);
      else if (done === 1) expect(outcome.stop).toBe('unknown_outcome');
    }),
    { numRuns: 100 },
  );
});
