import { emptyTranscript, readTranscript, type TranscriptItem } from '@holdfast/client';
import type {
  ChecksMessage,
  DecisionMessage,
  DoneMessage,
  HistoryMessage,
  ServerMessage,
  TextMessage,
  Tool,
  ToolResultMessage,
} from '@holdfast/protocol';

import { checkLines } from './check-lines.ts';
import { ShownBlocks } from './shown-blocks.ts';
import { MarkdownStream } from './markdown.ts';
import { painter, type Paint } from './paint.ts';
import { printable } from './printable.ts';
import { resultLines, toolLines, toolTitle } from './tool-view.ts';
import { describeEnd } from './turn-end.ts';

/** So many items of an old conversation are shown at its start. */
const maxHistoryItems = 30;

/**
 * Turns what comes into what a terminal shows: feed it messages in order and print what it returns. It asks nothing and
 * knows no terminal but for colour.
 */
export class ChatRenderer {
  readonly #isColoured: boolean;
  readonly #paint: Paint;
  /** The block that is being written, if the last thing shown is part of one. */
  #open: { readonly key: string; readonly markdown: MarkdownStream } | undefined;
  /** What was shown of the blocks of this turn. */
  readonly #blocks = new ShownBlocks();
  #tools = new Map<string, Tool>();
  readonly #refused = new Set<string>();
  #lastTool: string | undefined;
  /** Prompts that have no end yet: the first runs, the others wait for their turn to be shown. */
  #prompts: string[] = [];
  #history: ServerMessage[] | undefined;
  #isFresh = true;
  /** Notes that follow each other stand together. */
  #isBelowNote = false;
  /** How the output ends, so that blocks stand apart by one empty line. */
  #tail = '\n\n';

  constructor(isColoured: boolean) {
    this.#isColoured = isColoured;
    this.#paint = painter(isColoured);
  }

  /** The number of prompts that wait behind the one that runs. */
  get queued(): number {
    return Math.max(0, this.#prompts.length - 1);
  }

  get isTurnRunning(): boolean {
    return this.#prompts.length > 0;
  }

  /** The bytes for further messages. */
  read(messages: readonly ServerMessage[]): string {
    return messages.map((message) => this.#read(message)).join('');
  }

  /** A remark of the program itself. */
  note(text: string): string {
    const gap = this.#isBelowNote ? '' : this.#gap();
    const note = gap + this.#write(`${this.#paint('dim', `· ${printable(text)}`)}\n`);
    this.#lastTool = undefined;
    this.#isBelowNote = true;
    return note;
  }

  problem(text: string): string {
    return this.#paragraph([this.#paint('red', `✗ ${printable(text)}`)]);
  }

  /** Several lines of the program itself. */
  block(text: string): string {
    return this.#paragraph(text.split('\n').map((line) => this.#paint('dim', `  ${line}`)));
  }

  /** Ends the last line. */
  finish(): string {
    return this.#lineBreak();
  }

  /** A renderer for another conversation, below the same output. */
  anew(): ChatRenderer {
    const renderer = new ChatRenderer(this.#isColoured);
    renderer.#tail = this.#open === undefined ? this.#tail : 'x';
    return renderer;
  }

  #read(message: ServerMessage): string {
    switch (message.type) {
      case 'init':
        if (message.mode === 'snapshot') this.#history = [message];
        return '';
      case 'history':
        return this.#readHistory(message);
      case 'text':
      case 'thinking':
        return this.#text(message);
      case 'superseded':
        return this.#superseded(message.block);
      case 'user':
        return this.#prompt(message.prompt);
      case 'tool_use':
        return this.#toolUse(message.tool);
      case 'decision':
        return message.seq === undefined ? '' : this.#decision(message);
      case 'tool_result':
        return this.#toolResult(message);
      case 'notice':
        return this.note(message.content);
      case 'error':
        return message.seq === undefined ? '' : this.problem(message.error);
      case 'checks':
        return this.#checks(message);
      case 'done':
        return this.#done(message);
      default:
        return '';
    }
  }

  #readHistory(message: HistoryMessage): string {
    const parts = this.#history ?? [];
    parts.push(message);
    if (message.more === true) return '';
    this.#history = undefined;
    this.#forgetTurn();
    this.#prompts = [];
    const { items } = readTranscript(emptyTranscript, parts);
    const again = this.#isFresh ? '' : this.note('the conversation has changed behind our back; here it is again');
    this.#isFresh = false;
    const firstShown = Math.max(0, items.length - maxHistoryItems);
    const earlier = firstShown === 0 ? '' : this.note(`${firstShown} earlier entries are not shown`);
    // What is not shown is read all the same, as it tells which prompts have ended; it leaves no trace in the layout.
    const tail = this.#tail;
    for (const item of items.slice(0, firstShown)) this.#item(item);
    this.#open = undefined;
    this.#tail = tail;
    return (
      again +
      earlier +
      items
        .slice(firstShown)
        .map((item) => this.#item(item))
        .join('')
    );
  }

  #item(item: TranscriptItem): string {
    switch (item.kind) {
      case 'text':
      case 'thinking': {
        const { kind: type, block, content } = item;
        return this.#text({ type, agent: '', block, content, streaming: true });
      }
      case 'user':
        return this.#prompt(item.prompt);
      case 'tool': {
        const { tool, decision, result, error } = item;
        const answer = { agent: '', toolId: tool.id };
        return [
          this.#toolUse(tool),
          decision === undefined ? '' : this.#decision({ type: 'decision', ...answer, ...decision }),
          tool.status === 'complete'
            ? this.#toolResult({
                ...{ type: 'tool_result', ...answer },
                ...(result === undefined ? {} : { result }),
                ...(error === undefined ? {} : { error }),
              })
            : '',
        ].join('');
      }
      case 'notice':
        return this.note(item.content);
      case 'error':
        return this.problem(item.error);
      case 'checks':
        return this.#checks(item);
      case 'end':
        return this.#done({ type: 'done', agent: '', ...item });
    }
  }

  #text({ type, block, content, streaming }: TextMessage): string {
    const key = `${type}:${block}`;
    const { piece, isContinued } = this.#blocks.read(key, content, streaming);
    if (piece === '') return '';
    // What was shown cannot be taken back: the block that replaces it begins anew below.
    const ended = isContinued ? '' : this.#lineBreak();
    const opened = ended + this.#openBlock(key);
    const clean = printable(piece);
    const bytes = type === 'thinking' ? this.#paint('dim', clean) : (this.#open?.markdown.write(clean) ?? '');
    return opened + this.#write(bytes);
  }

  #openBlock(key: string): string {
    if (this.#open?.key === key) return '';
    const gap = this.#gap();
    this.#lastTool = undefined;
    this.#open = { key, markdown: new MarkdownStream(this.#paint) };
    return gap;
  }

  #superseded(block: string): string {
    const keys = [`text:${block}`, `thinking:${block}`].filter((key) => this.#blocks.delete(key));
    return keys.length === 0 ? '' : this.note('the text above is void; the agent begins it again');
  }

  /** A prompt that waits is shown when its turn comes, so that it does not stand in the middle of an answer. */
  #prompt(prompt: string): string {
    this.#prompts.push(prompt);
    return this.#prompts.length === 1 ? this.#showPrompt(prompt) : '';
  }

  #showPrompt(prompt: string): string {
    const [first = '', ...rest] = printable(prompt).split('\n');
    const mark = this.#paint(['bold', 'cyan'], '›');
    return this.#paragraph([
      `${mark} ${this.#paint('bold', first)}`,
      ...rest.map((line) => `  ${this.#paint('bold', line)}`),
    ]);
  }

  #toolUse(tool: Tool): string {
    const isShown = this.#tools.has(tool.id);
    this.#tools.set(tool.id, tool);
    if (isShown) return '';
    const [first = '', ...rest] = toolLines(tool, this.#paint);
    const card = this.#paragraph([`${this.#paint('magenta', '●')} ${first}`, ...rest]);
    this.#lastTool = tool.id;
    return card;
  }

  #decision({ toolId, approved, userId, reason }: Omit<DecisionMessage, 'agent'>): string {
    if (!approved) this.#refused.add(toolId);
    const verdict = approved ? this.#paint('green', '✓ allowed') : this.#paint('red', '✗ refused');
    const why = reason === undefined || reason === '' ? '' : `: ${printable(reason)}`;
    return this.#below(toolId, [`${verdict} ${this.#paint('dim', `by ${printable(userId)}${why}`)}`]);
  }

  #toolResult({ toolId, result, error }: ToolResultMessage): string {
    if (error === undefined) return this.#below(toolId, resultLines(result, this.#paint));
    // That a refused call was not carried out need not be said twice.
    if (this.#refused.delete(toolId)) return '';
    return this.#below(
      toolId,
      printable(error)
        .split('\n')
        .map((line) => this.#paint('red', `⎿ ${line}`)),
    );
  }

  /** Lines that belong to a call: directly below it, or with its name where something stands between. */
  #below(toolId: string, lines: readonly string[]): string {
    const tool = this.#tools.get(toolId);
    const isDirect = this.#lastTool === toolId;
    const name = isDirect || tool === undefined ? [] : [this.#paint('dim', toolTitle(tool))];
    const gap = isDirect ? this.#lineBreak() : this.#gap();
    this.#lastTool = toolId;
    return gap + this.#write(`${[...name, ...lines.map((line) => `  ${line}`)].join('\n')}\n`);
  }

  /** The colour is the verdict's: what was only simulated is not green. */
  #checks(message: Pick<ChecksMessage, 'check' | 'result'>): string {
    const verdict = message.result?.verdict;
    const colour = verdict === 'passed' ? 'green' : verdict === 'failed' || verdict === 'timed_out' ? 'red' : 'dim';
    const [first = '', ...rest] = checkLines(message).map((line) => printable(line).replaceAll('\n', ' '));
    return this.#paragraph([this.#paint(colour, `◆ ${first}`), ...rest.map((line) => this.#paint('dim', `  ${line}`))]);
  }

  #done({ reason, usage }: DoneMessage): string {
    this.#forgetTurn();
    const end = this.#paragraph([this.#paint('dim', `— ${describeEnd(reason, usage)}`)]);
    this.#prompts.shift();
    const [next] = this.#prompts;
    return next === undefined ? end : end + this.#showPrompt(next);
  }

  #forgetTurn(): void {
    this.#blocks.clear();
    this.#tools.clear();
  }

  #paragraph(lines: readonly string[]): string {
    const gap = this.#gap();
    this.#lastTool = undefined;
    return gap + this.#write(`${lines.join('\n')}\n`);
  }

  /** Ends what is open; then one empty line. */
  #gap(): string {
    const end = this.#lineBreak();
    return end + (this.#tail.endsWith('\n\n') ? '' : this.#write('\n'));
  }

  #lineBreak(): string {
    const rest = this.#write(this.#open?.markdown.end() ?? '');
    this.#open = undefined;
    return rest + (this.#tail.endsWith('\n') ? '' : this.#write('\n'));
  }

  #write(bytes: string): string {
    if (bytes !== '') this.#isBelowNote = false;
    if (bytes !== '') this.#tail = (this.#tail + bytes).slice(-2);
    return bytes;
  }
}
