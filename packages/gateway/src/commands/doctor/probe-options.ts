import type { Environment } from '../../lib/environment.ts';

/** What is needed to look whether a project's machine can be worked on. */
export type ProbeOptions = {
  readonly agentFile: string;
  readonly environment: Environment;
  readonly signal: AbortSignal;
};
