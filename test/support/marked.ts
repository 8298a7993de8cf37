import { readdirSync, readFileSync } from 'node:fs';

export type MarkedProcess = { readonly pid: number; readonly command: string };

/**
 * Processes whose environment names `mark` (a story's own HOLDFAST_STATE_DIR): the gateway, links, runners, agents and whatever
 * they started. Zombies and the asking process are not counted.
 */
export function processesMarked(mark: string): readonly MarkedProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        if (!readFileSync(`/proc/${name}/environ`, 'latin1').includes(mark)) return [];
        const command = readFileSync(`/proc/${name}/cmdline`, 'latin1').replaceAll('\0', ' ').trim();
        return command === '' ? [] : [{ pid: Number(name), command }];
      } catch {
        return [];
      }
    });
}
