import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A known_hosts file that only this process reads, gone when it is disposed of. */
export type PrivateKnownHosts = AsyncDisposable & { readonly path: string; read(): Promise<string> };

/** Makes the file (0600, in a folder of its own, 0700) with these lines. */
export async function privateKnownHosts(text: string): Promise<PrivateKnownHosts> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-ssh-'));
  const path = join(folder, 'known_hosts');
  await writeFile(path, text, { mode: 0o600, flag: 'wx' });
  return {
    path,
    read: () => readFile(path, 'utf8'),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
