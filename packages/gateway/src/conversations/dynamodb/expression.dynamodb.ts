/** The expressions of a request. Attributes are written `#name` and values `:name`, so that no word can be a reserved one. */
export type Expression = {
  readonly key?: string;
  readonly filter?: string;
  readonly condition?: string;
  readonly update?: string;
  readonly projection?: string;
  /** By name without the colon. What no expression mentions is left out. */
  readonly values?: Readonly<Record<string, unknown>>;
  /** Attributes whose name is not the word behind `#`. */
  readonly names?: Readonly<Record<string, string>>;
};

/** The same in DynamoDB's words. */
export function expressionOf(expression: Expression): Record<string, unknown> {
  const { key, filter, condition, update, projection, values = {}, names = {} } = expression;
  const texts = [key, filter, condition, update, projection].filter((text) => text !== undefined).join(' ');
  const usedNames = new Set(Array.from(texts.matchAll(/#(\w+)/g), ([, name = '']) => name));
  const usedValues = new Set(Array.from(texts.matchAll(/:(\w+)/g), ([, name = '']) => name));
  return {
    ...(key !== undefined && { KeyConditionExpression: key }),
    ...(filter !== undefined && filter !== '' && { FilterExpression: filter }),
    ...(condition !== undefined && { ConditionExpression: condition }),
    ...(update !== undefined && { UpdateExpression: update }),
    ...(projection !== undefined && { ProjectionExpression: projection }),
    ...(usedNames.size > 0 && {
      ExpressionAttributeNames: Object.fromEntries([...usedNames].map((name) => [`#${name}`, names[name] ?? name])),
    }),
    ...(usedValues.size > 0 && {
      ExpressionAttributeValues: Object.fromEntries([...usedValues].map((name) => [`:${name}`, values[name]])),
    }),
  };
}

/** An update that sets these attributes; undefined removes one. Paths may be written `a.#b`-like with the names of the expression. */
export function updateOf(
  attributes: Readonly<Record<string, unknown>>,
  more: { readonly set?: readonly string[]; readonly remove?: readonly string[] } = {},
): { readonly update: string; readonly values: Readonly<Record<string, unknown>> } {
  const entries = Object.entries(attributes);
  const kept = entries.filter(([, value]) => value !== undefined);
  const sets = [...kept.map(([name]) => `#${name} = :new_${name}`), ...(more.set ?? [])];
  const gone = entries.filter(([, value]) => value === undefined).map(([name]) => `#${name}`);
  const removes = [...gone, ...(more.remove ?? [])];
  const parts = [sets.length > 0 && `SET ${sets.join(', ')}`, removes.length > 0 && `REMOVE ${removes.join(', ')}`];
  return {
    update: parts.filter(Boolean).join(' '),
    values: Object.fromEntries(kept.map(([name, value]) => [`new_${name}`, value])),
  };
}
