/** Environment variables as they came. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** Which run of checks a process belongs to; it is found again by that. Several words when a check runs checks itself. */
export const markVariable = 'HOLDFAST_CHECK_RUN';

/** What every program expects, and where the machine's tools lie; none of it is a secret. */
const allowed: ReadonlySet<string> = new Set([
  ...['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LANGUAGE', 'TERM', 'TMPDIR', 'TZ', 'CI'],
  ...['CARGO_HOME', 'RUSTUP_HOME', 'GOPATH', 'GOROOT', 'GOCACHE', 'GOMODCACHE', 'GOFLAGS', 'JAVA_HOME'],
  ...['VIRTUAL_ENV', 'PNPM_HOME', 'BUN_INSTALL', 'NVM_DIR', 'VOLTA_HOME'],
  // Whoever ends an agent or an outer check must still find what it started.
  ...['HOLDFAST_RUN', 'HOLDFAST_AGENT_RUN', markVariable],
]);
const allowedPrefix = /^(LC_|NODE_|npm_config_)/;
const secretName =
  /TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|PRIVATE|(^|_)(PAT|AUTH|APIKEY|KEY|KEYS|DSN|PWD)(_|$)|(^|_)auth/i;
/** `PWD` is a path, and names of files are no secrets. */
const harmlessName = /^(OLD)?PWD$|_(FILE|PATH|DIR)$|^SSH_AUTH_SOCK$/;

/** True for a name whose value is likely a token, key or password. */
export function looksSecret(name: string): boolean {
  return secretName.test(name) && !harmlessName.test(name);
}

/** What a check may see of the environment: the list above, and the `named` variables, whatever they hold. */
export function checkEnvironment(variables: Variables, named: readonly string[]): Readonly<Record<string, string>> {
  const chosen: Record<string, string> = {};
  for (const [name, value] of Object.entries(variables)) {
    const isListed = allowed.has(name) || (allowedPrefix.test(name) && !looksSecret(name));
    if (value !== undefined && (isListed || named.includes(name))) chosen[name] = value;
  }
  return chosen;
}

/** The values of variables that look like secrets; those shorter than eight characters would redact ordinary words. */
export function secretValues(variables: Variables): readonly string[] {
  return Object.entries(variables).flatMap(([name, value]) =>
    value !== undefined && value.length >= 8 && looksSecret(name) ? [value] : [],
  );
}
