import { appendFileSync, renameSync, statSync } from 'node:fs';

export type LogFile = {
  /** One structured line. `message` is constant, facts are fields. */
  write(level: 'info' | 'warn' | 'error', message: string, facts?: object): void;
  /** Bytes as the agent said them on stderr; they are lines of the same form. */
  append(bytes: Uint8Array): void;
};

/** The runner's log, and its agent's: two files of at most `maxBytes`, the older one with `.1` at its end. */
export function openLogFile(path: string, maxBytes: number = 1_048_576): LogFile {
  let size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const append = (bytes: Uint8Array): void => {
    try {
      if (size + bytes.length > maxBytes) {
        renameSync(path, `${path}.1`);
        size = 0;
      }
      appendFileSync(path, bytes, { mode: 0o600 });
      size += bytes.length;
    } catch {
      // A log that cannot be written (a full disk) must not end the agent; there is no other place to say so.
    }
  };
  return {
    append,
    write: (level, message, facts = {}) =>
      append(Buffer.from(`${JSON.stringify({ level, message, timestamp: new Date().toISOString(), ...facts })}\n`)),
  };
}
