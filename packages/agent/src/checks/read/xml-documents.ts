import { parseXml, type XmlElement } from './xml.ts';

/** The roots of the forms that are known: JUnit, and the results of Visual Studio's test platform. */
const begin = /^\s*<(?:\?xml\b|(?<root>testsuites|testsuite|TestRun)[\s>])/;
const root = /<(testsuites|testsuite|TestRun)[\s>]/;

/** Finds XML documents of known forms among the lines of an output; each begins a line and ends one. */
export class XmlDocuments {
  readonly #onDocument: (document: XmlElement) => void;
  readonly #maxLength: number;
  #lines: string[] = [];
  #length = 0;
  #root = '';
  #depth = 0;

  constructor(maxLength: number, onDocument: (document: XmlElement) => void) {
    this.#maxLength = maxLength;
    this.#onDocument = onDocument;
  }

  readLine(line: string): void {
    const begins = line.includes('<') && begin.test(line) && (this.#root === '' || line.includes('<?xml'));
    if (begins && !(this.#lines.length === 1 && this.#root === '' && !line.includes('<?xml'))) this.#drop();
    if (this.#lines.length === 0 && !begins) return;
    this.#length += line.length + 1;
    if (this.#length > this.#maxLength) {
      this.#drop();
      return;
    }
    this.#lines.push(line);
    if (this.#root === '') this.#root = root.exec(line)?.[1] ?? '';
    // A declaration has its root in the next line, or it is a document of another kind.
    if (this.#root === '') {
      if (this.#lines.length > 2) this.#drop();
      return;
    }
    this.#depth += depthOf(line, this.#root);
    if (this.#depth > 0) return;
    const document = parseXml(this.#lines.join('\n'));
    this.#drop();
    if (document) this.#onDocument(document);
  }

  #drop(): void {
    this.#lines = [];
    this.#length = 0;
    this.#root = '';
    this.#depth = 0;
  }
}

/** How much deeper in elements of this name the end of a line lies than its begin. */
function depthOf(line: string, name: string): number {
  if (!line.includes(name)) return 0;
  let depth = 0;
  for (const [tag] of line.matchAll(new RegExp(`</?${name}(?=[\\s/>])[^>]*>`, 'g'))) {
    if (tag.startsWith('</')) depth -= 1;
    else if (!tag.endsWith('/>')) depth += 1;
  }
  return depth;
}
