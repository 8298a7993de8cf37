import { describe, expect, it } from 'vitest';
import { parseArguments } from './arguments.ts';
import { UsageError } from './usage-error.ts';

const known = { options: ['cwd'], flags: ['json'] };

describe('parseArguments', () => {
  it('reads options in both spellings, flags and positionals', () => {
    const read = parseArguments(['demo', '--cwd', '/a', '--json', 'x'], known);
    expect(read.positionals).toEqual(['demo', 'x']);
    expect(read.options.get('cwd')).toBe('/a');
    expect(read.flags.has('json')).toBe(true);
    expect(parseArguments(['--cwd=/a=b'], known).options.get('cwd')).toBe('/a=b');
  });

  it('takes everything after -- as it is', () => {
    expect(parseArguments(['--', '--cwd'], known).positionals).toEqual(['--cwd']);
  });

  it.each([[['--colour']], [['--json=yes']], [['--cwd']]])('refuses %j', (args) => {
    expect(() => parseArguments(args, known)).toThrow(UsageError);
  });
});
