import { conversationStatuses, type ConversationId, type ProjectId, type UserId } from '@holdfast/protocol';
import type { Item } from './connection.dynamodb.ts';
import type { Context } from './context.dynamodb.ts';
import type { Conversation } from '../conversation.ts';
import { activityOf, numberIn, readText, reading, textIn, timeIn, timeOf, writeText } from './items.dynamodb.ts';
import { compareInList, pageOf, type ListPage, type ListQuery } from '../list.ts';
import { inParallel } from './parallel.dynamodb.ts';
import { emptyDigest, summaryOf, type ConversationSummary, type TaskDigest } from '../record.ts';
import type { IndexName } from './tables.dynamodb.ts';

/** A part of an index, newest activity first, and what of it is wanted. */
type Partition = {
  readonly index: IndexName;
  readonly attribute: string;
  readonly value: string;
  readonly filter: string;
  readonly values: Item;
};

const minPageLength = 25;
const atOnce = 8;

/** Lists, through the indexes: never more is read than the page needs, some rows for each partition aside. */
export class Lists {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  async list(query: ListQuery): Promise<ListPage> {
    const partitions = partitionsOf(query);
    const pageLength = Math.max(minPageLength, Math.ceil((2 * (query.limit + 1)) / Math.max(1, partitions.length)));
    const rows = partitions.map((partition) => new Rows(this.#context, partition, query, pageLength));
    await inParallel(atOnce, rows, (of) => of.fill());
    const found: ConversationSummary[] = [];
    const seen = new Set<string>();
    while (found.length <= query.limit) {
      const next = newestOf(rows);
      if (next === undefined) break;
      const summary = await next.take();
      if (seen.has(summary.conversationId)) continue;
      seen.add(summary.conversationId);
      found.push(summary);
    }
    return pageOf(found, query.limit);
  }

  async newest(of: { userId: UserId; projectId: ProjectId; agent: string }): Promise<Conversation | undefined> {
    const filter = '#project_id = :projectId AND #agent = :agent';
    const values = { projectId: of.projectId, agent: writeText(of.agent) };
    const partition = { index: 'by-user', attribute: '#user_id', value: of.userId, filter, values } as const;
    const rows = new Rows(this.#context, partition, {}, minPageLength);
    for (await rows.fill(); rows.first !== undefined;) {
      // The index may be behind: the record itself decides.
      const item = await this.#context.find((await rows.take()).conversationId);
      const conversation = item && (await this.#context.read(item));
      if (conversation !== undefined) return conversation;
    }
    return undefined;
  }

  async unfinished(limit: number): Promise<readonly { id: ConversationId; owner: string | null; until: number }[]> {
    const found: { id: ConversationId; owner: string | null; until: number }[] = [];
    for (let from: Item | undefined; ;) {
      const page = await this.#context.connection.query('records', {
        index: 'by-work',
        key: '#work = :open',
        values: { open: 'open' },
        limit: limit - found.length,
        ...(from && { from }),
      });
      for (const item of page.items) {
        const id = textIn(item, 'conversation_id') as ConversationId;
        const owner = item['lease_owner'] === undefined ? null : textIn(item, 'lease_owner');
        found.push({ id, owner, until: Number(item['lease_until'] ?? 0) });
      }
      if (page.next === undefined || found.length >= limit) return found;
      from = page.next;
    }
  }
}

/** The rows of one partition, read a page at a time and only when they are needed. */
class Rows {
  readonly #context: Context;
  readonly #partition: Partition;
  readonly #query: Partial<ListQuery>;
  readonly #pageLength: number;
  #buffer: ConversationSummary[] = [];
  #from: Item | undefined;
  #isAtEnd = false;

  constructor(context: Context, partition: Partition, query: Partial<ListQuery>, pageLength: number) {
    this.#context = context;
    this.#partition = partition;
    this.#query = query;
    this.#pageLength = pageLength;
  }

  get first(): ConversationSummary | undefined {
    return this.#buffer[0];
  }

  async take(): Promise<ConversationSummary> {
    const first = this.#buffer.shift();
    if (first === undefined) throw new RangeError('there are no more rows');
    if (this.#buffer.length === 0) await this.fill();
    return first;
  }

  /** Reads on until there is a row or the end. */
  async fill(): Promise<void> {
    while (this.#buffer.length === 0 && !this.#isAtEnd) {
      const page = await this.#context.connection.query('records', this.#request());
      this.#from = page.next;
      this.#isAtEnd = page.next === undefined;
      for (const item of page.items) {
        const summary = readSummary(item);
        const { after } = this.#query;
        if (after === undefined || compareInList(after, summary) < 0) this.#buffer.push(summary);
      }
    }
  }

  #request(): Parameters<Context['connection']['query']>[1] {
    const { index, attribute, value, filter, values } = this.#partition;
    const { since, after, taskId } = this.#query;
    const { cutoff } = this.#context.lifetime;
    const range =
      since !== undefined && after !== undefined
        ? ' AND #activity BETWEEN :since AND :after'
        : since !== undefined
          ? ' AND #activity >= :since'
          : after !== undefined
            ? ' AND #activity < :after'
            : '';
    const filters = [
      filter,
      taskId === undefined ? '' : '#task_id = :taskId',
      cutoff === Number.NEGATIVE_INFINITY ? '' : '(attribute_exists(#work) OR #last_activity_at > :dead)',
    ];
    return {
      index,
      descending: true,
      limit: this.#pageLength,
      key: `${attribute} = :value${range}`,
      filter: filters.filter((one) => one !== '').join(' AND '),
      values: {
        ...values,
        value,
        since: since === undefined ? undefined : timeOf(since),
        after: after && activityOf(after.lastActivityAt, after.conversationId),
        taskId: taskId === undefined ? undefined : writeText(taskId),
        dead: cutoff === Number.NEGATIVE_INFINITY ? undefined : timeOf(cutoff),
      },
      ...(this.#from && { from: this.#from }),
    };
  }
}

/** The fewest partitions that together hold everything that the query may show. */
function partitionsOf({ statuses, userId, projectId, visibleTo, since, after }: ListQuery): readonly Partition[] {
  if (statuses?.length === 0) return [];
  if (since !== undefined && after !== undefined && after.lastActivityAt < since) return [];
  const inStatuses = statuses === undefined ? [] : [anyOf('#status', 'status', statuses)];
  const of = (index: IndexName, attribute: string, value: string, conditions: readonly Condition[]): Partition => ({
    index,
    attribute,
    value,
    filter: conditions.map(({ text }) => text).join(' AND '),
    values: Object.assign({}, ...conditions.map(({ values }) => values)) as Item,
  });
  const ofUser = (id: string, ...more: readonly Condition[]): Partition =>
    of('by-user', '#user_id', id, [...inStatuses, ...more]);
  const ofProject = (id: string, ...more: readonly Condition[]): Partition =>
    of('by-project', '#project_id', id, [...inStatuses, ...more]);
  const isProject = projectId === undefined ? [] : [anyOf('#project_id', 'project', [projectId])];

  if (userId !== undefined) {
    if (visibleTo === undefined || visibleTo.userId === userId) return [ofUser(userId, ...isProject)];
    const projects = [...new Set(visibleTo.projectIds)].filter((id) => projectId === undefined || id === projectId);
    // `IN` takes 100 words.
    return chunksOf(projects, 90).map((some) => ofUser(userId, anyOf('#project_id', 'project', some)));
  }
  if (projectId !== undefined) {
    const isVisible = visibleTo === undefined || visibleTo.projectIds.includes(projectId);
    return [ofProject(projectId, ...(isVisible ? [] : [anyOf('#user_id', 'user', [visibleTo.userId])]))];
  }
  if (visibleTo !== undefined) {
    return [ofUser(visibleTo.userId), ...[...new Set(visibleTo.projectIds)].map((id) => ofProject(id))];
  }
  return [...new Set(statuses ?? conversationStatuses)].map((status) => of('by-status', '#status', status, []));
}

type Condition = { readonly text: string; readonly values: Item };

function anyOf(attribute: string, name: string, words: readonly string[]): Condition {
  const unique = [...new Set(words)];
  return {
    text: `${attribute} IN (${unique.map((_, at) => `:${name}${at}`).join(', ')})`,
    values: Object.fromEntries(unique.map((word, at) => [`${name}${at}`, word])),
  };
}

function chunksOf<Of>(items: readonly Of[], length: number): readonly (readonly Of[])[] {
  return Array.from({ length: Math.ceil(items.length / length) }, (_, at) =>
    items.slice(at * length, (at + 1) * length),
  );
}

function newestOf(rows: readonly Rows[]): Rows | undefined {
  let newest: Rows | undefined;
  for (const one of rows) {
    if (one.first === undefined) continue;
    if (newest?.first === undefined || compareInList(one.first, newest.first) < 0) newest = one;
  }
  return newest;
}

/** A list shows what it can: a digest that cannot be read is an empty one. */
function readSummary(item: Item): ConversationSummary {
  const id = String(item['conversation_id']);
  return reading(id, 'summary', () =>
    summaryOf(
      {
        conversationId: id as ConversationId,
        userId: textIn(item, 'user_id') as UserId,
        projectId: textIn(item, 'project_id') as ProjectId,
        agent: readText(item['agent']),
        taskId: item['task_id'] === undefined ? null : readText(item['task_id']),
        title: readText(item['title'] ?? ''),
        status: textIn(item, 'status') as ConversationSummary['status'],
        createdAt: timeIn(item, 'created_at'),
        lastActivityAt: timeIn(item, 'last_activity_at'),
        version: numberIn(item, 'version'),
      },
      readDigest(item['summary']),
    ),
  );
}

function readDigest(text: unknown): TaskDigest {
  try {
    return { ...emptyDigest, ...(JSON.parse(String(text)) as TaskDigest) };
  } catch {
    return emptyDigest;
  }
}
