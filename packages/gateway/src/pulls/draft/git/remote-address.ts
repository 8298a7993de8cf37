/** A git remote, cut into what may be seen by anybody and what may not. */
export type RemoteAddress = {
  /** Without a password, and without its user: this is what git is given, and what processes of the machine can see. */
  readonly url: string;
  /** Without user, password and query; for sentences. */
  readonly shown: string;
  /** A line of git-credential-store(1); undefined when there is no password. */
  readonly credential: string | undefined;
};

const schemes: readonly string[] = ['https:', 'http:', 'ssh:', 'git:', 'file:'];
/** `user@host:path`, as ssh has it; one letter before the colon would be a drive. */
const likeScp = /^(?:[\w.+-]+@)?[A-Za-z0-9_[][\w.:[\]-]+:(?!\/\/|:)[^:]/;

/**
 * What is wrong with a remote as it is configured; undefined when it is an https, http, ssh, git or file address, `user@host:path` or an absolute
 * path. The sentence goes on from its name, and never repeats it: there may be a password in it.
 */
export function remoteFault(remote: string): string | undefined {
  if (remote.startsWith('-')) return 'begins with -, which git would take for an option';
  if (/[\p{Cc}\s]/u.test(remote) || !remote.isWellFormed()) return 'has a space or a control character';
  if (remote.includes('::')) return 'names a helper program (::); give an https, ssh or file address';
  if (remote.startsWith('/')) return undefined;
  if (/^[a-z+.-]+:\/\//i.test(remote)) {
    const url = URL.parse(remote);
    if (!url || !schemes.includes(url.protocol)) return 'is no address with https, http, ssh, git or file';
    if (url.protocol !== 'file:' && (url.hostname === '' || url.hostname.startsWith('-'))) return 'has no host';
    if (url.password !== '' && !/^https?:$/.test(url.protocol)) return 'has a password, which only http and https take';
    return undefined;
  }
  return likeScp.test(remote) ? undefined : 'is neither an address (https://…, user@host:path) nor an absolute path';
}

/** Cuts a remote that has no {@link remoteFault}. */
export function addressOf(remote: string): RemoteAddress {
  const url = remote.startsWith('/') ? null : URL.parse(remote);
  if (!url || !remote.includes('://'))
    return { url: remote, shown: remote.replace(/^[^/@]*@/, ''), credential: undefined };
  const shown = `${url.protocol}//${url.host}${url.pathname}`;
  if (url.password === '') return { url: remote, shown, credential: undefined };
  // A token may stand in the place of the user; git asks for the password of a user, so there has to be one.
  const user = url.username === '' ? 'git' : url.username;
  return {
    url: `${url.protocol}//${url.host}${url.pathname}${url.search}`,
    shown,
    credential: `${url.protocol}//${user}:${url.password}@${url.host}`,
  };
}
