import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CappedOutput } from './capped-output.ts';

describe('CappedOutput', () => {
  it('keeps everything that is short enough, however it comes', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 5 }), { maxLength: 4 }), (texts) => {
        const output = new CappedOutput(200);
        for (const byte of Buffer.from(texts.join(''))) output.add(Buffer.from([byte]));
        expect(output.text()).toBe(Buffer.from(texts.join('')).toString());
      }),
    );
  });

  it('keeps head and tail, and says how much is missing', () => {
    const output = new CappedOutput(8);
    for (const chunk of ['01', '2345', '6', '789abcdef']) output.add(Buffer.from(chunk));
    expect(output.text()).toBe('0123\n[… 8 bytes cut …]\ncdef');
  });

  it('shows no half of a character at the cut', () => {
    const output = new CappedOutput(10);
    output.add(Buffer.from('äöüßéàîôû'));
    expect(output.text()).not.toContain('\uFFFD');
  });
});
