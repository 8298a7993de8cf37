import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Journal } from './journal.ts';
import { SessionRecord } from './session-record.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hf-record-'));
  path = join(folder, 'journal');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

type Opened = { record: SessionRecord; journal: Journal; appended: string[]; dropped: string[] };

/** A record whose journal refuses what would make it larger than `maxBytes`, as a full disk does. */
function open(maxBytes: () => number = () => Infinity): Opened {
  const appended: string[] = [];
  const dropped: string[] = [];
  let journal: Journal | undefined;
  class SmallJournal extends Journal {
    override append(lines: Uint8Array, lineCount: number, sync: boolean): void {
      if (this.length + lines.length > maxBytes()) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
      super.append(lines, lineCount, sync);
    }
  }
  const record = new SessionRecord((onLine) => (journal = new SmallJournal(path, onLine)), 'fake', {
    appended: (lines, count) => {
      const text = Buffer.from(lines).toString();
      expect(text.split('\n')).toHaveLength(count + 1);
      appended.push(text);
    },
    effect: () => undefined,
    dropped: (_, start) => dropped.push(start),
  });
  return { record, journal: journal as unknown as Journal, appended, dropped };
}

const text = '{"type":"text","agent":"fake","content":"x","streaming":true,"block":"b"}';
const done = '{"type":"done","agent":"fake","reason":"completed"}';
const call = '{"type":"tool_use","agent":"fake","tool":{"id":"t","name":"n","input":{},"status":"pending"}}';
const prompt = { type: 'prompt', prompt: 'x' } as const;

test('deltas pass as the very bytes that came, in one piece', () => {
  const { record, journal, appended } = open();
  record.output(Buffer.from(`${text}\n`.repeat(100)));
  expect(appended).toEqual([`${text}\n`.repeat(100)]);
  journal.close();
});

test('what is no line is left out wherever it stands, and what is one stays in order', () => {
  const good = fc.constantFrom(text, call, '{"type":"error","agent":"fake","error":"e","code":"internal"}');
  const bad = fc.constantFrom('', 'panic', '{"type":"text"', '{"type":"runner.accepted","id":"x"}', '[]', done, '{}');
  fc.assert(
    fc.property(fc.array(fc.oneof(good, bad), { maxLength: 30 }), (lines) => {
      rmSync(path, { force: true });
      const { record, journal, dropped } = open();
      record.output(Buffer.from(lines.map((line) => `${line}\n`).join('')));
      const kept = lines.filter(
        (line) => line.startsWith('{"type":"') && line.endsWith('}') && line !== done && !line.includes('runner.'),
      );
      expect(readFileSync(path, 'utf8')).toBe(kept.map((line) => `${line}\n`).join(''));
      expect(journal.next).toBe(kept.length);
      expect(dropped).toHaveLength(lines.length - kept.length);
      journal.close();
    }),
  );
});

test('when a chunk cannot be written its turn is as before, so that the turn is closed all the same', () => {
  let max = Infinity;
  const { record, journal } = open(() => max);
  record.accept('p1' as never, prompt);
  max = journal.length;
  expect(() => record.output(Buffer.from(`${text}\n${done}\n`))).toThrow('no space');
  expect(record.turn.prompts).toEqual(['p1']);
  max = Infinity;
  record.apply({ kind: 'agentGone', error: { code: 'unavailable', error: 'full' } });
  const lines = readFileSync(path, 'utf8').split('\n').slice(1, -1);
  expect(lines).toEqual([
    '{"type":"error","agent":"fake","code":"unavailable","error":"full"}',
    '{"type":"done","agent":"fake","reason":"error"}',
  ]);
  journal.close();
});

test('an id that could not be journaled was not accepted', () => {
  const { record, journal } = open(() => 0);
  expect(() => record.accept('p1' as never, prompt)).toThrow('no space');
  expect(record.hasAccepted('p1' as never)).toBe(false);
  expect(record.turn.prompts).toEqual([]);
  journal.close();
});

test('a record that is opened again knows its ids and its turn', () => {
  const first = open();
  first.record.accept('p1' as never, prompt);
  first.record.accept('p2' as never, prompt);
  first.record.output(Buffer.from(`${text}\n${done}\n${call}\n`));
  first.journal.close();
  const again = open();
  expect(again.record.hasAccepted('p1' as never)).toBe(true);
  expect(again.record.hasAccepted('p3' as never)).toBe(false);
  expect(again.record.turn).toEqual({ prompts: ['p2'], tools: ['t'], isAborting: false });
  again.journal.close();
});
