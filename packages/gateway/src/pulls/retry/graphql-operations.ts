/** What a GraphQL document would do: the kinds of its operations, and every name in it. */
export type GraphqlDocument = {
  readonly isQueryOnly: boolean;
  readonly names: ReadonlySet<string>;
};

/**
 * Reads as much of a document as tells a query from a mutation: strings and comments are left out, and what stands outside all braces names
 * the operations. A document that is not well formed counts as no query.
 */
export function readGraphql(document: string): GraphqlDocument {
  // Block strings, strings, comments, names, braces; the rest does not matter. https://spec.graphql.org/October2021/#sec-Appendix-Grammar-Summary
  const tokens = document.matchAll(
    /"""(?:\\"""|[^])*?"""|"(?:\\.|[^"\\\n])*"|#[^\n\r]*|(?<name>[A-Za-z_]\w*)|(?<sign>[{}()"])/g,
  );
  const names = new Set<string>();
  let depth = 0;
  let isQueryOnly = true;
  let isNew = true;
  for (const { groups } of tokens) {
    const { name, sign } = groups ?? {};
    if (name !== undefined) {
      names.add(name);
      // Only the first word of a definition says what it is; `query mutation { … }` is a query with an odd name.
      if (depth === 0 && isNew && name !== 'query' && name !== 'fragment') isQueryOnly = false;
      if (depth === 0) isNew = false;
    }
    if (sign === '"') isQueryOnly = false;
    if (sign === '{' || sign === '(') depth += 1;
    if (sign === '}' || sign === ')') depth -= 1;
    if (depth < 0) isQueryOnly = false;
    if (sign === '}' && depth === 0) isNew = true;
  }
  return { isQueryOnly: isQueryOnly && depth === 0 && names.size > 0, names };
}
