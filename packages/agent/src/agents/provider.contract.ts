import { parseJournalLine, type AgentLine, type TextMessage } from '@holdfast/protocol';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LineWriter } from '../run/line-writer.ts';
import { RunningTurn } from '../run/running-turn.ts';
import type { AgentPrompt, AgentProvider } from './provider.ts';

/** An agent as the suite needs it: how to open it, and what to ask of it so that it does a certain thing. */
export type ProviderUnderTest = {
  readonly cwd: string;
  /** Opens the agent on the one session of this test: again after `close` is what a later process does. */
  open(): AgentProvider;
  readonly prompts: {
    /** Streams three deltas or more. */
    readonly text: string;
    /** Streams for minutes, ten deltas a second or more. */
    readonly endless: string;
    write(path: string, content: string): string;
    /** Runs this in a shell. */
    command(command: string): string;
  };
  /** The processes that it started and that are still there. */
  processes(): readonly number[];
  close(): Promise<void>;
};

/** What every provider promises. */
export function describeProvider(name: string, prepare: () => Promise<ProviderUnderTest>): void {
  describe(`${name} as a provider`, () => {
    let agent: ProviderUnderTest;
    let provider: AgentProvider;

    beforeEach(async () => {
      agent = await prepare();
      provider = agent.open();
    });
    afterEach(async () => {
      await provider.close();
      await agent.close();
    });

    it('streams text in one block and says what the turn used', async () => {
      const turn = play(provider, agent.prompts.text);
      const done = await turn.done;
      expect(done.reason).toBe('completed');
      expect(done.usage?.inputTokens).toBeGreaterThan(0);
      expect(done.usage?.outputTokens).toBeGreaterThan(0);
      expect(done.usage?.cost).toBeGreaterThan(0);
      const deltas = textsOf(turn.lines);
      expect(deltas.length).toBeGreaterThanOrEqual(3);
      expect(new Set(deltas.map((line) => line.block)).size).toBe(1);
    });

    it('waits with a tool call for the decision, and then really carries it out', async () => {
      const turn = play(provider, agent.prompts.write('approved.txt', 'from the agent'));
      const { tool } = await turn.until(isPending);
      expect(existsSync(join(agent.cwd, 'approved.txt'))).toBe(false);
      turn.turn.decide(tool.id, { kind: 'approved' });
      expect((await turn.done).reason).toBe('completed');
      expect(readFileSync(join(agent.cwd, 'approved.txt'), 'utf8')).toBe('from the agent');
      expect(turn.statuses()).toEqual(['pending', 'running', 'complete']);
      expect(turn.results()).toEqual([{ toolId: tool.id, failed: false }]);
    });

    it('does not carry out what was rejected, and the turn ends all the same', async () => {
      const turn = play(provider, agent.prompts.write('rejected.txt', 'never'));
      const { tool } = await turn.until(isPending);
      turn.turn.decide(tool.id, { kind: 'rejected', reason: 'not today' });
      expect((await turn.done).reason).toBe('completed');
      expect(existsSync(join(agent.cwd, 'rejected.txt'))).toBe(false);
      expect(turn.results()).toEqual([{ toolId: tool.id, failed: true }]);
      expect(turn.statuses()).not.toContain('running');
    });

    it('stops streaming when the turn is aborted, and goes on with the next prompt', async () => {
      const turn = play(provider, agent.prompts.endless);
      await turn.until((line) => line.type === 'text');
      turn.turn.abort();
      expect((await turn.done).reason).toBe('aborted');
      const count = turn.lines.length;
      expect((await play(provider, agent.prompts.text).done).reason).toBe('completed');
      expect(turn.lines).toHaveLength(count);
    });

    it('asks nobody any more when the turn is aborted while a call waits', async () => {
      const turn = play(provider, agent.prompts.write('aborted.txt', 'never'));
      await turn.until(isPending);
      turn.turn.abort();
      expect((await turn.done).reason).toBe('aborted');
      expect(turn.results().map((result) => result.failed)).toEqual([true]);
      expect((await play(provider, agent.prompts.text).done).reason).toBe('completed');
      expect(existsSync(join(agent.cwd, 'aborted.txt'))).toBe(false);
    });

    it('ends a command that runs when the turn is aborted', async () => {
      provider.applySettings({ permissionMode: 'bypassPermissions' });
      const turn = play(provider, agent.prompts.command('echo $$ > pid; exec tail -f /dev/null'));
      const pid = await appears(join(agent.cwd, 'pid'));
      turn.turn.abort();
      expect((await turn.done).reason).toBe('aborted');
      await gone(() => agent.processes().filter((each) => each === pid));
    });

    it('carries out two prompts one after the other', async () => {
      const first = play(provider, agent.prompts.text);
      await first.done;
      const second = play(provider, agent.prompts.text);
      expect((await second.done).reason).toBe('completed');
      const [before, after] = [first, second].map((each) => textsOf(each.lines).map((line) => line.block));
      expect(after?.some((block) => before?.includes(block))).toBe(false);
    });

    it('does not ask about edits in acceptEdits', async () => {
      provider.applySettings({ permissionMode: 'acceptEdits' });
      const turn = play(provider, agent.prompts.write('edit.txt', 'unasked'));
      expect((await turn.done).reason).toBe('completed');
      expect(readFileSync(join(agent.cwd, 'edit.txt'), 'utf8')).toBe('unasked');
      expect(turn.statuses()).toEqual(['running', 'complete']);
    });

    it('asks about nothing in bypassPermissions, also when that is chosen later, and asks again after it', async () => {
      await play(provider, agent.prompts.text).done;
      provider.applySettings({ permissionMode: 'bypassPermissions' });
      const turn = play(provider, agent.prompts.command('echo unasked > ran.txt'));
      expect((await turn.done).reason).toBe('completed');
      expect(readFileSync(join(agent.cwd, 'ran.txt'), 'utf8')).toBe('unasked\n');
      expect(turn.statuses()).toEqual(['running', 'complete']);
      provider.applySettings({ permissionMode: 'default' });
      const asked = play(provider, agent.prompts.write('asked.txt', ''));
      await asked.until(isPending);
      asked.turn.abort();
      await asked.done;
    });

    it('goes on with its session in a later process', async () => {
      await play(provider, agent.prompts.text).done;
      const { sessionId } = provider;
      expect(sessionId).toBeDefined();
      await provider.close();
      provider = agent.open();
      expect(provider.sessionId).toBe(sessionId);
      const turn = play(provider, agent.prompts.text);
      expect((await turn.done).reason).toBe('completed');
      expect(provider.sessionId).toBe(sessionId);
      expect(turn.lines.some((line) => line.type === 'notice')).toBe(false);
    });

    it('leaves no process behind when it is closed, in mid-turn neither; twice is fine', async () => {
      provider.applySettings({ permissionMode: 'bypassPermissions' });
      const turn = play(provider, agent.prompts.command('touch begun; exec tail -f /dev/null'));
      await appears(join(agent.cwd, 'begun'));
      turn.turn.abort();
      await Promise.all([provider.close(), provider.close()]);
      expect((await turn.done).reason).toBe('aborted');
      await gone(() => agent.processes());
    });
  });
}

/** Resolves with the first line, past or to come, that is wanted. */
type Until = {
  <Wanted extends AgentLine>(wanted: (line: AgentLine) => line is Wanted): Promise<Wanted>;
  (wanted: (line: AgentLine) => boolean): Promise<AgentLine>;
};

type Line<Type extends AgentLine['type']> = Extract<AgentLine, { type: Type }>;

const isPending = (line: AgentLine): line is Line<'tool_use'> =>
  line.type === 'tool_use' && line.tool.status === 'pending';

/** The text lines among others. */
export function textsOf(lines: readonly AgentLine[]): readonly TextMessage[] {
  return lines.flatMap((line) => (line.type === 'text' ? [line] : []));
}

/** Sends a prompt and records what comes of it. */
export function play(provider: AgentProvider, prompt: string | AgentPrompt) {
  const lines: AgentLine[] = [];
  const waiting = new Set<(line: AgentLine) => void>();
  const hear = (batch: string): void => {
    for (const text of batch.trimEnd().split('\n')) {
      const line = parseJournalLine(text) as AgentLine;
      lines.push(line);
      for (const listener of waiting) listener(line);
    }
  };
  const writer = new LineWriter({
    write: (batch, done) => {
      hear(batch);
      done();
    },
    writeNow: hear,
  });
  let blocks = 0;
  const prefix = Math.random().toString(36).slice(2);
  const turn = new RunningTurn({
    limits: { agent: 'tested', timeoutMs: 60_000, graceMs: 20_000 },
    writer,
    clock: {
      now: () => performance.now(),
      after: (ms, callback) => {
        const timer = setTimeout(callback, ms);
        return () => clearTimeout(timer);
      },
    },
    newBlock: () => `${prefix}-${(blocks += 1)}`,
    onStuck: () => lines.push({ type: 'notice', agent: 'tested', code: 'stuck', content: 'it did not stop in time' }),
  });
  const until: Until = (wanted: (line: AgentLine) => boolean) =>
    new Promise<never>((resolve) => {
      const listener = (line: AgentLine): void => {
        if (!wanted(line)) return;
        waiting.delete(listener);
        resolve(line as never);
      };
      waiting.add(listener);
      for (const line of lines) listener(line);
    });
  const done = until((line): line is Line<'done'> => line.type === 'done');
  void provider
    .prompt(typeof prompt === 'string' ? { text: prompt } : prompt, turn)
    .then((end) => turn.end(end.reason, end.usage));
  return {
    turn,
    lines,
    done,
    until,
    statuses: () => lines.flatMap((line) => (line.type === 'tool_use' ? [line.tool.status] : [])),
    results: () =>
      lines.flatMap((line) =>
        line.type === 'tool_result' ? [{ toolId: line.toolId, failed: line.error !== undefined }] : [],
      ),
  };
}

/** Waits for a file that a command makes; its content as a number. */
async function appears(path: string): Promise<number> {
  for (;;) {
    if (existsSync(path)) {
      const text = readFileSync(path, 'utf8');
      if (text === '' || text.endsWith('\n')) return Number(text);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Waits until nothing of it is left; the test's own time limit says when that is too long. */
async function gone(find: () => readonly number[]): Promise<void> {
  while (find().length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
}
