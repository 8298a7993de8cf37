import { readdir, readFile } from 'node:fs/promises';

/** The command lines of all processes of this machine that contain `fragment`; for proving that something is gone. */
export async function commandLinesWith(fragment: string): Promise<readonly string[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')));
  return lines.map((line) => line.replaceAll('\0', ' ').trim()).filter((line) => line.includes(fragment));
}
