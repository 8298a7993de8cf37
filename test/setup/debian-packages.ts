import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

// Runs before the tests. Installs the Debian packages that they use when this user may (root, or sudo without a
// password); otherwise names them, and the tests that need them are skipped with the same words.
// The list (package, the file that proves it is there) stands in a text file because .ci/run reads it too.

type DebianPackage = { readonly name: string; readonly proof: string };

const packages = readFileSync(new URL('debian-packages.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map(parsePackage);

const missing = packages.filter(isMissing);
if (missing.length > 0) {
  install(missing);
  const stillMissing = missing.filter(isMissing).map((one) => one.name);
  if (stillMissing.length > 0) {
    console.log(
      `Not on this machine: ${stillMissing.join(', ')}. Tests that need them are skipped. ` +
        `To run them: sudo apt-get install ${stillMissing.join(' ')}`,
    );
  }
}

function parsePackage(line: string): DebianPackage {
  const [name, proof] = line.split(' ');
  if (!name || !proof) throw new Error(`debian-packages.txt: "${line}" is not a package and a file`);
  return { name, proof };
}

function isMissing(one: DebianPackage): boolean {
  return !existsSync(one.proof);
}

function install(wanted: readonly DebianPackage[]): void {
  const prefix = asRoot();
  if (prefix === undefined || !existsSync('/usr/bin/apt-get')) return;
  const apt = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qq'];
  for (const { name } of wanted) {
    console.log(`Installing ${name}, which the tests use`);
    const aptInstall = [...apt, 'install', '-y', '--no-install-recommends', name];
    // The package lists of a fresh machine are empty or old: then once more with new ones.
    if (!succeeds(aptInstall, 'ignore') && succeeds([...apt, 'update'], 'ignore')) succeeds(aptInstall, 'inherit');
  }
}

/** What to put before a command to run it as root; undefined when this user may not. */
function asRoot(): readonly string[] | undefined {
  if (process.getuid?.() === 0) return [];
  return succeeds(['sudo', '-n', 'true'], 'ignore') ? ['sudo', '-n'] : undefined;
}

function succeeds(argv: readonly string[], output: 'ignore' | 'inherit'): boolean {
  const [program = '', ...rest] = argv;
  return spawnSync(program, rest, { stdio: ['ignore', output, output] }).status === 0;
}
