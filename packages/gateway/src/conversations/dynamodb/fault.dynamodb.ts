import { HoldfastError } from '@holdfast/protocol';
import type { DynamoDBAddress } from './connection.dynamodb.ts';

/** True when a condition of the request did not hold. */
export function isRefusal(error: unknown): boolean {
  return nameOf(error) === 'ConditionalCheckFailedException';
}

/** True when the engine itself said no. */
export function isAnswer(error: unknown): boolean {
  return (error as { readonly $response?: unknown } | undefined)?.$response !== undefined;
}

/** How often the SDK sent what failed. */
export function attemptsOf(error: unknown): number {
  return (error as { readonly $metadata?: { readonly attempts?: number } }).$metadata?.attempts ?? 1;
}

/** What the SDK threw, as one of ours: what is missing, where, and the way out. */
export function translateFault(error: unknown, address: DynamoDBAddress): HoldfastError {
  if (error instanceof HoldfastError) return error;
  const name = nameOf(error);
  const where = `DynamoDB table ${address.tableName} in ${address.region}${address.endpoint ? ` at ${address.endpoint}` : ''}`;
  const sentence = sentences[name];
  if (sentence !== undefined) {
    return new HoldfastError('unavailable', `${where}: ${sentence}`, { cause: error });
  }
  if (isRefusal(error)) return new HoldfastError('conflict', `${where}: the condition did not hold.`, { cause: error });
  // The request itself is wrong: asking again does not help.
  if (name === 'ValidationException' || name === 'SerializationException') {
    return new HoldfastError('internal', `${where} refused a request: ${messageOf(error)}`, { cause: error });
  }
  return new HoldfastError('unavailable', `${where} does not answer: ${messageOf(error) || name}`, { cause: error });
}

const notAllowed = 'access was denied; docs/operating.md lists the actions that Holdfast needs.';
const noCredentials =
  'there are no valid AWS credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile.';
const throttled = 'requests are throttled; try again later.';
const late = 'it did not answer in time; it may be throttled, or region or network are not right.';

const sentences: Readonly<Record<string, string>> = {
  ResourceNotFoundException:
    'the table, its -messages table or an index is missing; `holdfast doctor --create-tables` makes them.',
  AccessDeniedException: notAllowed,
  UnrecognizedClientException: noCredentials,
  InvalidSignatureException: noCredentials,
  ExpiredTokenException: noCredentials,
  ExpiredToken: noCredentials,
  CredentialsProviderError: noCredentials,
  ThrottlingException: throttled,
  ProvisionedThroughputExceededException: throttled,
  RequestLimitExceeded: throttled,
  LimitExceededException: throttled,
  TimeoutError: late,
  AbortError: late,
};

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : '';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
