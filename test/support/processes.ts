import { readdir, readFile } from 'node:fs/promises';

/** A process of this machine, as /proc has it; `name` is its program's, without arguments. */
export type Process = { readonly id: number; readonly parent: number; readonly name: string };

/** All processes of this machine. */
export async function allProcesses(): Promise<readonly Process[]> {
  const stats = await readOfEach('stat');
  return stats.flatMap((stat) => {
    const match = /^(\d+) \((.*)\) \S (\d+) /s.exec(stat);
    return match === null ? [] : [{ id: Number(match[1]), name: match[2] ?? '', parent: Number(match[3]) }];
  });
}

/** The command lines that contain `fragment`; for proving that something is gone. */
export async function commandLinesWith(fragment: string): Promise<readonly string[]> {
  const lines = await readOfEach('cmdline');
  return lines.map((line) => line.replaceAll('\0', ' ').trim()).filter((line) => line.includes(fragment));
}

/** Its arguments, joined by spaces; empty when it has ended. */
export async function commandLineOf(id: number): Promise<string> {
  const line = await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '');
  return line.replaceAll('\0', ' ').trim();
}

/** This file of each process; empty for one that has just ended. */
async function readOfEach(file: 'stat' | 'cmdline'): Promise<readonly string[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  return await Promise.all(ids.map((id) => readFile(`/proc/${id}/${file}`, 'utf8').catch(() => '')));
}
