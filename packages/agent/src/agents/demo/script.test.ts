import { describe, expect, it } from 'vitest';
import { parseDemoScript, streamToken, wordsOf } from './script.ts';

describe('the language of demo', () => {
  it('has one step a line, and leaves empty lines out', () => {
    const script = [
      'say hello there',
      '',
      'think hm',
      'stream 3',
      'stream 3 20',
      'stream 3 0.5 40',
      'write notes/a.txt some  text',
      'write empty.txt',
      'run ls -la | wc',
      'sleep 0.5',
      'fail no way',
      'crash',
    ];
    expect(parseDemoScript(script.join('\r\n'))).toEqual([
      { kind: 'say', text: 'hello there' },
      { kind: 'think', text: 'hm' },
      { kind: 'stream', count: 3, everyMs: 0, bytes: 0 },
      { kind: 'stream', count: 3, everyMs: 20, bytes: 0 },
      { kind: 'stream', count: 3, everyMs: 0.5, bytes: 40 },
      { kind: 'write', path: 'notes/a.txt', content: 'some  text' },
      { kind: 'write', path: 'empty.txt', content: '' },
      { kind: 'run', command: 'ls -la | wc' },
      { kind: 'sleep', seconds: 0.5 },
      { kind: 'fail', text: 'no way' },
      { kind: 'crash' },
    ]);
  });

  it.each(['hello world', 'stream x', 'sleep', 'write', 'crash now', 'Say x'])(
    'echoes what is no command: %s',
    (line) => {
      expect(parseDemoScript(line)).toEqual([{ kind: 'say', text: line }]);
    },
  );

  it('numbers the deltas of a stream and pads them with dots', () => {
    expect(streamToken(1, 0)).toBe('tok-000001 ');
    expect(streamToken(1234567, 5)).toBe('tok-1234567 ');
    expect(streamToken(42, 16)).toBe('tok-000042..... ');
  });

  it('streams words with the space after them', () => {
    expect(wordsOf('one  two three')).toEqual(['one  ', 'two ', 'three']);
  });
});
