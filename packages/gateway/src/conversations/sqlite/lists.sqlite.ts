import { conversationStatuses } from '@holdfast/protocol';
import type { Bound } from './engine.sqlite.ts';
import type { ListPosition, ListQuery } from '../list.ts';

export type Statement = { readonly sql: string; readonly values: readonly Bound[] };

export type RowQuery = ListQuery & { readonly agent?: string };

/** A part of the conversations that lies in one index in the order of lists, and what else must hold of it. */
type Partition = { readonly index: string; readonly where: readonly Statement[] };

/** SQLite merges at most 500 of them in one statement. */
const maxMerged = 250;

/**
 * Statements whose rows, put together, begin with the page: those that have not expired by age. The partitions that the filter
 * names are merged as they are read, so that no statement reads much more than a page, or sorts.
 */
export function freshRows(columns: string, query: RowQuery, cutoff: number): readonly Statement[] {
  const { since = Number.NEGATIVE_INFINITY } = query;
  const younger = since > cutoff ? is('last_activity_at >= ?', since) : is('last_activity_at > ?', cutoff);
  const partitions = partitionsOf(query);
  const statements: Statement[] = [];
  for (let start = 0; start < partitions.length; start += maxMerged) {
    statements.push(merged(columns, partitions.slice(start, start + maxMerged), [younger], query));
  }
  return statements;
}

/** The rest: those that are kept only because they are open. There are few. */
export function oldOpenRows(columns: string, query: RowQuery, cutoff: number): Statement {
  const { since = Number.NEGATIVE_INFINITY } = query;
  const where = [is('open = 1'), ...filtersOf(query, ['status', 'user', 'project', 'visible', 'task'])];
  const range = [is('last_activity_at <= ?', cutoff), is('last_activity_at >= ?', since)];
  return merged(columns, [{ index: 'conversations_open', where }], range, query);
}

function merged(
  columns: string,
  partitions: readonly Partition[],
  range: readonly Statement[],
  { after, limit }: RowQuery,
): Statement {
  const bounds = after === undefined ? range : [...range, isAfter(after)];
  const parts = partitions.map(({ index, where }) => {
    const conditions = [...where, ...bounds];
    return {
      sql: `SELECT ${columns} FROM conversations INDEXED BY ${index} WHERE ${conditions.map(({ sql }) => sql).join(' AND ')}`,
      values: conditions.flatMap(({ values }) => values),
    };
  });
  const sql = `${parts.map((part) => part.sql).join(' UNION ALL ')} ORDER BY last_activity_at DESC, id DESC LIMIT ?`;
  return { sql, values: [...parts.flatMap(({ values }) => values), limit + 1] };
}

function partitionsOf(query: RowQuery): readonly Partition[] {
  const { taskId, userId, projectId, visibleTo } = query;
  const statuses = [...new Set(query.statuses ?? conversationStatuses)];
  const each = (index: string, ...where: Statement[]): Partition[] =>
    statuses.map((status) => ({ index, where: [is('status = ?', status), ...where] }));
  const ofUser = (id: string, ...where: Statement[]): Partition[] =>
    each('conversations_by_user', is('user_id = ?', id), ...where);
  const ofProject = (id: string, ...where: Statement[]): Partition[] =>
    each('conversations_by_project', is('project_id = ?', id), ...where);

  if (taskId !== undefined) {
    const where = [is('task_id = ?', taskId), ...filtersOf(query, ['status', 'user', 'project', 'visible'])];
    return [{ index: 'conversations_by_task', where }];
  }
  if (userId !== undefined) return ofUser(userId, ...filtersOf(query, ['project', 'visible']));
  if (projectId !== undefined) {
    if (visibleTo === undefined || visibleTo.projectIds.includes(projectId)) return ofProject(projectId);
    return ofUser(visibleTo.userId, is('project_id = ?', projectId));
  }
  if (visibleTo !== undefined) {
    const isAnothers = is('user_id <> ?', visibleTo.userId);
    const projects = [...new Set(visibleTo.projectIds)];
    return [...ofUser(visibleTo.userId), ...projects.flatMap((id) => ofProject(id, isAnothers))];
  }
  return each('conversations_by_status');
}

/** Conditions that the partition does not fulfil by itself. */
function filtersOf(
  query: RowQuery,
  open: readonly ('status' | 'user' | 'project' | 'visible' | 'task')[],
): readonly Statement[] {
  const { statuses, userId, projectId, taskId, visibleTo, agent } = query;
  const filters: Statement[] = [];
  if (open.includes('status') && statuses !== undefined) filters.push(isAmong('status', statuses));
  if (open.includes('user') && userId !== undefined) filters.push(is('user_id = ?', userId));
  if (open.includes('project') && projectId !== undefined) filters.push(is('project_id = ?', projectId));
  if (open.includes('task') && taskId !== undefined) filters.push(is('task_id = ?', taskId));
  if (agent !== undefined) filters.push(is('agent = ?', agent));
  if (open.includes('visible') && visibleTo !== undefined && visibleTo.userId !== userId) {
    const { sql, values } = isAmong('project_id', visibleTo.projectIds);
    filters.push({ sql: `(user_id = ? OR ${sql})`, values: [visibleTo.userId, ...values] });
  }
  return filters;
}

function is(sql: string, ...values: Bound[]): Statement {
  return { sql, values };
}

function isAmong(column: string, values: readonly string[]): Statement {
  return { sql: `${column} IN (${values.map(() => '?').join(', ')})`, values };
}

function isAfter({ lastActivityAt, conversationId }: ListPosition): Statement {
  return { sql: '(last_activity_at, id) < (?, ?)', values: [lastActivityAt, conversationId] };
}
