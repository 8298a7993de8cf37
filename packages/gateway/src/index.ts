export { startGateway, type Gateway } from './compose.ts';
export { readConfig, type Config } from './config.ts';
export type { Environment } from './lib/environment.ts';
export type { Entry, EntryChange, EntryStore } from './conversations/entry-store.ts';
export type {
  ConversationInput,
  ConversationListItem,
  ConversationRecord,
  TimeInput,
} from './library/conversation-record.ts';
export {
  createPersistenceAdapter,
  type PersistenceAdapterName,
  type PersistenceOptions,
} from './library/create-persistence-adapter.ts';
export { DynamoDBPersistenceAdapter, type DynamoDBAdapterOptions } from './library/dynamodb-adapter.ts';
export { MemoryPersistenceAdapter } from './library/memory-adapter.ts';
export type { AdapterOptions, ConversationFilters, PersistenceAdapter } from './library/persistence-adapter.ts';
export { SQLitePersistenceAdapter, type SQLiteAdapterOptions } from './library/sqlite-adapter.ts';
export type { Admission, Admitted, Ask, Permit } from './pulls/admission/admission.ts';
export type { CallOutcome, GitHubMeter, RetryReason, WaitReason } from './pulls/admission/github-meter.ts';
export type { GitHubClientOptions } from './pulls/client/client-options.ts';
export type { EtagCacheOptions } from './pulls/client/etag-cache.ts';
export type { GitHub, GitHubAnswer, GitHubOptions, Route, RouteParameters } from './pulls/client/github.ts';
export { RetryableGitHubClient, type CallOptions, type ClientAnswer } from './pulls/client/retryable-github-client.ts';
export type { Answer, Question, Verdict } from './pulls/retry/classify.ts';
export type { Resource } from './pulls/retry/resource.ts';
export { RetryConfig } from './pulls/retry/retry-config.ts';
export { RetryError, type RetryStop } from './pulls/retry/retry-error.ts';
export type { RetrySettings } from './pulls/retry/retry-settings.ts';
export {
  retryWithBackoff,
  type RetryAttempt,
  type RetryNotice,
  type RetryOptions,
} from './pulls/retry/retry-with-backoff.ts';
export {
  TokenPool,
  type PooledToken,
  type TokenChoice,
  type TokenPoolOptions,
  type TokenStatus,
  type TokenWarning,
} from './pulls/tokens/token-pool.ts';
export { HoldfastError, type ConversationStatus, type ErrorCode, type Json } from '@holdfast/protocol';
