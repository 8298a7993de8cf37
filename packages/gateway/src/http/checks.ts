import { Hono, type Context } from 'hono';
import { z } from 'zod';
import {
  checkModes,
  checkNames,
  errorRules,
  gateForms,
  HoldfastError,
  parseConversationId,
  parseGateRule,
  parseProjectId,
  type Json,
} from '@holdfast/protocol';
import type { CheckOrder, Checks } from '../checks/checks.ts';
import { publishedRun } from '../checks/published-run.ts';
import type { RunRecord } from '../checks/run-record.ts';
import type { ConversationStore } from '../conversations/store.ts';
import { maySee } from '../conversations/visibility.ts';
import type { ProjectDirectory } from '../projects/directory.ts';
import type { Project } from '../projects/project.ts';
import { readJsonBody } from './body.ts';
import type { SignedIn } from './sign-in.ts';

export type CheckRoutesParts = {
  readonly projects: Pick<ProjectDirectory, 'of' | 'idsOf'>;
  readonly store: Pick<ConversationStore, 'get'>;
  readonly checks: Pick<Checks, 'run' | 'get' | 'cancel' | 'log'>;
};

/** `/api/projects/:id/checks` and `/api/checks` (docs/protocol.md 11.9), for the members of a project. */
export function checkRoutes({ projects, store, checks }: CheckRoutesParts): Hono<SignedIn> {
  const app = new Hono<SignedIn>();
  const projectOf = (context: Context<SignedIn>, id: string | undefined): Project | undefined =>
    projects.of(context.get('userId')).find((own) => own.id === parseProjectId(id));
  const runOf = async (context: Context<SignedIn>): Promise<RunRecord> => {
    const found = await checks.get(context.req.param('runId') ?? '');
    if (found === undefined || projectOf(context, found.projectId) === undefined)
      throw new HoldfastError('not_found', 'There is no such run of checks at this gateway.');
    return found;
  };

  app.post('/projects/:id/checks', async (context) => {
    const project = projectOf(context, context.req.param('id'));
    if (project === undefined) throw new HoldfastError('not_found', 'There is no such project.');
    const order = parseOrder(await readJsonBody(context));
    const userId = context.get('userId');
    if (order.conversationId !== undefined) {
      const conversation = await store.get(order.conversationId);
      const person = { userId, projectIds: projects.idsOf(userId) };
      if (conversation?.projectId !== project.id || !maySee(person, conversation))
        throw new HoldfastError('not_found', 'There is no such conversation in this project.');
    }
    const started = await checks.run(project, order, userId);
    if (started.kind === 'started') return context.json({ runId: started.runId }, 202);
    const message = 'Checks of this directory run already; wait for them, or cancel them with DELETE.';
    const error = { code: 'conflict', message, details: { runId: started.runId } };
    return Response.json({ error }, { status: errorRules.conflict.status });
  });

  app.get('/checks/:runId', async (context) => context.json(publishedRun(await runOf(context))));

  app.delete('/checks/:runId', async (context) => {
    const { runId } = await runOf(context);
    if (!(await checks.cancel(runId, context.get('userId'))))
      throw new HoldfastError('conflict', 'These checks run at another gateway; cancel them there.');
    return context.json(publishedRun(await runOf(context)));
  });

  app.get('/checks/:runId/log/:check', async (context) => {
    const { runId, checks: known } = await runOf(context);
    const check = checkNames.find((name) => name === context.req.param('check'));
    const { signal } = context.req.raw;
    const log =
      check === undefined || known[check] === undefined ? undefined : await checks.log(runId, check, { signal });
    if (log === undefined) throw new HoldfastError('not_found', 'There is no such log.');
    const body = ReadableStream.from(log);
    // What a tool prints is not to be taken for a page.
    const headers = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' };
    return context.body(body, { headers });
  });
  return app;
}

const orderSchema = z.object({
  only: z
    .array(z.enum(checkNames), { error: `"only" must be a list of ${checkNames.join(', ')}` })
    .min(1, '"only" must name a check')
    .optional(),
  mode: z.enum(checkModes, { error: `"mode" must be one of ${checkModes.join(', ')}` }).optional(),
  gates: z
    .array(
      z
        .string()
        .max(200)
        .refine((rule) => parseGateRule(rule) !== undefined, { error: `"gates": ${gateForms}` }),
      { error: '"gates" must be a list of rules' },
    )
    .max(50, '"gates" has at most 50 rules')
    .optional(),
  workingDir: z
    .string({ error: '"workingDir" must be a path' })
    .min(1, '"workingDir" must be a path')
    .max(4_096, '"workingDir" has at most 4096 characters')
    .optional(),
  conversationId: z
    .string({ error: '"conversationId" must be an id' })
    .transform((text) => parseConversationId(text))
    .refine((id) => id !== undefined, { error: '"conversationId" must be an id' })
    .optional(),
});

/** Rejects with `bad_message`, which names every fault. */
function parseOrder(body: Json): CheckOrder {
  const read = orderSchema.safeParse(body);
  if (!read.success) {
    const faults = read.error.issues.map(({ path, message }) =>
      path.length === 0 ? 'The body must be an object' : message,
    );
    throw new HoldfastError('bad_message', `${[...new Set(faults)].join('; ')}.`);
  }
  const { only, mode, gates, workingDir, conversationId } = read.data;
  return {
    ...(only === undefined ? {} : { only }),
    ...(mode === undefined ? {} : { mode }),
    ...(gates === undefined ? {} : { gates }),
    ...(workingDir === undefined ? {} : { workingDir }),
    ...(conversationId === undefined ? {} : { conversationId }),
  };
}
