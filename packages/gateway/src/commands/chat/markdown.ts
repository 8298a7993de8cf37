import type { Paint, Style } from './paint.ts';

/** What the beginning of a line could still become: nothing of it is shown until that is known. */
const undecided = /^(?: {0,8}(?:#{1,6}|`{1,2}|[-*+]|\*\*|\d{1,9}[.)]?|-{2,}|>)?)$/;
const undecidedInFence = /^ {0,8}`{0,2}$/;
const fence = /^ *```/;

type Inline = { bold: boolean; italic: boolean; code: boolean };

/**
 * Renders Markdown for a terminal while it streams: headings, bold, italics, code, lists, quotes. Only the marks themselves
 * are held back, and those no longer than until it is clear what they are.
 */
export class MarkdownStream {
  readonly #paint: Paint;
  #line: 'head' | 'body' | 'fence-mark' | 'code' = 'head';
  #isInFence = false;
  #base: Style[] = [];
  #inline: Inline = { bold: false, italic: false, code: false };
  /** Held back: the head of a line, the mark of a fence, a row of asterisks or a backslash. */
  #held = '';
  #before = '';
  #run = '';
  #out = '';

  constructor(paint: Paint) {
    this.#paint = paint;
  }

  /** The bytes for a further piece of text. */
  write(piece: string): string {
    for (const character of piece) this.#read(character);
    return this.#take();
  }

  /** The bytes that were held back; the text is over. */
  end(): string {
    if (this.#line === 'head') this.#beginBody();
    if (this.#line === 'body') this.#endHeld('\n');
    this.#line = 'head';
    this.#held = '';
    return this.#take();
  }

  #take(): string {
    this.#flush();
    const out = this.#out;
    this.#out = '';
    return out;
  }

  #read(character: string): void {
    switch (this.#line) {
      case 'head':
        return this.#readHead(character);
      case 'body':
        return character === '\n' ? this.#endLine() : this.#readBody(character);
      case 'code':
        if (character === '\n') return this.#endLine();
        this.#run += character;
        return;
      case 'fence-mark':
        if (character === '\n') return this.#endFenceMark();
        this.#held += character;
        return;
    }
  }

  #readHead(character: string): void {
    if (character === '\n') {
      if (/^ *-{3,}$/.test(this.#held)) {
        this.#held = '';
        this.#emit('dim', '─'.repeat(24));
      } else this.#beginBody();
      return this.#endLine();
    }
    const head = this.#held + character;
    this.#held = head;
    if (fence.test(head)) this.#line = 'fence-mark';
    else if (!(this.#isInFence ? undecidedInFence : undecided).test(head)) this.#beginBody();
  }

  /** It is clear what the line is: shows its head in its own way. */
  #beginBody(): void {
    const head = this.#held;
    this.#held = '';
    this.#line = this.#isInFence ? 'code' : 'body';
    if (this.#isInFence) {
      this.#base = ['cyan'];
      this.#run = `  ${head}`;
      return;
    }
    const heading = /^ *(#{1,6}) $/.exec(head);
    const list = /^( *)[-*+] $/.exec(head);
    if (heading !== null) this.#base = heading[1] === '#' ? ['bold', 'underline'] : ['bold'];
    else if (list !== null) this.#run = `${list[1]}• `;
    else if (/^ *> $/.test(head)) {
      this.#base = ['dim'];
      this.#run = '│ ';
    } else for (const character of head) this.#readBody(character);
  }

  #readBody(character: string): void {
    if (character === '*' && !this.#inline.code && this.#held !== '\\') {
      this.#held += character;
      return;
    }
    if (this.#held !== '') {
      const wasBackslash = this.#held === '\\';
      this.#endHeld(character);
      if (wasBackslash) return this.#show(character);
    }
    if (character === '\\' && !this.#inline.code) this.#held = character;
    else if (character === '`') this.#toggle('code');
    else this.#show(character);
  }

  /** Asterisks open before a word and close behind one; anything else is what it is. */
  #endHeld(next: string): void {
    const held = this.#held;
    this.#held = '';
    if (held === '\\') {
      if (!/[!-/:-@[-`{-~]/.test(next)) this.#show(held);
      return;
    }
    if (held === '') return;
    const canOpen = /\S/.test(next) && !/\w/.test(this.#before);
    const canClose = /\S/.test(this.#before);
    const kinds = ({ 1: ['italic'], 2: ['bold'], 3: ['bold', 'italic'] } as const)[held.length] ?? [];
    if (kinds.length > 0 && kinds.every((kind) => (this.#inline[kind] ? canClose : canOpen))) {
      for (const kind of kinds) this.#toggle(kind);
    } else for (const character of held) this.#show(character);
  }

  #toggle(kind: keyof Inline): void {
    this.#flush();
    this.#inline[kind] = !this.#inline[kind];
  }

  #show(character: string): void {
    this.#run += character;
    this.#before = character;
  }

  #endFenceMark(): void {
    const label = this.#held.replace(fence, '').trim();
    this.#held = '';
    this.#isInFence = !this.#isInFence;
    if (this.#isInFence && label !== '') this.#emit('dim', `  ${label}`);
    // A fence without a label leaves no line behind.
    if (this.#isInFence && label !== '') this.#out += '\n';
    this.#line = 'head';
  }

  #endLine(): void {
    if (this.#line === 'body') this.#endHeld('\n');
    this.#flush();
    this.#out += '\n';
    this.#line = 'head';
    this.#before = '';
    this.#base = [];
    // A mark that was never closed must not colour the rest of the answer.
    this.#inline = { bold: false, italic: false, code: false };
  }

  #flush(): void {
    const { bold, italic, code } = this.#inline;
    const styles: Style[] = [...this.#base];
    if (bold) styles.push('bold');
    if (italic) styles.push('italic');
    if (code) styles.push('cyan');
    const run = this.#run;
    this.#run = '';
    if (run !== '') this.#out += styles.length === 0 ? run : this.#paint(styles.flat() as Style, run);
  }

  #emit(style: Style, text: string): void {
    this.#flush();
    this.#out += this.#paint(style, text);
  }
}
