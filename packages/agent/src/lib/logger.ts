import { writeSync } from 'node:fs';

const levels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof levels)[number];
export type Log = (level: LogLevel, message: string, facts?: Readonly<Record<string, unknown>>) => void;

/** A log of JSON lines `{level, message, timestamp, …facts}` on stderr, from `minimum` on (any other word: `info`). */
export function createLog(minimum: string | undefined): Log {
  const from = Math.max(0, isLevel(minimum) ? levels.indexOf(minimum) : levels.indexOf('info'));
  return (level, message, facts = {}) => {
    if (levels.indexOf(level) < from) return;
    const line = JSON.stringify({ level, message, timestamp: new Date().toISOString(), ...facts });
    try {
      writeSync(2, `${line}\n`);
    } catch {
      // Nobody reads stderr, or it is full: a log line is never worth the turn.
    }
  };
}

function isLevel(word: string | undefined): word is LogLevel {
  return levels.some((level) => level === word);
}
