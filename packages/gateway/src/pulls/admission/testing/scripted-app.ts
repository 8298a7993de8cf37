import { Secret } from '../../../lib/secret.ts';
import type { AppTokens, Installation } from '../../tokens/app-tokens.ts';

/** An app that is installed at acme and at umbrella; its tokens are good for an hour. */
export class ScriptedApp implements AppTokens {
  /** The installations whose tokens were fetched, in their order. */
  readonly fetched: string[] = [];
  /** When it was asked for anything, epoch milliseconds. */
  readonly askedAtMs: number[] = [];
  /** What it answers until it is taken away. */
  fault: Error | undefined;
  /** How long it takes to say where it is installed. */
  installationsMs = 0;
  /** How long its tokens are good for. */
  lifeMs = 3_600_000;
  /** What ends the questions where it is installed. */
  readonly signals: AbortSignal[] = [];
  /** What it says to that. */
  installed: readonly Installation[] = [
    { id: '11', account: 'acme' },
    { id: '12', account: 'umbrella' },
  ];

  async installations({ signal }: { readonly signal: AbortSignal }) {
    this.signals.push(signal);
    this.askedAtMs.push(Date.now());
    if (this.installationsMs > 0) await new Promise((resolve) => setTimeout(resolve, this.installationsMs));
    if (this.fault) throw this.fault;
    return this.installed;
  }

  async newToken(installationId: string) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    if (this.fault) throw this.fault;
    this.fetched.push(installationId);
    return {
      secret: new Secret(`ghs_${installationId}_${this.fetched.length}`),
      expiresAtMs: Date.now() + this.lifeMs,
    };
  }
}
