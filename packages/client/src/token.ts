/** A bearer token, or where to get it: a function is asked at every connect, so that a new one is used after a reconnect. */
export type TokenSource = string | (() => string | undefined | Promise<string | undefined>);

/** The token to use now; undefined when there is none. Throws what the source throws. */
export async function readToken(source: TokenSource | undefined): Promise<string | undefined> {
  const token = typeof source === 'function' ? await source() : source;
  return token === '' ? undefined : token;
}
