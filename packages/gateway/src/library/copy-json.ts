import type { Json } from '@holdfast/protocol';

/** Deeper than this is no document but a mistake, and JSON writers run out of stack. */
const maxDepth = 500;

/**
 * A copy of a JSON value (RFC 8259) that shares nothing with it. What JSON cannot hold is reported, each by its path. A property
 * that is undefined is left out, as JSON.stringify does; -0 becomes 0.
 */
export function copyJson(value: unknown, path: string, faults: string[]): Json {
  return copy(value, path, { faults, above: new Set() });
}

type Walk = { readonly faults: string[]; readonly above: Set<object> };

function copy(value: unknown, path: string, walk: Walk): Json {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      if (Number.isFinite(value)) return value === 0 ? 0 : value;
      return fault(walk, path, `is ${value}, which JSON has no number for`);
    case 'object':
      return value === null ? null : copyObject(value, path, walk);
    case 'bigint':
      return fault(walk, path, 'is a BigInt; write it as a string');
    case 'undefined':
    case 'function':
    case 'symbol':
      return fault(walk, path, `is ${typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`}, not JSON`);
  }
}

function copyObject(value: object, path: string, walk: Walk): Json {
  if (walk.above.has(value)) return fault(walk, path, 'contains itself');
  if (walk.above.size >= maxDepth) return fault(walk, path.slice(0, 80), `is nested deeper than ${maxDepth} levels`);
  walk.above.add(value);
  try {
    if (Array.isArray(value)) return Array.from(value, (item, index) => copy(item, `${path}[${index}]`, walk));
    if (!isPlain(value)) return fault(walk, path, `is a ${nameOf(value)}; write it as plain JSON`);
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    // Not by assignment: a field may be called __proto__.
    return Object.fromEntries(entries.map(([name, item]) => [name, copy(item, `${path}.${name}`, walk)]));
  } finally {
    walk.above.delete(value);
  }
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  // Of another realm (vm, a test runner), Object.prototype is another object.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function nameOf(value: object): string {
  const { constructor } = value;
  return typeof constructor === 'function' && constructor.name !== '' ? constructor.name : 'object of a class';
}

function fault({ faults }: Walk, path: string, what: string): null {
  faults.push(`${path} ${what}`);
  return null;
}
