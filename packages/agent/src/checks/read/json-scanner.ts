/** Deeper than any report. */
const maxDepth = 200;
const word = /[-+.0-9A-Za-z]/;

/**
 * Looks over JSON as it comes, as closely as it takes to know where a document ends and that a text is none: brackets, strings,
 * commas and colons in their places. What it lets through the parser may still refuse.
 */
export class JsonScanner {
  #brackets: ('{' | '[')[] = [];
  #expects: 'value' | 'key' | 'colon' | 'comma' | 'end' = 'value';
  /** A container may end at once, and not after a comma. */
  #mayClose = false;
  #state: 'plain' | 'string' | 'escaped' | 'word' = 'plain';

  reset(): void {
    this.#brackets = [];
    this.#expects = 'value';
    this.#mayClose = false;
    this.#state = 'plain';
  }

  /** `open`: so far a document that goes on; `whole`: it has ended, with nothing but blanks after it; `wrong`: it is none. */
  scan(text: string): 'open' | 'whole' | 'wrong' {
    for (let at = 0; at < text.length; at += 1) {
      const character = text.charAt(at);
      if (this.#state === 'escaped') this.#state = 'string';
      else if (this.#state === 'string') {
        if (character === '\\') this.#state = 'escaped';
        else if (character === '"') this.#state = 'plain';
        else if (character === '\n') return 'wrong';
        else at = endOfPlain(text, at);
      } else if (!this.#read(character)) return 'wrong';
    }
    return this.#expects === 'end' ? 'whole' : 'open';
  }

  #read(character: string): boolean {
    if (this.#state === 'word') {
      if (word.test(character)) return true;
      this.#state = 'plain';
    }
    if (character === ' ' || character === '\n' || character === '\t') return true;
    if (character === '}' || character === ']') return this.#close(character === '}' ? '{' : '[');
    switch (this.#expects) {
      case 'value':
        return this.#begin(character);
      case 'key':
        this.#state = 'string';
        this.#expects = 'colon';
        return character === '"';
      case 'colon':
        this.#expects = 'value';
        this.#mayClose = false;
        return character === ':';
      case 'comma':
        this.#expects = this.#brackets.at(-1) === '{' ? 'key' : 'value';
        this.#mayClose = false;
        return character === ',';
      case 'end':
        return false;
    }
  }

  #begin(character: string): boolean {
    if (character === '{' || character === '[') {
      this.#brackets.push(character);
      this.#expects = character === '{' ? 'key' : 'value';
      this.#mayClose = true;
      return this.#brackets.length <= maxDepth;
    }
    if (this.#brackets.length === 0) return false;
    this.#expects = 'comma';
    if (character === '"') this.#state = 'string';
    else if (/[-0-9tfn]/.test(character)) this.#state = 'word';
    else return false;
    return true;
  }

  #close(bracket: '{' | '['): boolean {
    const isAllowed = this.#expects === 'comma' || (this.#mayClose && this.#expects !== 'colon');
    if (!isAllowed || this.#brackets.pop() !== bracket) return false;
    this.#expects = this.#brackets.length === 0 ? 'end' : 'comma';
    this.#mayClose = false;
    return true;
  }
}

/** Long texts are most of a report: on to the last character before the next quote, backslash or line end. */
function endOfPlain(text: string, from: number): number {
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22 || code === 0x5c || code === 0x0a) return at - 1;
  }
  return text.length - 1;
}
