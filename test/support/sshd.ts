import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { startOnFreePort, startSshdProcess } from './sshd-process.ts';

/** Why no sshd can be started here; undefined when one can. The words that a skipped test shows. */
export const sshdMissing: string | undefined = ['/usr/sbin/sshd', '/usr/bin/ssh', '/usr/bin/ssh-keygen'].every(
  existsSync,
)
  ? undefined
  : 'sshd or ssh is missing (sudo apt-get install openssh-server openssh-client)';

/** A real sshd on loopback that lets the current user in with a key made for it. */
export type TestSshd = AsyncDisposable & {
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly user: string;
  /** The private key that is let in. */
  readonly identityFile: string;
  /** A known_hosts file that knows the key which the server had when it was started. */
  readonly knownHosts: string;
  /** An empty ssh_config, so that the developer's own has no say. */
  readonly configFile: string;
  /** `SHA256:…` of the keys that the server has now, in the order of the option `hostKeyTypes`. */
  readonly hostKeyFingerprints: readonly string[];
  /** The first of them. */
  readonly hostKeyFingerprint: string;
  /** HOME of whatever is run through it; `~/.holdfast` of the developer is never touched. */
  readonly home: string;
  /** Holds all its files; every process that belongs to it has this in its arguments. */
  readonly root: string;
  /** What sshd has logged so far. */
  log(): string;
  /** Cuts every connection at once, as a crash of the server would; it goes on listening. */
  killConnections(): Promise<void>;
  /** Every connection stays and is dead, as when the network is gone without a word; new ones can be made. */
  freezeConnections(): Promise<void>;
  /** The server gets new host keys, which nobody knows. */
  changeHostKey(): Promise<void>;
  /** The machine is off: the server and its connections end, its files stay. */
  down(): Promise<void>;
  /** The server listens again, on the same port. */
  up(): Promise<void>;
  /** Ends the server and its connections and removes its files. Twice is fine. */
  stop(): Promise<void>;
};

export type TestSshdOptions = {
  /** What is run through it finds these programs of /usr/bin and no others; default: this Node and all of the system's. */
  readonly programs?: readonly string[];
  /** Default: `ed25519` alone. */
  readonly hostKeyTypes?: readonly ('ed25519' | 'rsa' | 'ecdsa')[];
  /** Run instead of each command, which it finds in SSH_ORIGINAL_COMMAND: another login shell, or a noisy one. */
  readonly forceCommand?: string;
  /** Further variables for whatever is run through it. */
  readonly env?: Readonly<Record<string, string>>;
  /** Further lines of sshd_config. */
  readonly config?: readonly string[];
};

const run = promisify(execFile);

/**
 * Starts an sshd in the foreground, with its own keys, configuration and port. HOME comes from the passwd file, but
 * `SetEnv` in sshd_config goes over that, so commands see a home in a temporary folder (their first directory is the real one).
 */
export async function startSshd(options: TestSshdOptions = {}): Promise<TestSshd> {
  if (sshdMissing !== undefined) throw new Error(sshdMissing);
  const root = await mkdtemp(join(tmpdir(), 'holdfast-sshd-'));
  const files = filesIn(root);
  const hostKeys = (options.hostKeyTypes ?? ['ed25519']).map((type) => ({ type, path: join(root, `host_${type}`) }));
  const makeHostKeys = () => Promise.all(hostKeys.map(({ type, path }) => makeKey(path, type)));
  await mkdir(files.home, { mode: 0o700 });
  await mkdir(files.programs);
  await Promise.all((options.programs ?? []).map((name) => symlink(`/usr/bin/${name}`, join(files.programs, name))));
  await Promise.all([makeHostKeys(), makeKey(files.userKey, 'ed25519'), writeFile(files.clientConfig, '')]);
  // A root's sshd wants this directory, which only the system's own service makes.
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true });

  const paths = hostKeys.map(({ path }) => path);
  const config = [...(await unforgiving()), ...(options.config ?? [])];
  let server = await startOnFreePort(files.serverConfig, (port) =>
    writeFile(files.serverConfig, serverConfig(port, { ...options, config }, files, paths)),
  );
  const { port } = server;
  const publicKeys = await Promise.all(paths.map((path) => readFile(`${path}.pub`, 'utf8')));
  await writeFile(files.knownHosts, publicKeys.map((key) => `[127.0.0.1]:${port} ${key}`).join(''));
  let fingerprints = await Promise.all(paths.map(fingerprintOf));
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopped ??= server.stop().then(() => rm(root, { recursive: true, force: true })));

  return {
    host: '127.0.0.1',
    port,
    user: userInfo().username,
    identityFile: files.userKey,
    knownHosts: files.knownHosts,
    configFile: files.clientConfig,
    home: files.home,
    root,
    get hostKeyFingerprints() {
      return fingerprints;
    },
    get hostKeyFingerprint() {
      return fingerprints[0] ?? '';
    },
    log: () => server.log(),
    killConnections: () => server.killConnections(),
    freezeConnections: () => server.freezeConnections(),
    down: () => server.stop(),
    async up() {
      server = await startSshdProcess(files.serverConfig, port);
    },
    async changeHostKey() {
      await Promise.all(paths.flatMap((path) => [rm(path), rm(`${path}.pub`)]));
      await makeHostKeys();
      await server.reload();
      fingerprints = await Promise.all(paths.map(fingerprintOf));
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

type Files = ReturnType<typeof filesIn>;

function filesIn(root: string) {
  return {
    root,
    home: join(root, 'home'),
    programs: join(root, 'bin'),
    userKey: join(root, 'user_key'),
    knownHosts: join(root, 'known_hosts'),
    clientConfig: join(root, 'ssh_config'),
    serverConfig: join(root, 'sshd_config'),
  };
}

async function makeKey(path: string, type: string): Promise<void> {
  await run('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', 'holdfast-test', '-f', path]);
}

async function fingerprintOf(path: string): Promise<string> {
  const { stdout } = await run('ssh-keygen', ['-lf', `${path}.pub`]);
  return stdout.split(' ')[1] ?? '';
}

/** From 9.8 on sshd shuts out an address whose connections were killed; ours all come from one. */
async function unforgiving(): Promise<readonly string[]> {
  const { stderr } = await run('ssh', ['-V']);
  const [, major = 0, minor = 0] = (/OpenSSH_(\d+)\.(\d+)/.exec(stderr) ?? []).map(Number);
  return major * 100 + minor >= 908 ? ['PerSourcePenalties no'] : [];
}

function serverConfig(port: number, options: TestSshdOptions, files: Files, hostKeys: readonly string[]): string {
  const path =
    options.programs === undefined ? `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin` : files.programs;
  const variables = Object.entries({ HOME: files.home, PATH: path, ...options.env });
  return [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    ...hostKeys.map((key) => `HostKey ${key}`),
    `AuthorizedKeysFile ${files.userKey}.pub`,
    'PidFile none',
    'UsePAM no',
    // The temporary directory belongs to everybody.
    'StrictModes no',
    'PermitRootLogin prohibit-password',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    // One line: of several SetEnv only the first counts.
    `SetEnv ${variables.map(([name, value]) => `${name}=${value}`).join(' ')}`,
    ...(options.forceCommand === undefined ? [] : [`ForceCommand ${options.forceCommand}`]),
    ...(options.config ?? []),
    '',
  ].join('\n');
}
