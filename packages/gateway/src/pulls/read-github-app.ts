import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Environment } from '../lib/environment.ts';
import { Secret } from '../lib/secret.ts';

/** A GitHub App that works in place of tokens of persons. */
export type GitHubAppConfig = {
  /** The app's number, or its client id. */
  readonly appId: string;
  /** PEM, PKCS #8. */
  readonly privateKey: Secret;
  /** None: all that the app has. */
  readonly installationIds: readonly string[];
};

/** Reads `GITHUB_APP_…`; undefined when there is none. What is wrong is added to `faults`, by variable name, and never shows the key. */
export function readGitHubApp(env: Environment, faults: string[]): GitHubAppConfig | undefined {
  const appId = textOf(env, 'GITHUB_APP_ID');
  const ids = textOf(env, 'GITHUB_APP_INSTALLATION_ID');
  const given = keyNames.filter((name) => textOf(env, name) !== '');
  if (appId === '' && ids === '' && given.length === 0) return undefined;
  if (appId === '') faults.push('GITHUB_APP_ID is not set, and the other GITHUB_APP_… variables are');
  else if (!/^[A-Za-z0-9.]+$/.test(appId)) {
    faults.push(`GITHUB_APP_ID must be the app's number or client id, and is ${shown(appId)}`);
  }
  const installationIds = readIds(ids, faults);
  const privateKey = readKey(env, given, faults);
  return privateKey && { appId, privateKey, installationIds };
}

const keyNames = ['GITHUB_APP_PRIVATE_KEY', 'GITHUB_APP_PRIVATE_KEY_FILE'] as const;
type KeyName = (typeof keyNames)[number];

function readIds(text: string, faults: string[]): readonly string[] {
  const ids = text
    .split(',')
    .map((id) => id.trim())
    .filter((id) => id !== '');
  if (ids.some((id) => !/^\d{1,15}$/.test(id))) {
    faults.push(`GITHUB_APP_INSTALLATION_ID must be numbers with commas between them, and is ${shown(text)}`);
  }
  return [...new Set(ids)];
}

function readKey(env: Environment, given: readonly KeyName[], faults: string[]): Secret | undefined {
  const [name, another] = given;
  if (!name) {
    faults.push('GITHUB_APP_PRIVATE_KEY or GITHUB_APP_PRIVATE_KEY_FILE must be set, because GITHUB_APP_ID is');
    return undefined;
  }
  if (another) {
    faults.push('Only one of GITHUB_APP_PRIVATE_KEY and GITHUB_APP_PRIVATE_KEY_FILE may be set');
    return undefined;
  }
  const text = name === 'GITHUB_APP_PRIVATE_KEY' ? textOf(env, name) : readFile(textOf(env, name), faults);
  if (text === undefined) return undefined;
  try {
    // GitHub gives out PKCS #1, and what signs wants PKCS #8.
    return new Secret(createPrivateKey(pemOf(text)).export({ type: 'pkcs8', format: 'pem' }).toString());
  } catch {
    // What the library says may show a part of the key.
    faults.push(`${name} is not a private key in PEM (as it is, with \\n for its line breaks, or in base64)`);
    return undefined;
  }
}

function readFile(path: string, faults: string[]): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'it cannot be read';
    faults.push(`GITHUB_APP_PRIVATE_KEY_FILE: ${isShort(path) ? path : 'the file'} cannot be read (${why})`);
    return undefined;
  }
}

function pemOf(text: string): string {
  if (text.includes('-----BEGIN')) return text.replaceAll(String.raw`\n`, '\n');
  return Buffer.from(text, 'base64').toString('utf8');
}

/** What somebody set may be the key itself, in the wrong place. */
function shown(text: string): string {
  return isShort(text) ? `"${text}"` : `${text.length} characters long`;
}

function isShort(text: string): boolean {
  return text.length <= 250 && !text.includes('-----');
}

function textOf(env: Environment, name: string): string {
  return env[name]?.trim() ?? '';
}
