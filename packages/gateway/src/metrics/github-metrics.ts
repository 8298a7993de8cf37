import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { GitHubMeter } from '../pulls/admission/github-meter.ts';

/** Calls to GitHub, by the place of the token among those that were given: `token-1`, `app-1` …. */
export function githubMetrics(registry: Registry): GitHubMeter {
  const registers = [registry];
  const calls = new Counter({
    name: 'holdfast_github_calls_total',
    help: 'Requests to GitHub by token and what became of them',
    labelNames: ['token', 'outcome'] as const,
    registers,
  });
  const retries = new Counter({
    name: 'holdfast_github_retries_total',
    help: 'Requests to GitHub that were made again, by token and reason',
    labelNames: ['token', 'reason'] as const,
    registers,
  });
  const waits = new Histogram({
    name: 'holdfast_github_wait_seconds',
    help: 'How long requests waited until a limit of GitHub allowed them; those that did not wait are not in it',
    labelNames: ['token', 'reason'] as const,
    buckets: [0.1, 1, 5, 10, 30, 60, 300, 900, 3600],
    registers,
  });
  const remaining = new Gauge({
    name: 'holdfast_github_quota_remaining',
    help: 'What GitHub last said is left of the quota of a token',
    labelNames: ['token', 'resource'] as const,
    registers,
  });
  const limit = new Gauge({
    name: 'holdfast_github_quota_limit',
    help: 'What GitHub last said is the whole quota of a token',
    labelNames: ['token', 'resource'] as const,
    registers,
  });
  return {
    called: (token, outcome) => calls.inc({ token, outcome }),
    retried: (token, reason) => retries.inc({ token, reason }),
    waited: (token, reason, ms) => waits.observe({ token, reason }, ms / 1000),
    quota: (token, resource, left, whole) => {
      remaining.set({ token, resource }, left);
      limit.set({ token, resource }, whole);
    },
  };
}
