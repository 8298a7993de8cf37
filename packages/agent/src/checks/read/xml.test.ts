import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseXml, type XmlElement } from './xml.ts';

test('reads elements, attributes, entities, CDATA, comments and declarations', () => {
  const text = `<?xml version="1.0"?><!-- c --><a x="1 &lt; 2" y='&#x41;&#66;'>one<b/>&amp;<![CDATA[<c> & ]]><d:e f="g"></d:e></a>`;
  expect(parseXml(text)).toEqual({
    name: 'a',
    attributes: { x: '1 < 2', y: 'AB' },
    text: 'one&<c> & ',
    children: [
      { name: 'b', attributes: {}, text: '', children: [] },
      { name: 'd:e', attributes: { f: 'g' }, text: '', children: [] },
    ],
  });
});

test('knows no entity but the five, so that nothing can be blown up', () => {
  const text = '<!DOCTYPE a><a>&lol;&#0;</a>';
  expect(parseXml(text)?.text).toBe('&lol;&#0;');
  expect(parseXml('<!DOCTYPE a [<!ENTITY l "lol">]><a>&l;</a>')).toBeUndefined();
});

test('refuses what is not well-formed', () => {
  for (const text of ['', 'a', '<a>', '<a></b>', '<a/><b/>', '<a x=1/>', '<a', 'x<a/>', '</a>', '<a></a>x']) {
    expect([text, parseXml(text)]).toEqual([text, undefined]);
  }
});

test('refuses every beginning of a document', () => {
  const name = fc.stringMatching(/^[a-z]{1,4}$/);
  const elementWith = (child: fc.Arbitrary<XmlElement>, maxLength: number): fc.Arbitrary<XmlElement> =>
    fc.record({
      name,
      attributes: fc.dictionary(name, fc.string(), { noNullPrototype: true, maxKeys: 3 }),
      children: fc.array(child, { maxLength }),
      text: fc.string(),
    });
  const leaf = elementWith(fc.constant({ name: 'a', attributes: {}, children: [], text: '' }), 1);
  const element = elementWith(elementWith(leaf, 2), 3);
  fc.assert(
    fc.property(element, fc.nat(), (root, at) => {
      const text = written(root);
      expect(parseXml(text)).toEqual(root);
      expect(parseXml(text.slice(0, at % text.length))).toBeUndefined();
    }),
  );
});

function written({ name, attributes, children, text }: XmlElement): string {
  const pairs = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(value)}"`);
  return `<${name}${pairs.join('')}>${escaped(text)}${children.map(written).join('')}</${name}>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
