import type { ConversationId } from '@holdfast/protocol';
import { textsOf } from '../../../packages/gateway/src/conversations/log-batch.ts';
import type { ConversationStore } from '../../../packages/gateway/src/conversations/store.ts';

/** What a writer says, a line each, after the store had acknowledged it. */
export type Ack =
  | { readonly kind: 'log'; readonly id: string; readonly firstSeq: number; readonly lastSeq: number }
  | { readonly kind: 'save'; readonly id: string; readonly counter: number }
  | { readonly kind: 'entry'; readonly id: string; readonly counter: number }
  | { readonly kind: 'command'; readonly id: string; readonly command: string }
  | { readonly kind: 'done'; readonly id: string; readonly command: string }
  | { readonly kind: 'created'; readonly id: string }
  | { readonly kind: 'deleted'; readonly id: string };

type Known = { lastSeq: number; counter: number; readonly commands: Set<string>; readonly done: Set<string> };

/** All that writers were told to be stored, and whether it is. */
export class LedgerOfAcks {
  readonly #conversations = new Map<string, Known>();
  readonly #entries = new Map<string, number>();
  readonly #created = new Set<string>();
  readonly #deleted = new Set<string>();
  readonly #faults: string[] = [];
  count = 0;

  add(ack: Ack): void {
    this.count++;
    switch (ack.kind) {
      case 'log':
        this.#expectAfter(ack.firstSeq, this.#of(ack.id).lastSeq, `message of ${ack.id}`);
        this.#of(ack.id).lastSeq = ack.lastSeq;
        break;
      case 'save':
        this.#expectAfter(ack.counter, this.#of(ack.id).counter, `count of ${ack.id}`);
        this.#of(ack.id).counter = ack.counter;
        break;
      case 'entry':
        this.#expectAfter(ack.counter, this.#entries.get(ack.id) ?? 0, `count of the entry ${ack.id}`);
        this.#entries.set(ack.id, ack.counter);
        break;
      case 'command':
        this.#of(ack.id).commands.add(ack.command);
        break;
      case 'done':
        this.#of(ack.id).done.add(ack.command);
        break;
      case 'created':
        this.#created.add(ack.id);
        break;
      case 'deleted':
        this.#deleted.add(ack.id);
        break;
    }
  }

  /** A sentence for everything that is not as it was acknowledged, or that is there by half. */
  async faults(store: ConversationStore): Promise<readonly string[]> {
    const faults = [...this.#faults];
    for (const [id, known] of this.#conversations) faults.push(...(await faultsOf(store, id as ConversationId, known)));
    // Also what a killed writer was never told about is in the list, so its length is not ours.
    const listed = new Set(await store.entriesIn('lanes', 1_000));
    for (const [key, counter] of this.#entries) {
      const found = Number((await store.readEntry(key))?.body ?? 0);
      if (found < counter) faults.push(`the entry ${key} is ${found}, acknowledged was ${counter}`);
      if (!listed.has(key)) faults.push(`the entry ${key} is not in its list`);
    }
    for (const id of this.#created) {
      if ((await store.get(id as ConversationId)) === undefined) faults.push(`${id} was created and is not there`);
    }
    for (const id of this.#deleted) {
      if ((await store.get(id as ConversationId)) !== undefined) faults.push(`${id} was deleted and is there`);
    }
    return faults;
  }

  /** A number that is given again had been lost: the writer takes the next one from the store. */
  #expectAfter(given: number, acknowledged: number, what: string): void {
    if (given <= acknowledged) this.#faults.push(`the ${given}th ${what} is given twice`);
  }

  #of(id: string): Known {
    let known = this.#conversations.get(id);
    if (known === undefined) {
      this.#conversations.set(id, (known = { lastSeq: 0, counter: 0, commands: new Set(), done: new Set() }));
    }
    return known;
  }
}

async function faultsOf(store: ConversationStore, id: ConversationId, known: Known): Promise<readonly string[]> {
  const record = await store.read(id);
  if (record === undefined) return [`${id} is gone`];
  const faults: string[] = [];
  const expect = (isSo: boolean, what: string): void => void (isSo || faults.push(`${id}: ${what}`));
  const contents = await contentsOf(store, id);
  const { lastSeq } = record;
  expect(lastSeq >= known.lastSeq, `the log ends at ${lastSeq}, acknowledged was ${known.lastSeq}`);
  expect(contents.length === lastSeq, `the log has ${contents.length} messages, its end is ${lastSeq}`);
  contents.forEach(({ seq, content }, index) => {
    expect(seq === index + 1 && content.startsWith(`${seq} `), `message ${index + 1} is ${seq} "${content}"`);
  });
  // Written together, so they must have been stored together.
  expect(record.runnerOffset === lastSeq, `offset ${record.runnerOffset} does not belong to ${lastSeq}`);
  const counter = Number(record.task['counter'] ?? 0);
  expect(counter >= known.counter, `the counter is ${counter}, acknowledged was ${known.counter}`);
  expect(record.task['filler'] === undefined || record.task['filler'] === 'x'.repeat(counter), 'half a document');
  const open = new Set((await store.openCommands(id)).map((command) => String(command.id)));
  const logged = new Set(contents.flatMap(({ content }) => content.split(' ').slice(1)));
  for (const command of known.commands) {
    const isDone = logged.has(command);
    expect(
      isDone !== open.has(command),
      `${command} is ${isDone ? 'both logged and open' : 'neither logged nor open'}`,
    );
  }
  for (const command of known.done) expect(logged.has(command), `${command} was done and is not in the log`);
  return faults;
}

async function contentsOf(
  store: ConversationStore,
  id: ConversationId,
): Promise<readonly { readonly seq: number; readonly content: string }[]> {
  const contents: { seq: number; content: string }[] = [];
  for (let seq = 0; ;) {
    const batches = await store.readLog(id, seq, 1_000_000);
    const last = batches.at(-1);
    if (last === undefined) return contents;
    for (const text of batches.flatMap(textsOf)) contents.push(parseMessage(text));
    seq = last.lastSeq;
  }
}

function parseMessage(text: string): { seq: number; content: string } {
  return JSON.parse(text) as { seq: number; content: string };
}
