import { expect, test } from 'vitest';
import { TestMachine } from './testing/test-machine.ts';
import type { TestChannel, TestLink } from './testing/test-link.ts';

type Victim = 'runner' | 'agent' | 'link' | 'runner and link';

/** Who is killed, and after how many further lines of the journal. */
const plan: readonly (readonly [Victim, number])[] = [
  ['agent', 2],
  ['runner', 1],
  ['link', 2],
  ['runner and link', 3],
  ['agent', 40],
  ['runner', 90],
  ['link', 300],
  ['runner', 2],
  ['agent', 600],
  ['runner and link', 500],
  ['link', 1],
  ['runner', 700],
];

const isDone = (line: string): boolean => line.startsWith('{"type":"done"');

test(
  'whoever is killed, and whenever: each prompt is accepted once and done once, and every line arrives once',
  {
    timeout: 240_000,
  },
  async () => {
    const machine = await TestMachine.start();
    let link = machine.link();
    let epoch: unknown;
    const received: string[] = [];

    for (const [number, [victim, afterLines]] of plan.entries()) {
      let session = await open();
      const prompt = (): void => session.prompt(`p${number}`, `flood 1500 120\nsay end of ${number}`);
      prompt();
      await session.untilOffset(received.length + afterLines);
      link = kill(machine, link, victim);
      received.push(...session.freeze());
      session = await open();
      // What a client does that does not know whether it was heard.
      prompt();
      if (received.filter(isDone).length <= number) await session.untilType('done');
      received.push(...session.freeze());
    }

    const journal = machine.journal('s1');
    expect(received).toEqual(journal);
    for (const [number] of plan.entries()) {
      expect(journal.filter((line) => line.includes(`"runner.accepted","id":"p${number}"`))).toHaveLength(1);
    }
    expect(journal.filter(isDone)).toHaveLength(plan.length);
    await link.close();
    await machine.stop();

    async function open(): Promise<TestChannel> {
      const from = received.length;
      const session = link.open('s1', { from, ...(epoch === undefined ? {} : { epoch }) });
      const opened = await session.opened();
      epoch ??= opened['epoch'];
      expect(opened).toMatchObject({ epoch, from });
      return session;
    }
  },
);

function kill(machine: TestMachine, link: TestLink, victim: Victim): TestLink {
  if (victim === 'agent') process.kill(machine.agentPid('s1'), 'SIGKILL');
  if (victim.includes('runner')) process.kill(machine.runnerPid('s1'), 'SIGKILL');
  if (!victim.includes('link')) return link;
  link.process.kill('SIGKILL');
  return machine.link();
}
