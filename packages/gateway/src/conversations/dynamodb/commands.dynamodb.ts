import type { ConversationId, MessageId } from '@holdfast/protocol';
import type { Item, Key } from './connection.dynamodb.ts';
import type { Context } from './context.dynamodb.ts';
import type { Command, CommandMessage, CommandState } from '../conversation.ts';
import {
  corrupt,
  keyOf,
  newToken,
  readText,
  reading,
  readState,
  textIn,
  writeCommandName,
  writeText,
  type OpenCommand,
  type Packed,
  type RecordState,
} from './items.dynamodb.ts';
import { commandsOf, numberOf } from './sweep.dynamodb.ts';

type Added = { kind: 'added' } | { kind: 'known'; command: Command } | { kind: 'missing' };

/**
 * Commands. The body of one is an item of its own, for ever: it makes the id known. Whether it is open says the record alone,
 * which names the open ones and how far they have come. A body that is open and not named was never added, because one that is
 * done is marked so before the record forgets it.
 */
export class Commands {
  readonly #context: Context;
  /** Ends that are written to the bodies, or on their way. */
  readonly #ends = new WeakMap<OpenCommand, Promise<void>>();

  constructor(context: Context) {
    this.#context = context;
  }

  add(id: ConversationId, command: Omit<Command, 'state'>): Promise<Added> {
    return this.#context.inOrder(id, () => this.#add(id, command));
  }

  async open(id: ConversationId): Promise<readonly Command[]> {
    const item = await this.#context.find(id);
    if (item === undefined) return [];
    const state = reading(id, 'record', () => readState(item));
    const open = [...state.commands].filter(([, command]) => command.state !== 'done');
    if (open.length === 0) return [];
    const bodies = await this.#context.connection.getMany(
      'messages',
      open.map(([commandId]) => bodyKey(id, commandId)),
    );
    const found = new Map(bodies.map((body) => [body['command_id'], body]));
    const commands: Command[] = [];
    for (const [commandId, { state: reached }] of open.toSorted(([, a], [, b]) => a.position - b.position)) {
      const body = found.get(commandId);
      const command = body?.['log_id'] === state.logId ? await this.#read(id, body, reached) : undefined;
      // Its body is there as long as it is open; so it was deleted with its conversation, or lost.
      if (command === undefined) return (await this.#isSame(id, state)) ? Promise.reject(corrupt(id, 'command')) : [];
      commands.push(command);
    }
    return commands;
  }

  /** Of the commands that the record names as done those whose bodies say so too: the record may forget them. */
  async finished({ conversationId, logId, commands }: RecordState): Promise<readonly MessageId[]> {
    const done = [...commands].filter(([, { state }]) => state === 'done');
    await Promise.all(done.map(([id, command]) => this.#finish(bodyKey(conversationId, id), logId, command)));
    return done.map(([id]) => id);
  }

  async #add(id: ConversationId, command: Omit<Command, 'state'>): Promise<Added> {
    const token = newToken();
    let made: Key | undefined;
    return this.#context.untilDone(id, async (attempt): Promise<Added | undefined> => {
      const known = attempt === 0 ? this.#context.usable(id) : undefined;
      const state = known ?? (await this.#context.load(id));
      if (state === undefined) {
        if (made !== undefined) await this.#context.connection.delete('messages', made);
        return { kind: 'missing' };
      }
      if (state.lastWrite === token) return { kind: 'added' };
      const key = bodyKey(id, command.id);
      const body = await this.#body(id, state, command, key);
      const entry = state.commands.get(command.id);
      if (body !== undefined && (entry !== undefined || body['state'] === 'done')) {
        // What this process remembers may be old; how far it has come the record says.
        if (known !== undefined) return undefined;
        const reached = entry?.state ?? 'done';
        const stored = await this.#read(id, body, reached);
        if (stored !== undefined) return { kind: 'known', command: stored };
        throw corrupt(id, 'command');
      }
      made = key;
      return (await this.#name(state, command.id, token)) ? { kind: 'added' } : undefined;
    });
  }

  /** The body that is stored under this id of this log; undefined when it was made by this call. */
  async #body(
    id: ConversationId,
    { logId }: RecordState,
    { id: commandId, userId, message }: Omit<Command, 'state'>,
    key: Key,
  ): Promise<Item | undefined> {
    const { connection, documents } = this.#context;
    const there = await connection.get('messages', key);
    if (there?.['log_id'] === logId) return there;
    const packed = await documents.pack(id, message);
    const item = {
      ...key,
      command_id: commandId,
      user_id: writeText(userId),
      message: packed,
      state: 'open',
      log_id: logId,
    };
    const condition = 'attribute_not_exists(#conversation_id) OR #log_id <> :logId';
    const put = await connection.put('messages', item, { condition, values: { logId } });
    return put.kind === 'done' ? undefined : await connection.get('messages', key);
  }

  /** Names it in the record, if nothing about its commands has changed since `state`. */
  async #name(state: RecordState, commandId: MessageId, token: string): Promise<boolean> {
    const openVersion = state.openVersion + 1;
    const entry = { state: 'new' as CommandState, position: openVersion };
    const named = await this.#context.connection.update('records', keyOf(state.conversationId), {
      update:
        'SET #open_commands.#command = :entry, #open_version = :next, #work = :open, #last_write = :token REMOVE #ttl',
      condition: '#log_id = :logId AND #open_version = :openVersion',
      names: { command: writeCommandName(commandId) },
      values: { entry, next: openVersion, open: 'open', token, logId: state.logId, openVersion: state.openVersion },
    });
    if (named.kind === 'refused') {
      this.#context.forget(state.conversationId);
      return false;
    }
    const commands = new Map(state.commands).set(commandId, entry);
    this.#context.remember({ ...state, commands, openVersion, lastWrite: token });
    return true;
  }

  async #read(id: ConversationId, body: Item, state: CommandState): Promise<Command | undefined> {
    const text = await this.#context.documents.unpack(id, body['message'] as Packed);
    if (text === undefined) return undefined;
    return reading(id, 'command', () => ({
      id: textIn(body, 'command_id') as MessageId,
      userId: readText(body['user_id']) as Command['userId'],
      message: parseMessage(text),
      state,
    }));
  }

  #finish(key: Key, logId: string, command: OpenCommand): Promise<void> {
    const begun = this.#ends.get(command);
    if (begun !== undefined) return begun;
    const request = { update: 'SET #state = :done', condition: '#log_id = :logId', values: { done: 'done', logId } };
    const end = this.#context.connection.update('messages', key, request).then(
      () => undefined,
      (error: unknown) => {
        this.#ends.delete(command);
        throw error;
      },
    );
    this.#ends.set(command, end);
    return end;
  }

  async #isSame(id: ConversationId, { logId, openVersion }: RecordState): Promise<boolean> {
    const item = await this.#context.find(id);
    return item?.['log_id'] === logId && item['open_version'] === openVersion;
  }
}

function bodyKey(id: ConversationId, commandId: MessageId): Key {
  return { conversation_id: commandsOf(id), seq: numberOf(commandId) };
}

function parseMessage(text: string): CommandMessage {
  const message = JSON.parse(text) as CommandMessage;
  if (typeof message !== 'object' || message === null) throw new TypeError('it is no message');
  return message;
}
