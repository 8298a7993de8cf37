import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { HoldfastError, parseJson, type Json } from '@holdfast/protocol';

const maxBodyBytes = 1_048_576;

/** Refuses what is larger than 1 MiB, whether it says so or not. */
export const limitedBody: MiddlewareHandler = bodyLimit({
  maxSize: maxBodyBytes,
  onError: (context) => {
    // What is still to come of it is not read: the connection is of no more use.
    context.header('connection', 'close');
    throw new HoldfastError('bad_message', 'The body is larger than 1 MiB; send less.');
  },
});

/** The body as JSON; an empty one is an empty object. Rejects with `bad_message` what is no JSON. */
export async function readJsonBody(context: Context): Promise<Json> {
  const text = await context.req.text();
  if (text.trim() === '') return {};
  const value = parseJson(text);
  if (value === undefined) throw new HoldfastError('bad_message', 'The body is not JSON.');
  return value;
}
