import {
  ScanCommand,
  type AttributeValue,
  type DynamoDBClient,
  type ScanCommandOutput,
} from '@aws-sdk/client-dynamodb';
import { HoldfastError, isRecord, type Json } from '@holdfast/protocol';
import { openClient, type DynamoDBAddress } from '../dynamodb/connection.dynamodb.ts';
import { translateFault } from '../dynamodb/fault.dynamodb.ts';
import { exactNumber, parseOriginalJson } from './original-json.ts';
import type { OriginalRow, OriginalStorage } from './original.ts';

type Counted = { numbersAsText: number };
type Item = Readonly<Record<string, AttributeValue>>;

/** What the original keeps in text of its own; in any other attribute text that looks like JSON is a part of it. */
const textNames: ReadonlySet<string> = new Set([
  ...['conversation_id', 'user_id', 'task_id', 'status', 'created_at', 'last_activity_at'],
  ...['title', 'preview_message'],
]);

/**
 * A DynamoDB table of the original: an item a conversation, its fields as attributes, as JSON text in attributes, or as JSON text
 * in one attribute `data`. Read by a Scan: it is done once, and nobody waits for it.
 */
export class DynamoDBOriginal implements OriginalStorage {
  readonly #address: DynamoDBAddress;
  readonly #client: DynamoDBClient;

  constructor(address: DynamoDBAddress) {
    this.#address = address;
    this.#client = openClient(address);
  }

  async *rows(): AsyncGenerator<OriginalRow, undefined> {
    let from: Item | undefined;
    do {
      const page = await this.#scan(from);
      for (const item of page.Items ?? []) yield readItem(item);
      from = page.LastEvaluatedKey;
    } while (from !== undefined);
  }

  async close(): Promise<void> {
    this.#client.destroy();
  }

  async #scan(from: Item | undefined): Promise<ScanCommandOutput> {
    const { tableName, region } = this.#address;
    try {
      return await this.#client.send(
        new ScanCommand({ TableName: tableName, ConsistentRead: true, ExclusiveStartKey: from }),
      );
    } catch (error) {
      if (error instanceof Error && error.name === 'ResourceNotFoundException') {
        const message = `There is no DynamoDB table ${tableName} in ${region}; the source is dynamodb:TABLE[@REGION].`;
        throw new HoldfastError('unavailable', message, { cause: error });
      }
      throw translateFault(error, this.#address);
    }
  }
}

function readItem({ ttl: _ttl, data, ...attributes }: Item): OriginalRow {
  const counted: Counted = { numbersAsText: 0 };
  const fields: [string, Json][] = [];
  for (const [name, value] of Object.entries(attributes)) {
    const plain = plainOf(value, counted);
    const isPart = typeof plain === 'string' && !textNames.has(name);
    fields.push([name, isPart ? parsePart(plain, counted) : plain]);
  }
  const { conversation_id: id } = Object.fromEntries(fields);
  const name = `item ${JSON.stringify(id ?? null)}`;
  const document = data === undefined ? {} : plainOf(data, counted);
  const whole = typeof document === 'string' ? parsePart(document, counted) : document;
  if (!isRecord(whole)) return { kind: 'corrupt', name, why: 'data is not a JSON object' };
  const columns = Object.fromEntries(fields.filter(([, value]) => value !== null));
  const all = { ...whole, ...columns };
  return { kind: 'read', name, fields: all, numbersAsText: counted.numbersAsText, bytes: JSON.stringify(all).length };
}

/** The JSON that a text is, when it is an object or a list; else the text. */
function parsePart(text: string, counted: Counted): Json {
  if (!/^\s*[{[]/.test(text)) return text;
  const parsed = parseOriginalJson(text);
  counted.numbersAsText += parsed?.numbersAsText ?? 0;
  return parsed === undefined ? text : parsed.value;
}

/** Sets become lists, bytes their base64. */
function plainOf(value: AttributeValue, counted: Counted): Json {
  if (value.S !== undefined) return value.S;
  if (value.N !== undefined) return numberOf(value.N, counted);
  if (value.BOOL !== undefined) return value.BOOL;
  if (value.M !== undefined) {
    return Object.fromEntries(Object.entries(value.M).map(([name, item]) => [name, plainOf(item, counted)]));
  }
  if (value.L !== undefined) return value.L.map((item) => plainOf(item, counted));
  if (value.SS !== undefined) return value.SS;
  if (value.NS !== undefined) return value.NS.map((number) => numberOf(number, counted));
  if (value.B !== undefined) return Buffer.from(value.B).toString('base64');
  if (value.BS !== undefined) return value.BS.map((bytes) => Buffer.from(bytes).toString('base64'));
  return null;
}

function numberOf(text: string, counted: Counted): number | string {
  const number = exactNumber(text);
  if (typeof number === 'string') counted.numbersAsText += 1;
  return number;
}
