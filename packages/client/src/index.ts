export type { Address } from './address.ts';
export { reconnectDelaysMs } from './back-off.ts';
export { webStorage, type ClientStorage, type KeyValueStorage, type SavedConnection } from './client-storage.ts';
export type { Clock } from './clock.ts';
export type { ConnectionState } from './connection-state.ts';
export { Connection, type ConnectionListener, type ConnectionOptions, type Sent } from './connection.ts';
export type { NewMessage, OutboxMessage, Settlement } from './outbox.ts';
export type { WebSocketClass, WebSocketLike } from './socket.ts';
export type { TokenSource } from './token.ts';
export { readTranscript } from './transcript.ts';
export {
  emptyTranscript,
  type ChecksItem,
  type EndItem,
  type ErrorItem,
  type NoticeItem,
  type TextItem,
  type ToolDecision,
  type ToolItem,
  type Transcript,
  type TranscriptItem,
  type UserItem,
} from './transcript-item.ts';
export {
  Viewer,
  type LocalPrompt,
  type PromptOptions,
  type ViewerError,
  type ViewerOptions,
  type ViewerSnapshot,
} from './viewer.ts';
export { browserWake, type WakeSource } from './wake.ts';
