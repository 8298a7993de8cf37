import { Hono } from 'hono';
import { errorRules, HoldfastError, parseProjectId, type UserId } from '@holdfast/protocol';
import { bearerOf } from '../identity/bearer.ts';
import type { Identity } from '../identity/identity.ts';
import type { Logger } from '../lib/logger.ts';
import type { ProjectDirectory } from '../projects/directory.ts';
import { usualAgents, type Project } from '../projects/project.ts';
import { readHealth, type HealthCheck } from './health.ts';

export type ApiParts = {
  readonly identity: Identity;
  readonly projects: ProjectDirectory;
  readonly health: readonly HealthCheck[];
  readonly startedAt: number;
  readonly log: Logger;
};

type Variables = { userId: UserId };

/** The HTTP door (contract section 8, as far as it is there). Errors are `{error: {code, message}}`. */
export function createApi({ identity, projects, health, startedAt, log }: ApiParts): Hono<{ Variables: Variables }> {
  const app = new Hono<{ Variables: Variables }>();

  app.get('/', (context) => context.text('Holdfast. Talk to an agent with: npx holdfast chat\n'));
  app.get('/livez', (context) => context.json({ status: 'alive' }));
  app.get('/readyz', async (context) => {
    const { health: found, isReady } = await readHealth(health, startedAt);
    return context.json(found, isReady ? 200 : 503);
  });
  app.get('/health', async (context) => context.json((await readHealth(health, startedAt)).health));

  app.use('/api/*', async (context, next) => {
    const token = bearerOf({ headers: { authorization: context.req.header('authorization') } });
    const userId = token === undefined ? undefined : identity.userOf(token);
    if (userId === undefined) throw new HoldfastError('unauthorized', errorRules.unauthorized.sentence);
    context.set('userId', userId);
    await next();
  });
  app.get('/api/me', (context) => context.json({ userId: context.get('userId') }));
  app.get('/api/projects', (context) =>
    context.json({ projects: projects.of(context.get('userId')).map(publicProject) }),
  );
  app.get('/api/projects/:id', (context) => {
    const id = parseProjectId(context.req.param('id'));
    const project = projects.of(context.get('userId')).find((own) => own.id === id);
    if (project === undefined) throw new HoldfastError('not_found', 'There is no such project.');
    return context.json(publicProject(project));
  });

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

function publicProject(project: Project): object {
  return { id: project.id, name: project.name, agents: project.agents ?? usualAgents };
}

function errorBody(error: HoldfastError): object {
  return { error: { code: error.code, message: error.message } };
}
