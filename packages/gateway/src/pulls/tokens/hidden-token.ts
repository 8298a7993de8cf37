import type { Secret } from '../../lib/secret.ts';

/** A token of GitHub's, which is not to be printed. */
export type HiddenToken = Secret;
