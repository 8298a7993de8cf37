import { expect, test } from 'vitest';
import { Metrics } from './metrics.ts';

test('what goes to GitHub is counted by token and told in Prometheus’ text format', async () => {
  const metrics = new Metrics();
  metrics.github.called('token-1', 'success');
  metrics.github.called('token-1', 'success');
  metrics.github.called('app-1', 'limited');
  metrics.github.retried('app-1', 'secondary_limit');
  metrics.github.waited('token-1', 'cooling', 2500);
  metrics.github.quota('token-1', 'core', 4990, 5000);
  const { contentType, text } = await metrics.read();
  expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
  for (const line of [
    '# TYPE holdfast_github_calls_total counter',
    'holdfast_github_calls_total{token="token-1",outcome="success"} 2',
    'holdfast_github_calls_total{token="app-1",outcome="limited"} 1',
    'holdfast_github_retries_total{token="app-1",reason="secondary_limit"} 1',
    'holdfast_github_wait_seconds_bucket{le="1",token="token-1",reason="cooling"} 0',
    'holdfast_github_wait_seconds_bucket{le="5",token="token-1",reason="cooling"} 1',
    'holdfast_github_quota_remaining{token="token-1",resource="core"} 4990',
    'holdfast_github_quota_limit{token="token-1",resource="core"} 5000',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
});

test('two gateways in one process count apart', async () => {
  const [one, other] = [new Metrics(), new Metrics()];
  one.github.called('token-1', 'success');
  expect((await other.read()).text).not.toContain('token-1');
});
