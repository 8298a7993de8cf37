import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkEnvironment, looksSecret, secretValues } from './environment.ts';
import { Redactor } from './redact.ts';

const token = ['ghp', 'a'.repeat(36)].join('_');

/** What is let through of a text that comes in pieces of this size. */
function redact(text: string, secrets: readonly string[] = [], size = 7): string {
  const redactor = new Redactor(secrets);
  const bytes = Buffer.from(text);
  const out: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size)
    out.push(...redactor.push(bytes.subarray(at, at + size)).map((part) => Buffer.from(part)));
  return Buffer.concat([...out, redactor.finish()]).toString();
}

describe('what is redacted', () => {
  it.each([
    [`token ${token}.`, 'token [redacted].'],
    [`sk-ant-${'x'.repeat(30)}`, '[redacted]'],
    ['AKIAABCDEFGHIJKLMNOP', '[redacted]'],
    [`Authorization: Bearer ${'abc.'.repeat(5)}`, 'Authorization: Bearer [redacted]'],
    ['postgres://ada:very!secret-pass.word@db/x', 'postgres://ada:[redacted]@db/x'],
    [`eyJhbGciOiJI.eyJzdWIiOiIx.${'s'.repeat(20)}`, '[redacted]'],
    ['-----BEGIN RSA PRIVATE KEY-----\nabc\ndef\n-----END RSA PRIVATE KEY-----\nafter', '[redacted]\nafter'],
    ['-----BEGIN PRIVATE KEY-----\nabc\nwithout an end', '[redacted]'],
  ])('%j becomes %j, in whatever pieces it comes', (text, wanted) => {
    for (const size of [1, 3, 1000]) expect(redact(`before\n${text}\n`, [], size).trimEnd()).toBe(`before\n${wanted}`);
  });

  it.each([['http://localhost:8080/path'], ['a bearer of news'], ['risk-free, desk-top'], ['sk-1'], ['12:34:56@home']])(
    '%j stays',
    (text) => {
      expect(redact(text)).toBe(text);
    },
  );

  it('a secret value is found wherever it stands, also one with special characters, several lines, or that begins another one', () => {
    const secrets = [
      'p+a$s(s)w[o]rd',
      'first line of it\nsecond line of it',
      'häßlich-geheim',
      'p+a$s(s)w[o]rd-and-more',
    ];
    expect(redact('xp+a$s(s)w[o]rdx', secrets)).toBe('x[redacted]x');
    expect(redact('p+a$s(s)w[o]rd-and-more', secrets)).toBe('[redacted]');
    expect(redact('> second line of it', secrets)).toBe('> [redacted]');
    expect(redact('so häßlich-geheim!', secrets)).toBe('so [redacted]!');
  });

  it('everything else goes through as it is, byte for byte', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 50 }), (bytes, size) => {
        const redactor = new Redactor([]);
        const out: Buffer[] = [];
        for (let at = 0; at < bytes.length; at += size)
          out.push(...redactor.push(Buffer.from(bytes.subarray(at, at + size))).map((part) => Buffer.from(part)));
        expect(Buffer.concat([...out, redactor.finish()]).equals(bytes)).toBe(true);
      }),
    );
  });

  it.each([
    ['a token', `${token} `],
    ['a token that another word follows', `${token}!`],
    ['a key of AWS', 'AKIAABCDEFGHIJKLMNOP '],
    ['a bearer', `Bearer ${'abc.'.repeat(50)} `],
    ['a password in an address', `postgres://ada:${'very!secret'.repeat(9)}@db/x `],
    ['a long JWT', `eyJ${'h'.repeat(40)}.eyJ${'b'.repeat(3000)}.${'s'.repeat(340)} `],
    ['a private key', `-----BEGIN RSA PRIVATE KEY----- ${'abc '.repeat(400)}-----END RSA PRIVATE KEY----- `],
    ['a value', 'p+a$s(s)w[o]rd-and-more'],
    ['two', `${token} p+a$s(s)w[o]rd-and-more`],
  ])('%s in a line without an end is found, wherever the line is cut', (_what, secret) => {
    const values = ['p+a$s(s)w[o]rd', 'p+a$s(s)w[o]rd-and-more'];
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40_000 }), fc.integer({ min: 100, max: 9000 }), (at, size) => {
        const text = `${'-'.repeat(at)} ${secret}${'-'.repeat(20_000)}`;
        const whole = redact(`${text}\n`, values, text.length + 1);
        expect(whole).toContain('[redacted]');
        expect(redact(text, values, size) === whole.trimEnd()).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe('the environment of a check', () => {
  const variables = {
    PATH: '/bin',
    LC_ALL: 'C',
    NODE_OPTIONS: '--no-warnings',
    NODE_AUTH_TOKEN: 'secret-token',
    npm_config_cache: '/c',
    npm_config__authToken: 'secret-token-2',
    GITHUB_TOKEN: 'secret-token-3',
    ANTHROPIC_API_KEY: 'secret-token-4',
    MY_SETTING: 'x',
    SSH_AUTH_SOCK: '/tmp/agent.sock',
    PASSWORD_FILE: '/run/secrets/password',
    API_KEY: 'short',
  };

  it('holds what is on the list and what is named, never a token or a key', () => {
    expect(checkEnvironment(variables, ['MY_SETTING', 'ANTHROPIC_API_KEY'])).toEqual({
      PATH: '/bin',
      LC_ALL: 'C',
      NODE_OPTIONS: '--no-warnings',
      npm_config_cache: '/c',
      MY_SETTING: 'x',
      ANTHROPIC_API_KEY: 'secret-token-4',
    });
  });

  it('gives the values that must not be seen, but no short ones, which would redact ordinary words', () => {
    expect(secretValues(variables)).toEqual(['secret-token', 'secret-token-2', 'secret-token-3', 'secret-token-4']);
  });

  it.each([
    ['DB_PASSWORD', true],
    ['AWS_SECRET_ACCESS_KEY', true],
    ['STRIPE_KEY', true],
    ['PWD', false],
    ['KEYBOARD', false],
    ['HOME', false],
  ])('%s looks like a secret: %s', (name, isSecret) => {
    expect(looksSecret(name)).toBe(isSecret);
  });
});
