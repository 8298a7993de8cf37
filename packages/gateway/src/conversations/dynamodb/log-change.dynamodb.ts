import type { MessageId } from '@holdfast/protocol';
import type { BlobRef } from './blobs.dynamodb.ts';
import type { Item } from './connection.dynamodb.ts';
import { updateOf, type Expression } from './expression.dynamodb.ts';
import {
  activityOf,
  isBlob,
  isBusy,
  isMoving,
  timeOf,
  ttlOf,
  writeCommandName,
  writeTail,
  writeText,
  type Packed,
  type RecordState,
  type Tail,
} from './items.dynamodb.ts';
import type { Lifetime } from '../lifetime.ts';
import { isRecordChange } from '../record.ts';
import type { LogWrite } from '../store.ts';

/** What of a write is made once, however often it is tried. */
export type Prepared = { readonly bytes: Uint8Array | BlobRef | undefined; readonly session: Packed | undefined };

/** The one request that does a write, and how the record then stands. */
export type LogChange = { readonly request: Expression; readonly next: RecordState };

/** `closing`: done commands whose bodies say so, which the record forgets with this. */
export function logChangeOf(
  write: LogWrite,
  state: RecordState,
  prepared: Prepared,
  closing: readonly MessageId[],
  token: string,
  lifetime: Lifetime,
): LogChange {
  const { batch, runnerOffset = 0, session } = write;
  const progress = (write.commands ?? []).filter(({ id }) => isMoving(state.commands.get(id)));
  const isChange = isRecordChange(write);
  const rises = isChange || progress.length > 0 || closing.length > 0;
  const next: RecordState = {
    ...state,
    version: state.version + Number(isChange),
    lastSeq: batch?.lastSeq ?? state.lastSeq,
    lastActivityAt: isChange ? write.at : state.lastActivityAt,
    hasTurn: session === undefined ? state.hasTurn : session.turn !== null,
    openVersion: state.openVersion + Number(rises),
    commands: commandsAfter(state, progress, closing),
    tail: batch === undefined ? state.tail : { ...batch, runnerOffset, bytes: prepared.bytes as Tail['bytes'] },
    sessionBlob: session === undefined ? state.sessionBlob : isBlob(prepared.session) ? prepared.session : undefined,
    lastWrite: token,
  };
  const update = updateOf(
    {
      last_write: token,
      ...(batch && next.tail && { last_seq: batch.lastSeq, tail: writeTail(next.tail) }),
      ...(write.runnerOffset !== undefined && { runner_offset: runnerOffset }),
      ...(session && { session: prepared.session, has_turn: next.hasTurn ? true : undefined }),
      ...(write.status !== undefined && { status: write.status }),
      ...(write.title !== undefined && { title: write.title === '' ? undefined : writeText(write.title) }),
      ...(isChange && activityAttributes(next)),
      ...(rises && { ...openAttributes(next, lifetime), open_version: next.openVersion }),
    },
    {
      set: [
        ...progress.map((_, index) => `#open_commands.#progress${index}.#state = :progress${index}`),
        ...(isChange ? ['#version = #version + :one'] : []),
      ],
      remove: closing.map((_, index) => `#open_commands.#closing${index}`),
    },
  );
  const request = {
    update: update.update,
    // A request that arrives late, when its sender has long given it up, finds another last write.
    condition: '#log_id = :logId AND #lease_generation = :generation AND #last_write = :lastWrite',
    names: Object.fromEntries([
      ...progress.map(({ id }, index) => [`progress${index}`, writeCommandName(id)]),
      ...closing.map((id, index) => [`closing${index}`, writeCommandName(id)]),
    ]) as Readonly<Record<string, string>>,
    values: {
      ...update.values,
      ...Object.fromEntries(progress.map((one, index) => [`progress${index}`, one.state])),
      one: 1,
      logId: state.logId,
      generation: state.generation,
      lastWrite: state.lastWrite,
    },
  };
  return { request, next };
}

function activityAttributes({ conversationId, lastActivityAt }: RecordState): Item {
  return { last_activity_at: timeOf(lastActivityAt), activity: activityOf(lastActivityAt, conversationId) };
}

function openAttributes(state: RecordState, lifetime: Lifetime): Item {
  return isBusy(state)
    ? { work: 'open', ttl: undefined }
    : { work: undefined, ttl: ttlOf(lifetime.endOf(state.lastActivityAt)) };
}

function commandsAfter(
  state: RecordState,
  progress: NonNullable<LogWrite['commands']>,
  closing: readonly MessageId[],
): RecordState['commands'] {
  const commands = new Map(state.commands);
  for (const { id, state: reached } of progress) {
    const before = commands.get(id);
    if (before !== undefined) commands.set(id, { ...before, state: reached });
  }
  for (const id of closing) commands.delete(id);
  return commands;
}
