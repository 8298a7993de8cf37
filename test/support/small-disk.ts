import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, rmdirSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const mebibyte = 1_048_576;

/** A real file system of a few megabytes (tmpfs), which can be full. Only root can mount one. */
export class SmallDisk {
  readonly path: string;

  constructor(megabytes: number) {
    this.path = mkdtempSync(join(tmpdir(), 'hf-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700`, 'tmpfs', this.path]);
  }

  static get isPossible(): boolean {
    return process.getuid?.() === 0;
  }

  /** Somebody else takes room: this much, or all that there is to the last byte. */
  occupy(megabytes = Number.POSITIVE_INFINITY): void {
    const fd = openSync(this.#ballast, 'a');
    let left = megabytes * mebibyte;
    for (let size = mebibyte; size >= 1 && left > 0;) {
      try {
        left -= writeSync(fd, Buffer.alloc(Math.min(size, left)));
      } catch {
        size = Math.floor(size / 2);
      }
    }
    closeSync(fd);
  }

  /** And gives it back. */
  free(): void {
    rmSync(this.#ballast, { force: true });
  }

  unmount(): void {
    execFileSync('umount', [this.path]);
    rmdirSync(this.path);
  }

  get #ballast(): string {
    return join(this.path, 'ballast');
  }
}
