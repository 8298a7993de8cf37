/** One part of the service that can be asked whether it works. */
export type HealthCheck = {
  readonly name: string;
  /** A required part that is down makes the gateway not ready. */
  readonly isRequired: boolean;
  /** Resolves when the part works; rejects when it does not. */
  readonly check: () => Promise<void>;
};

export type Health = {
  readonly status: 'healthy' | 'degraded';
  readonly checks: Readonly<Record<string, boolean>>;
  /** Seconds since the start. */
  readonly uptime: number;
};

const patienceMs = 2_000;

/** Asks every part, each for two seconds at most. */
export async function readHealth(
  checks: readonly HealthCheck[],
  startedAt: number,
): Promise<{ health: Health; isReady: boolean }> {
  const results = await Promise.all(checks.map(async (check) => [check, await works(check)] as const));
  const isReady = results.every(([check, isUp]) => isUp || !check.isRequired);
  const health: Health = {
    status: results.every(([, isUp]) => isUp) ? 'healthy' : 'degraded',
    checks: Object.fromEntries(results.map(([check, isUp]) => [check.name, isUp])),
    uptime: (Date.now() - startedAt) / 1000,
  };
  return { health, isReady };
}

async function works(check: HealthCheck): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), patienceMs);
  const isUp = check.check().then(
    () => true,
    () => false,
  );
  return Promise.race([isUp, late.promise]).finally(() => clearTimeout(timer));
}
