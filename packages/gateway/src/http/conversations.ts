import { Hono, type Context } from 'hono';
import { z } from 'zod';
import { HoldfastError, type Json } from '@holdfast/protocol';
import { writeCursor } from '../conversations/list.ts';
import { readLogPage } from '../conversations/log-page.ts';
import { publishedRecord, publishedSummary } from '../conversations/published.ts';
import type { ConversationStore } from '../conversations/store.ts';
import { mayDelete, maySee, type Person } from '../conversations/visibility.ts';
import type { ProjectDirectory } from '../projects/directory.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { readJsonBody } from './body.ts';
import { parseDeleteQuery, parseIdOfPath, parseListQuery, parseMessageQuery } from './conversation-query.ts';
import type { SignedIn } from './sign-in.ts';

export type ConversationsParts = {
  readonly projects: Pick<ProjectDirectory, 'idsOf'>;
  readonly store: Pick<ConversationStore, 'get' | 'read' | 'list' | 'readLog' | 'cleanup'>;
  readonly sessions: Pick<Sessions, 'delete' | 'dropDeleted'>;
};

type Found = NonNullable<Awaited<ReturnType<ConversationStore['get']>>>;

/** `/api/conversations` (docs/protocol.md 11). */
export function conversationRoutes({ projects, store, sessions }: ConversationsParts): Hono<SignedIn> {
  const app = new Hono<SignedIn>();
  const personOf = (context: Context<SignedIn>): Person => {
    const userId = context.get('userId');
    return { userId, projectIds: projects.idsOf(userId) };
  };
  /** The one that the path names, if it may be seen. */
  const visible = <Some extends Pick<Found, 'userId' | 'projectId'>>(
    context: Context<SignedIn>,
    found: Some | undefined,
  ): Some => {
    if (found === undefined || !maySee(personOf(context), found)) {
      throw new HoldfastError('not_found', 'There is no such conversation.');
    }
    return found;
  };
  const idOf = (context: Context<SignedIn>) => parseIdOfPath(context.req.param('id') ?? '');

  app.get('/', async (context) => {
    const query = parseListQuery(paramsOf(context));
    const { conversations, next } = await store.list({ ...query, visibleTo: personOf(context) });
    return context.json({
      conversations: conversations.map(publishedSummary),
      nextCursor: next === null ? null : writeCursor(next),
    });
  });

  app.post('/cleanup', async (context) => {
    const { ttlHours } = parseCleanup(await readJsonBody(context));
    const before = Date.now() - ttlHours * 3_600_000;
    const deleted = await store.cleanup({ before, userId: context.get('userId'), signal: context.req.raw.signal });
    if (deleted > 0) await sessions.dropDeleted();
    return context.json({ deleted });
  });

  app.get('/:id', async (context) => {
    return context.json(publishedRecord(visible(context, await store.read(idOf(context)))));
  });

  app.get('/:id/messages', async (context) => {
    const id = idOf(context);
    const query = parseMessageQuery(paramsOf(context));
    const found = visible(context, await store.get(id));
    const page = await readLogPage(store, id, query);
    // It may have grown since the record was read.
    const lastSeq = page.texts.length > 0 ? Math.max(found.lastSeq, page.lastSeq) : found.lastSeq;
    const nextAfter = page.texts.length > 0 && page.lastSeq < lastSeq ? page.lastSeq : null;
    const text = `{"messages":[${page.texts.join(',')}],"lastSeq":${lastSeq},"nextAfter":${nextAfter}}`;
    return context.body(text, { headers: { 'content-type': 'application/json' } });
  });

  app.delete('/:id', async (context) => {
    const id = idOf(context);
    const { force } = parseDeleteQuery(paramsOf(context));
    const found = visible(context, await store.get(id));
    if (!mayDelete(personOf(context), found)) {
      throw new HoldfastError('forbidden', `Only ${found.userId}, whose conversation this is, may delete it.`);
    }
    const outcome = await sessions.delete(id, { force });
    if (outcome === 'open') {
      throw new HoldfastError('conflict', 'A turn runs or waits there; abort it first, or delete it with ?force=true.');
    }
    if (outcome === 'missing') throw new HoldfastError('not_found', 'There is no such conversation.');
    return context.body(null, 204);
  });
  return app;
}

const cleanupSchema = z.object({
  ttlHours: z
    .number({ error: '"ttlHours" must be a number of hours from 0 to 876000' })
    .min(0, '"ttlHours" must be a number of hours from 0 to 876000')
    .max(876_000, '"ttlHours" must be a number of hours from 0 to 876000')
    .default(168),
});

function parseCleanup(body: Json): { readonly ttlHours: number } {
  const read = cleanupSchema.safeParse(body);
  if (read.success) return read.data;
  const faults = read.error.issues.map(({ path, message }) =>
    path.length === 0 ? 'The body must be an object' : message,
  );
  throw new HoldfastError('bad_message', `${faults.join('; ')}.`);
}

function paramsOf(context: Context): URLSearchParams {
  return new URL(context.req.url).searchParams;
}
