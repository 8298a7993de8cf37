import { Hono } from 'hono';
import { errorRules, HoldfastError } from '@holdfast/protocol';
import type { Identity } from '../identity/identity.ts';
import type { Logger } from '../lib/logger.ts';
import type { ProjectDirectory } from '../projects/directory.ts';
import { limitedBody } from './body.ts';
import { checkRoutes, type CheckRoutesParts } from './checks.ts';
import { conversationRoutes, type ConversationsParts } from './conversations.ts';
import { readHealth, type HealthCheck } from './health.ts';
import { projectRoutes } from './projects.ts';
import { signedIn, type SignedIn } from './sign-in.ts';

export type ApiParts = Omit<ConversationsParts, 'projects'> & {
  readonly identity: Identity;
  readonly projects: ProjectDirectory;
  readonly checks: CheckRoutesParts['checks'];
  readonly health: readonly HealthCheck[];
  readonly metrics: { read(): Promise<{ readonly contentType: string; readonly text: string }> };
  readonly startedAt: number;
  readonly log: Logger;
};

/** The HTTP door (docs/protocol.md 11): one file a subject, and here what holds for all. Errors are `{error: {code, message}}`. */
export function createApi(parts: ApiParts): Hono<SignedIn> {
  const { identity, health, metrics, startedAt, log } = parts;
  const app = new Hono<SignedIn>();

  app.get('/', (context) => context.text('Holdfast. Talk to an agent with: npx holdfast chat\n'));
  app.get('/livez', (context) => context.json({ status: 'alive' }));
  app.get('/readyz', async (context) => {
    const { health: found, isReady } = await readHealth(health, startedAt);
    return context.json(found, isReady ? 200 : 503);
  });
  app.get('/health', async (context) => context.json((await readHealth(health, startedAt)).health));

  app.get('/metrics', async (context) => {
    const { contentType, text } = await metrics.read();
    return context.body(text, { headers: { 'content-type': contentType } });
  });

  app.use('/api/*', signedIn(identity), limitedBody);
  app.get('/api/me', (context) => context.json({ userId: context.get('userId') }));
  app.route('/api/projects', projectRoutes(parts));
  app.route('/api/conversations', conversationRoutes(parts));
  app.route('/api', checkRoutes(parts));

  app.notFound((context) =>
    context.json(errorBody(new HoldfastError('not_found', 'There is nothing at this path.')), 404),
  );
  app.onError((thrown, context) => {
    const error = HoldfastError.from(thrown);
    if (error.code === 'internal') log.error({ err: thrown }, 'request failed');
    return Response.json(errorBody(error), { status: errorRules[error.code].status, headers: context.res.headers });
  });
  return app;
}

function errorBody(error: HoldfastError): object {
  return { error: { code: error.code, message: error.message } };
}
