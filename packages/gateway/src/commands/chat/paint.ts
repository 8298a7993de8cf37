import { styleText } from 'node:util';

export type Style = Parameters<typeof styleText>[0];

/** Puts a style around a text, or leaves the text as it is. */
export type Paint = (style: Style, text: string) => string;

/** Whether to colour was decided by who asks: the stream is not looked at again. */
export function painter(isColoured: boolean): Paint {
  if (!isColoured) return (_, text) => text;
  return (style, text) => (text === '' ? '' : styleText(style, text, { validateStream: false }));
}
