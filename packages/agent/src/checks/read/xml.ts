/** An element, its own text (with CDATA) cut after `maxTextLength`. */
export type XmlElement = {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  readonly text: string;
};

type Growing = { name: string; attributes: Record<string, string>; children: XmlElement[]; text: string };

const maxTextLength = 8_000;
const maxDepth = 200;
const token =
  /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[(?<cdata>[\s\S]*?)\]\]>|<!DOCTYPE[^>[]*>|<\/(?<end>[^\s>]+)\s*>|<(?<name>[A-Za-z_][^\s/>]*)(?<attributes>(?:\s+[^\s=/>]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(?<empty>\/?)>|(?<text>[^<]+)/y;
const attribute = /(?<name>[^\s=]+)\s*=\s*(?:"(?<double>[^"]*)"|'(?<single>[^']*)')/g;
const entity = /&(?:#(?<decimal>\d+)|#x(?<hex>[0-9a-fA-F]+)|(?<name>amp|lt|gt|quot|apos));/g;
const names: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/**
 * The root of an XML document as test tools write them: no entities of its own (they are left as they stand, so nothing can be
 * blown up), namespaces are part of the name. undefined: not well-formed, so perhaps cut.
 */
export function parseXml(text: string): XmlElement | undefined {
  const open: Growing[] = [];
  let root: Growing | undefined;
  token.lastIndex = 0;
  while (token.lastIndex < text.length) {
    const match = token.exec(text);
    if (match === null) return undefined;
    const groups: Readonly<Record<string, string | undefined>> = match.groups ?? {};
    const { cdata, end, name, attributes, empty, text: plain } = groups;
    const parent = open.at(-1);
    if (name !== undefined) {
      const element: Growing = { name, attributes: readAttributes(attributes ?? ''), children: [], text: '' };
      if (parent) parent.children.push(element);
      else if (root) return undefined;
      else root = element;
      if (empty === '') open.push(element);
      if (open.length > maxDepth) return undefined;
    } else if (end !== undefined) {
      if (open.pop()?.name !== end) return undefined;
    } else if (parent && parent.text.length < maxTextLength) {
      parent.text += (cdata ?? unescape(plain ?? '')).slice(0, maxTextLength - parent.text.length);
    } else if (!parent && plain !== undefined && plain.trim() !== '' && plain !== '\u{FEFF}') return undefined;
  }
  return open.length === 0 ? root : undefined;
}

function readAttributes(text: string): Record<string, string> {
  const read: Record<string, string> = {};
  for (const { groups } of text.matchAll(attribute)) {
    read[groups?.['name'] ?? ''] = unescape(groups?.['double'] ?? groups?.['single'] ?? '');
  }
  return read;
}

function unescape(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(entity, (whole: string, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return names[name] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
    return code > 0 && code <= 0x10_ffff ? String.fromCodePoint(code) : whole;
  });
}
