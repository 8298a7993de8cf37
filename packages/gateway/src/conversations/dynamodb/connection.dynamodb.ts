import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  BatchWriteCommand,
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { setTimeout as delay } from 'node:timers/promises';
import { HoldfastError } from '@holdfast/protocol';
import { expressionOf, type Expression } from './expression.dynamodb.ts';
import { attemptsOf, isAnswer, isRefusal, translateFault } from './fault.dynamodb.ts';
import { Slots } from './slots.dynamodb.ts';

export type DynamoDBAddress = {
  readonly tableName: string;
  readonly region: string;
  /** Of a local engine; undefined: Amazon's own. */
  readonly endpoint?: string;
};

/** What DynamoDB holds under one key, as the document client gives it. */
export type Item = Readonly<Record<string, unknown>>;
export type Key = { readonly conversation_id: string; readonly seq?: number | bigint };
export type Table = 'records' | 'messages';

export type Changed =
  | { readonly kind: 'done'; readonly item: Item }
  /** The condition did not hold; of one that was sent again perhaps because the first one had been done. */
  | { readonly kind: 'refused'; readonly wasSentAgain: boolean };

export type QueryRequest = Expression & {
  readonly index?: string;
  readonly descending?: boolean;
  readonly limit?: number;
  /** Of an earlier page. */
  readonly from?: Item;
};

/** A whole command with its retries: an engine that is away is said to be so after this. */
const deadlineMs = 8_000;
const attemptMs = 4_000;
const connectMs = 1_000;
const maxAttempts = 5;
/** Below the number of sockets that the SDK opens, which would count waiting for one as time of the request. */
const maxRequests = 48;
/** DynamoDB's own bounds. */
const maxKeysPerGet = 100;
const maxItemsPerWrite = 25;
/** Rounds for what a batch left unprocessed: some 10 s with the waits between them. */
const maxBatchRounds = 10;

/** The two tables, over the AWS SDK. Faults come out as HoldfastErrors that name what is missing; a condition is a result. */
export class Connection {
  readonly address: DynamoDBAddress;
  readonly #client: DynamoDBClient;
  readonly #documents: DynamoDBDocumentClient;
  readonly #slots = new Slots(maxRequests, deadlineMs);

  constructor(address: DynamoDBAddress) {
    this.address = address;
    this.#client = openClient(address);
    this.#documents = DynamoDBDocumentClient.from(this.#client, { marshallOptions: { removeUndefinedValues: true } });
  }

  /** For those who look at what is sent. */
  get client(): DynamoDBClient {
    return this.#client;
  }

  nameOf(table: Table): string {
    return table === 'records' ? this.address.tableName : `${this.address.tableName}-messages`;
  }

  /** Always what was written last (a consistent read). */
  async get(table: Table, key: Key, projection?: string): Promise<Item | undefined> {
    const expression = projection === undefined ? {} : expressionOf({ projection });
    const command = new GetCommand({ TableName: this.nameOf(table), Key: key, ConsistentRead: true, ...expression });
    return (await this.#do((options) => this.#documents.send(command, options))).Item;
  }

  /** Replaces the whole item; `item` of the result is what was there before. */
  put(table: Table, item: Item, expression: Expression = {}): Promise<Changed> {
    const command = new PutCommand({
      TableName: this.nameOf(table),
      Item: item,
      ReturnValues: 'ALL_OLD',
      ...expressionOf(expression),
    });
    return this.#change((options) => this.#documents.send(command, options));
  }

  /** `item` of the result is the whole new item. */
  update(table: Table, key: Key, expression: Expression): Promise<Changed> {
    const command = new UpdateCommand({
      TableName: this.nameOf(table),
      Key: key,
      ReturnValues: 'ALL_NEW',
      ...expressionOf(expression),
    });
    return this.#change((options) => this.#documents.send(command, options));
  }

  async delete(table: Table, key: Key, expression: Expression = {}): Promise<Changed> {
    const command = new DeleteCommand({ TableName: this.nameOf(table), Key: key, ...expressionOf(expression) });
    return this.#change((options) => this.#documents.send(command, options));
  }

  /** One page. Of an index it may be behind by some milliseconds, of a table it is what was written last. */
  async query(table: Table, request: QueryRequest): Promise<{ items: readonly Item[]; next: Item | undefined }> {
    const { index, descending = false, limit, from, ...expression } = request;
    const command = new QueryCommand({
      TableName: this.nameOf(table),
      ScanIndexForward: !descending,
      ...(index === undefined ? { ConsistentRead: true } : { IndexName: index }),
      ...(limit !== undefined && { Limit: limit }),
      ...(from !== undefined && { ExclusiveStartKey: from }),
      ...expressionOf(expression),
    });
    const answer = await this.#do((options) => this.#documents.send(command, options));
    return { items: answer.Items ?? [], next: answer.LastEvaluatedKey };
  }

  /** All that there are of these keys, in no order; what was written last. */
  async getMany(table: Table, keys: readonly Key[], projection?: string): Promise<readonly Item[]> {
    const name = this.nameOf(table);
    const expression = projection === undefined ? {} : expressionOf({ projection });
    const items: Item[] = [];
    for (let at = 0; at < keys.length; at += maxKeysPerGet) {
      let open: readonly Key[] = keys.slice(at, at + maxKeysPerGet);
      for (let round = 0; open.length > 0; round++) {
        await this.#pause(round);
        const command = new BatchGetCommand({
          RequestItems: { [name]: { Keys: [...open], ConsistentRead: true, ...expression } },
        });
        const answer = await this.#do((options) => this.#documents.send(command, options));
        items.push(...(answer.Responses?.[name] ?? []));
        open = (answer.UnprocessedKeys?.[name]?.Keys ?? []) as unknown as readonly Key[];
      }
    }
    return items;
  }

  /** Puts or deletes without a condition, each item for itself. */
  async writeMany(table: Table, requests: readonly ({ put: Item } | { delete: Key })[]): Promise<void> {
    const name = this.nameOf(table);
    const all = requests.map((one) =>
      'put' in one ? { PutRequest: { Item: one.put } } : { DeleteRequest: { Key: one.delete } },
    );
    for (let at = 0; at < all.length; at += maxItemsPerWrite) {
      let open = all.slice(at, at + maxItemsPerWrite);
      for (let round = 0; open.length > 0; round++) {
        await this.#pause(round);
        const command = new BatchWriteCommand({ RequestItems: { [name]: open } });
        const answer = await this.#do((options) => this.#documents.send(command, options));
        open = (answer.UnprocessedItems?.[name] ?? []) as typeof open;
      }
    }
  }

  close(): void {
    this.#client.destroy();
  }

  async #change(
    send: (options: { abortSignal: AbortSignal }) => Promise<{ Attributes?: Item | undefined }>,
  ): Promise<Changed> {
    try {
      return { kind: 'done', item: (await this.#do(send)).Attributes ?? {} };
    } catch (error) {
      if (error instanceof HoldfastError && isRefusal(error.cause)) {
        return { kind: 'refused', wasSentAgain: attemptsOf(error.cause) > 1 };
      }
      throw error;
    }
  }

  async #do<Answer>(send: (options: { abortSignal: AbortSignal }) => Promise<Answer>): Promise<Answer> {
    if (!(await this.#slots.enter())) throw translateFault(new DOMException('too late', 'TimeoutError'), this.address);
    const abortSignal = AbortSignal.timeout(deadlineMs);
    // The SDK looks at the signal while it talks, but not while it waits for the next attempt.
    const late = Promise.withResolvers<never>();
    const giveUp = (): void => late.reject(abortSignal.reason);
    abortSignal.addEventListener('abort', giveUp);
    let wasAnswered = true;
    try {
      return await Promise.race([send({ abortSignal }), late.promise]);
    } catch (error) {
      wasAnswered = isAnswer(error);
      throw translateFault(error, this.address);
    } finally {
      abortSignal.removeEventListener('abort', giveUp);
      this.#slots.leave(wasAnswered);
    }
  }

  async #pause(round: number): Promise<void> {
    if (round === 0) return;
    if (round === maxBatchRounds) {
      throw new HoldfastError('unavailable', `DynamoDB table ${this.address.tableName} is throttled; try again later.`);
    }
    await delay(Math.min(2_000, 25 * 2 ** round) * (0.5 + Math.random() / 2));
  }
}

/** The SDK's client with our bounds. */
export function openClient({ region, endpoint }: DynamoDBAddress): DynamoDBClient {
  const config = {
    region,
    maxAttempts,
    retryMode: 'adaptive',
    requestHandler: { connectionTimeout: connectMs, requestTimeout: attemptMs, throwOnRequestTimeout: true },
  } as const;
  if (endpoint === undefined) return new DynamoDBClient(config);
  return new DynamoDBClient({ ...config, endpoint, credentials: localCredentials(region) });
}

/** Those that are configured; a local engine takes any, so without them it gets some. */
function localCredentials(region: string): () => Promise<{ accessKeyId: string; secretAccessKey: string }> {
  const configured = new DynamoDBClient({ region }).config.credentials;
  let isConfigured = true;
  return async () => {
    if (isConfigured) {
      try {
        return await configured();
      } catch {
        isConfigured = false;
      }
    }
    return { accessKeyId: 'local', secretAccessKey: 'local' };
  };
}
