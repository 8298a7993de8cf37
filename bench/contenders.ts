import type { Contender } from './contender.ts';
import { holdfast } from './holdfast/holdfast.ts';
import { peers } from './peers/peer.ts';

/** Everything that is measured, in the order of the tables. */
export const contenders: readonly Contender[] = [...peers, ...holdfast];
