import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { errorCodes, errorRules, HoldfastError, isErrorCode } from './errors.ts';

/** The rows of section 10 of docs/protocol.md: code, meaning, HTTP, close, retry helps. */
function documentedRows(): readonly (readonly string[])[] {
  const page = readFileSync(new URL('../../../docs/protocol.md', import.meta.url), 'utf8');
  const [section = ''] = page.slice(page.indexOf('\n## 10. Errors') + 1).split('\n## ');
  return section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

describe('the table of errors', () => {
  test('is that of docs/protocol.md, section 10, in its order', () => {
    const rows = documentedRows();
    expect(rows.map(([code]) => code)).toEqual(errorCodes.map((code) => `\`${code}\``));
    const documented = rows.map(([code, , status, close, retry]) => ({
      code: code?.replaceAll('`', ''),
      status: Number(status),
      close: Number(close),
      // Anything that somebody has to do first is not a retry.
      retry: retry === 'yes' || retry === 'perhaps',
    }));
    expect(documented).toEqual(
      errorCodes.map((code) => {
        const { status, close, retry } = errorRules[code];
        return { code, status, close, retry };
      }),
    );
  });

  test.each(errorCodes)(
    '%s has a sentence for strangers, and a close code that means the same as its retry',
    (code) => {
      const { sentence, close, retry } = errorRules[code];
      expect(sentence).toMatch(/^[A-Z].*\.$/);
      // docs/protocol.md 2.4: 4400 to 4404 are final; a program that cannot start may be there the next time.
      if (close >= 4_000) expect(retry).toBe(false);
      if (retry) expect(close).toBe(1013);
    },
  );
});

describe('an error', () => {
  test.each(['toString', 'constructor', '__proto__', '', 7, null, undefined, {}])('%s is no code', (value) => {
    expect(isErrorCode(value)).toBe(false);
  });

  test('is itself when it is made from one', () => {
    const error = new HoldfastError('conflict', 'Read it again.');
    expect(HoldfastError.from(error)).toBe(error);
  });

  test.each([new TypeError('secret path /etc/x'), 'a string', undefined, null, { code: 'not_found' }])(
    'made from %s is internal, says nothing of it to strangers, and keeps it as its cause',
    (thrown) => {
      const error = HoldfastError.from(thrown);
      expect(error).toMatchObject({ code: 'internal', message: errorRules.internal.sentence });
      expect(error.cause).toBe(thrown);
    },
  );

  test('knows when a retry may help, where that was said', () => {
    expect(new HoldfastError('rate_limit', 'Wait.', { retryAfterMs: 12 }).retryAfterMs).toBe(12);
    expect(new HoldfastError('rate_limit', 'Wait.').retryAfterMs).toBeUndefined();
  });
});
