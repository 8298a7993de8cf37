import { writeSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ConversationId, MessageId, ProjectId, UserId } from '@holdfast/protocol';
import { newSessionState } from '../../../packages/gateway/src/conversations/conversation.ts';
import { LogBatchWriter } from '../../../packages/gateway/src/conversations/log-batch.ts';
import { randomFrom } from '../random.ts';
import type { Ack } from './ledger-of-acks.ts';
import { openEngine, type EngineAddress } from './open-engine.ts';

/*
 * node writer.process.ts ADDRESS SEED LANES: writes to a store for ever, several conversations at once, and says on stdout what
 * was acknowledged. It goes on where the one before it was killed.
 */

const [addressText = '', seedText = '', lanesText = ''] = process.argv.slice(2);
const store = await openEngine(JSON.parse(addressText) as EngineAddress);
const seed = Number(seedText);
const owner = `writer/${process.pid}`;
const ada = 'ada' as UserId;
const shop = 'shop' as ProjectId;

function say(ack: Ack): void {
  writeSync(1, `${JSON.stringify(ack)}\n`);
}

class Lane {
  readonly #id: ConversationId;
  readonly #random: () => number;
  #generation = 0;
  #lastSeq = 0;
  #open: MessageId[] = [];

  constructor(number: number) {
    this.#id = `lane-${number}` as ConversationId;
    this.#random = randomFrom(seed * 1_000 + number);
  }

  async run(): Promise<void> {
    await this.#begin();
    for (;;) {
      await this.#step(Math.floor(this.#random() * 6));
      await nextTurn();
    }
  }

  #step(choice: number): Promise<void> {
    if (choice === 0) return this.#save();
    if (choice === 1) return this.#command();
    if (choice === 2) return this.#entry();
    return choice === 3 ? this.#passing() : this.#append();
  }

  async #begin(): Promise<void> {
    await store.create({
      conversationId: this.#id,
      userId: ada,
      projectId: shop,
      agent: 'demo',
      epoch: 'e',
      at: Date.now(),
    });
    const now = Date.now();
    const request = { owner, now, until: now + 60_000 };
    let lease = await store.acquire(this.#id, request);
    if (lease.kind === 'held') lease = await store.acquire(this.#id, { ...request, takeFrom: lease.owner });
    if (lease.kind !== 'acquired') throw new Error(`the lease was ${lease.kind}`);
    this.#generation = lease.generation;
    this.#lastSeq = lease.conversation.lastSeq;
    this.#open = (await store.openCommands(this.#id)).map((command) => command.id);
  }

  /** Some messages; the first of them names the commands that are done with it. */
  async #append(): Promise<void> {
    const done = this.#open.splice(0);
    const batch = new LogBatchWriter(this.#lastSeq + 1, Date.now());
    const count = 1 + Math.floor(this.#random() * 5);
    for (let index = 0; index < count; index++) {
      const words = [this.#lastSeq + 1 + index, ...(index === 0 ? done : [])];
      batch.addMessage({ type: 'notice', agent: 'demo', code: 'test', content: `${words.join(' ')} ` });
    }
    const finished = batch.finish();
    const written = await store.write({
      conversationId: this.#id,
      generation: this.#generation,
      batch: finished,
      runnerOffset: finished.lastSeq,
      at: Date.now(),
      durable: done.length > 0 || this.#random() < 0.5,
      ...(done.length === 0 ? {} : { session: newSessionState }),
      commands: done.map((id) => ({ id, state: 'done' as const })),
    });
    if (written !== 'written') throw new Error(`the write was ${written}`);
    this.#lastSeq = finished.lastSeq;
    say({ kind: 'log', id: this.#id, firstSeq: finished.firstSeq, lastSeq: finished.lastSeq });
    for (const command of done) say({ kind: 'done', id: this.#id, command });
  }

  async #save(): Promise<void> {
    const record = await store.read(this.#id);
    if (record === undefined) throw new Error('the record is gone');
    const counter = Number(record.task['counter'] ?? 0) + 1;
    const task = { counter, filler: 'x'.repeat(counter) };
    const saved = await store.save(this.#id, record.version, { ...record, task }, Date.now());
    if (saved.kind !== 'saved') throw new Error(`the save was ${saved.kind}`);
    say({ kind: 'save', id: this.#id, counter });
  }

  async #command(): Promise<void> {
    const id = `cmd-${process.pid}-${Math.floor(this.#random() * 2 ** 31)}` as MessageId;
    const added = await store.addCommand(this.#id, { id, userId: ada, message: { type: 'prompt', prompt: id } });
    if (added.kind !== 'added') throw new Error(`the command was ${added.kind}`);
    this.#open.push(id);
    say({ kind: 'command', id: this.#id, command: id });
  }

  /** Adds one to the lane's own entry. */
  async #entry(): Promise<void> {
    const counter = await store.changeEntry(this.#id, (current) => {
      const next = Number(current?.body ?? 0) + 1;
      return { next: { body: JSON.stringify(next), list: 'lanes', expiresAt: null }, result: next };
    });
    say({ kind: 'entry', id: this.#id, counter });
  }

  /** A conversation that comes, and goes or stays. */
  async #passing(): Promise<void> {
    const conversationId = `passing-${process.pid}-${Math.floor(this.#random() * 2 ** 31)}` as ConversationId;
    await store.create({ conversationId, userId: ada, projectId: shop, agent: 'demo', epoch: 'e', at: Date.now() });
    if (this.#random() < 0.5) {
      say({ kind: 'created', id: conversationId });
      return;
    }
    if ((await store.delete(conversationId)) !== 'deleted') throw new Error('it was not deleted');
    say({ kind: 'deleted', id: conversationId });
  }
}

await Promise.all(Array.from({ length: Number(lanesText) }, (_, number) => new Lane(number).run()));
