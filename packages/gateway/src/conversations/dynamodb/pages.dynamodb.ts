import type { Connection, Item, QueryRequest, Table } from './connection.dynamodb.ts';

const pageLength = 100;

/** Visits what a query finds, a page of up to 100 at a time; an aborted signal ends it between two pages. */
export async function eachPage(
  connection: Connection,
  table: Table,
  request: QueryRequest,
  signal: AbortSignal | undefined,
  visit: (items: readonly Item[]) => Promise<void>,
): Promise<void> {
  let from: Item | undefined;
  do {
    if (signal?.aborted === true) return;
    const page = await connection.query(table, { ...request, limit: pageLength, ...(from && { from }) });
    if (page.items.length > 0) await visit(page.items);
    from = page.next;
  } while (from !== undefined);
}
