import { Registry } from 'prom-client';
import type { GitHubMeter } from '../pulls/admission/github-meter.ts';
import { githubMetrics } from './github-metrics.ts';

/** What the gateway counts, for Prometheus (docs/operating.md has the names). One for each gateway, so two in one process do not mix. */
export class Metrics {
  readonly github: GitHubMeter;
  readonly #registry = new Registry();

  constructor() {
    this.github = githubMetrics(this.#registry);
  }

  /** In Prometheus' text format 0.0.4. */
  async read(): Promise<{ readonly contentType: string; readonly text: string }> {
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() };
  }
}
