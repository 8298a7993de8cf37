import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectHours, expectStatuses, expectTime, expectWhole, readOptions } from './options.ts';

const now = Date.UTC(2026, 5, 15, 12);
const hourMs = 3_600_000;
const bad = expect.objectContaining({ code: 'bad_message' });

describe('a time on the command line', () => {
  test.each([
    ['2026-01-31', Date.UTC(2026, 0, 31)],
    ['2026-01-31T12:00Z', Date.UTC(2026, 0, 31, 12)],
    ['2026-01-31T12:00:00.500Z', Date.UTC(2026, 0, 31, 12, 0, 0, 500)],
    ['2026-01-31T12:00:00+02:00', Date.UTC(2026, 0, 31, 10)],
    ['30m', now - hourMs / 2],
    ['12h', now - 12 * hourMs],
    ['7d', now - 168 * hourMs],
    ['2w', now - 336 * hourMs],
    ['0h', now],
  ])('%s is %d', (text, at) => {
    expect(expectTime('since', text, now)).toBe(at);
  });

  test.each([
    '',
    'yesterday',
    '7',
    'd',
    '7y',
    '-7d',
    '2026-1-1',
    '2026-02-31T',
    '2026-13-01',
    '2026-01-31T12:00',
    '1.5h',
  ])('"%s" is refused with the way out', (text) => {
    expect(() => expectTime('since', text, now)).toThrow(bad);
    expect(() => expectTime('since', text, now)).toThrow(/--since must be a time as in 2026-01-31/);
  });

  test('is never taken for another one', () => {
    fc.assert(
      fc.property(fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(253_402_300_799_999) }), (date) => {
        expect(expectTime('since', date.toISOString(), now)).toBe(date.getTime());
      }),
    );
  });
});

describe('options', () => {
  test('numbers are whole, within their bounds, and nothing else', () => {
    expect(expectWhole('limit', '7', 1, 10)).toBe(7);
    for (const text of ['0', '11', '1e1', '0x5', '5.5', '-1', '', ' 5'])
      expect(() => expectWhole('limit', text, 1, 10)).toThrow(bad);
    expect(expectHours('ttl-hours', '0.5')).toBe(0.5);
    for (const text of ['-1', 'week', '', '1e3', '900000', 'Infinity'])
      expect(() => expectHours('ttl-hours', text)).toThrow(bad);
  });

  test('statuses are those that there are', () => {
    expect(expectStatuses('waiting, interrupted')).toEqual(['waiting', 'interrupted']);
    expect(() => expectStatuses('waiting,')).toThrow(/in-progress, waiting/);
  });

  test('what is not known is named, with where to read on', () => {
    expect(() => readOptions(['--fast'], 'conversations list', {})).toThrow(
      /--fast.*holdfast conversations list --help/,
    );
  });
});
