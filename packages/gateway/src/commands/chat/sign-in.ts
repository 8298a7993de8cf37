import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { HoldfastError, isRecord, parseJson } from '@holdfast/protocol';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Where the token comes from: `given` (from the command line), HOLDFAST_TOKEN, or the file that a gateway on this machine
 * wrote for its own user. The file is looked at only for a gateway on this machine: its token is nobody else's business.
 */
export class SignIn {
  readonly #fixed: string | undefined;
  readonly #file: string | undefined;
  #last: string | undefined;

  constructor(url: URL, given: string | undefined, env: Environment) {
    this.#fixed = given || env['HOLDFAST_TOKEN'] || undefined;
    if (this.#fixed !== undefined || !isThisMachine(url.hostname)) return;
    const folder = env['HOLDFAST_STATE_DIR'] || join(homedir(), '.holdfast');
    const port = url.port || (url.protocol === 'https:' || url.protocol === 'wss:' ? '443' : '80');
    this.#file = join(folder, 'gateways', `${port}.json`);
  }

  /** The token to use now; read anew each time, because a gateway that was started again has another one. */
  async token(): Promise<string | undefined> {
    const token = await this.#read();
    if (token === undefined && this.#last !== undefined) {
      throw new HoldfastError(
        'unavailable',
        `The gateway has taken ${this.#file} away; it is probably starting again.`,
      );
    }
    this.#last = token;
    return token;
  }

  /** After a refusal: true when there is a token that was not tried. */
  async hasNewToken(): Promise<boolean> {
    const token = await this.#read();
    return token !== undefined && token !== this.#last;
  }

  async #read(): Promise<string | undefined> {
    return this.#file === undefined ? this.#fixed : readSignInFile(this.#file);
  }
}

function isThisMachine(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(?:\.\d+){3}$/.test(host);
}

async function readSignInFile(file: string): Promise<string | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new HoldfastError('unavailable', `${file} cannot be read; pass --token, or mend its rights.`, { cause });
  }
  const value = parseJson(text);
  const token = isRecord(value) ? value['token'] : undefined;
  return typeof token === 'string' ? token : undefined;
}
