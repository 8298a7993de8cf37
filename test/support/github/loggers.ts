import { writeSync } from 'node:fs';
import { inspect } from 'node:util';
import type { Logger } from '../../../packages/gateway/src/lib/logger.ts';

export const silent: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };

/** Warnings go to stderr: what goes wrong in a process is what a failing test has to tell. */
export const warnings: Logger = { ...silent, warn: say, error: say, child: () => warnings };

function say(fields: object, message: string): void {
  writeSync(2, `${message} ${inspect(fields)}\n`);
}
