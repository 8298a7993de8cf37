import type { Json } from '@holdfast/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JsonDocuments } from './json-documents.ts';
import { JsonScanner } from './json-scanner.ts';

function documentsIn(text: string, maxLength = 1_000_000): readonly Json[] {
  const found: Json[] = [];
  const documents = new JsonDocuments(maxLength, (document) => found.push(document));
  for (const line of text.split('\n')) documents.readLine(line);
  documents.finish();
  return found;
}

describe('documents among lines', () => {
  test('are found in one line, in many, and one after the other', () => {
    expect(documentsIn('log\n{"a":1}\n{\n  "b": [\n    2\n  ]\n}\nlog\n[3]')).toEqual([{ a: 1 }, { b: [2] }, [3]]);
  });

  test('are not hidden by what only begins like one', () => {
    expect(documentsIn('{\n[1/3] building\n{ a: 1 }\n[info] x\n["never ended\n{"a":1}')).toEqual([{ a: 1 }]);
    expect(documentsIn('[\n[{"a":1}]')).toEqual([[{ a: 1 }]]);
    expect(documentsIn('[\n[\n[{"a":1}]\n-')).toEqual([[{ a: 1 }]]);
    expect(documentsIn('{"begun":\n{"a":1}')).toEqual([{ a: 1 }]);
  });

  test('are none when something stands in a line of their own', () => {
    expect(documentsIn('the answer is {"a":1}\n{"a":1} it is\n{"a":1} {"b":2}')).toEqual([]);
  });

  test('are given up when they are too long', () => {
    expect(documentsIn('{"a":\n"0123456789"}\n{"b":2}', 12)).toEqual([{ b: 2 }]);
  });
});

test('the scanner lets every document through, cut in whatever pieces, and tells where it ends', () => {
  const documents = fc.oneof(fc.array(fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()));
  fc.assert(
    fc.property(documents, fc.boolean(), fc.nat(), (document, isPretty, at) => {
      const text = JSON.stringify(document, undefined, isPretty ? 2 : 0);
      const cut = at % text.length;
      const scanner = new JsonScanner();
      expect(scanner.scan(text.slice(0, cut))).toBe('open');
      expect(scanner.scan(text.slice(cut))).toBe('whole');
    }),
  );
});
