import {
  decodeJsonPayload,
  HoldfastError,
  isRecord,
  parseAgentName,
  parseConversationId,
  type Json,
  type OpenRequest,
} from '@holdfast/protocol';

/** Reads an OPEN (docs/protocol.md 8.1). Throws `bad_message` with the field that is wrong. */
export function parseOpenRequest(payload: Uint8Array): OpenRequest {
  const value = decodeJsonPayload(payload);
  if (value === undefined) throw new HoldfastError('bad_message', 'An OPEN must hold a JSON object.');
  const { session, agent } = parseTarget(value);
  const { cwd, from, epoch, generation, env } = value;
  if (typeof cwd !== 'string' || cwd === '') throw wrong('cwd', 'a path');
  if (!isCount(from)) throw wrong('from', 'an offset, a whole number from 0');
  if (epoch !== undefined && typeof epoch !== 'string') throw wrong('epoch', 'a string');
  if (generation !== undefined && !isCount(generation)) throw wrong('generation', 'a whole number from 0');
  return {
    session,
    agent,
    cwd,
    from,
    env: parseEnv(env),
    ...(epoch === undefined ? {} : { epoch }),
    ...(generation === undefined ? {} : { generation }),
  };
}

function parseTarget(value: Record<string, Json>): { session: string; agent: string } {
  const session = parseConversationId(value['session']);
  const agent = parseAgentName(value['agent']);
  if (session === undefined) throw wrong('session', '1 to 64 letters, digits, _ and -');
  if (agent === undefined) throw wrong('agent', 'a name of 1 to 256 characters');
  return { session, agent };
}

function parseEnv(value: Json | undefined): Record<string, string> {
  const env: Record<string, string> = {};
  if (value === undefined) return env;
  if (!isRecord(value)) throw wrong('env', 'an object of strings');
  for (const [name, text] of Object.entries(value)) {
    // A NUL or `=` in a name, or a NUL in a value, cannot stand in an environment at all.
    if (typeof text !== 'string' || text.includes('\0') || !/^[^=\0]+$/.test(name))
      throw wrong('env', 'an object of strings');
    env[name] = text;
  }
  return env;
}

function isCount(value: Json | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function wrong(field: string, right: string): HoldfastError {
  return new HoldfastError('bad_message', `"${field}" of an OPEN must be ${right}.`);
}
