import { parseJson, type Json } from '@holdfast/protocol';
import { expect } from 'vitest';

export type Line = { readonly type: string; readonly [name: string]: Json };

/** Lines as they come, and waiting for one of them. */
export class LineLog {
  readonly lines: Line[] = [];
  #rest = '';
  #wake: (() => void)[] = [];

  take(bytes: Uint8Array): void {
    const texts = (this.#rest + Buffer.from(bytes).toString()).split('\n');
    this.#rest = texts.pop() ?? '';
    for (const text of texts) this.add(parseJson(text) as Line);
  }

  add(line: Line): void {
    this.lines.push(line);
    for (const wake of this.#wake.splice(0)) wake();
  }

  /** Resolves with the first line, old or new, for which this holds; fails after a generous while. */
  async until(isIt: (line: Line) => boolean): Promise<Line> {
    for (let seen = 0, giveUpAt = Date.now() + 30_000; ;) {
      for (; seen < this.lines.length; seen += 1) {
        const line = this.lines[seen];
        if (line !== undefined && isIt(line)) return line;
      }
      const leftMs = giveUpAt - Date.now();
      if (leftMs <= 0) expect.fail(`the line did not come; the last ones: ${JSON.stringify(this.lines.slice(-10))}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake.push(() => (clearTimeout(timer), resolve()));
      });
    }
  }

  async untilType(type: string): Promise<Line> {
    return await this.until((line) => line.type === type);
  }

  types(): string[] {
    return this.lines.map((line) => line.type);
  }

  /** What the text lines say, in order. */
  texts(): string[] {
    return this.lines.flatMap((line) => (line.type === 'text' ? [line['content'] as string] : []));
  }
}
