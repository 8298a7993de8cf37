import { maxAgentLineBytes } from '@holdfast/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitLine } from './fit-line.ts';

const bytes = (json: string): number => Buffer.byteLength(`${json}\n`);

describe('fitLine', () => {
  it('leaves a line alone that fits, with type and agent first', () => {
    expect(fitLine({ type: 'notice', agent: 'demo', code: 'retry', content: 'again' })).toEqual([
      '{"type":"notice","agent":"demo","code":"retry","content":"again"}',
    ]);
  });

  it('cuts a long text into deltas that say the same', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('a', 'ü', '\u0000', '😀', '"'),
        fc.integer({ min: 300_000, max: 1_100_000 }),
        (letter, length) => {
          const content = letter.repeat(length);
          const lines = fitLine({ type: 'text', agent: 'demo', content, streaming: false, block: 'b' });
          const parsed = lines.map((line) => JSON.parse(line) as { content: string; streaming: boolean });
          expect(parsed.map((line) => line.content).join('') === content).toBe(true);
          expect(parsed.map((line) => line.streaming)).toEqual(parsed.map((_, index) => index > 0));
          for (const line of lines) expect(bytes(line)).toBeLessThanOrEqual(maxAgentLineBytes);
        },
      ),
      { numRuns: 5 },
    );
  });

  it('keeps head and tail of a long tool result and marks the cut', () => {
    const result = `begin${'x'.repeat(3_000_000)}end`;
    const [line = '', ...rest] = fitLine({ type: 'tool_result', agent: 'demo', toolId: 't', result });
    expect(rest).toEqual([]);
    expect(bytes(line)).toBeLessThanOrEqual(maxAgentLineBytes);
    expect((JSON.parse(line) as { result: string }).result).toMatch(/^beginx+\n\[… \d+ characters cut …\]\nx+end$/);
  });

  it('cuts what is large without any long string', () => {
    const input = Array.from({ length: 400_000 }, () => 'ab');
    const tool = { id: 't', name: 'n', input, status: 'pending' } as const;
    const [line = ''] = fitLine({ type: 'tool_use', agent: 'demo', tool });
    expect(bytes(line)).toBeLessThanOrEqual(maxAgentLineBytes);
    expect(JSON.parse(line)).toMatchObject({ type: 'tool_use', tool: { id: 't', status: 'pending' } });
  });
});
