/** What a machine must find: the file in `~/.holdfast/` and how to prove that it is whole. */
export type WantedFile = { readonly name: string; readonly bytes: number; readonly sha256: string };

/** What a bootstrap script says on stderr when it cannot go on; behind `no-runtime` stand the programs that were too old. */
export type BootstrapFault =
  | { readonly kind: 'no-file' }
  | { readonly kind: 'no-runtime'; readonly found: string }
  | { readonly kind: 'not-whole' }
  | { readonly kind: 'not-written' };

/**
 * Where Node is kept, beside the PATH: a command over ssh gets a short PATH, without what a person's shell adds to it.
 * Shell words, expanded over there.
 */
const nodePlaces: readonly string[] = [
  '"$HOME"/.nvm/versions/node/*/bin/node',
  '"$HOME"/.local/share/fnm/node-versions/*/installation/bin/node',
  '"$HOME"/.local/share/mise/installs/node/*/bin/node',
  '"$HOME"/.asdf/installs/nodejs/*/bin/node',
  '"$HOME"/.volta/tools/image/node/*/bin/node',
  '"$HOME"/.volta/bin/node',
  '"$HOME"/.local/bin/node',
  '"$HOME"/.nix-profile/bin/node',
  '"$HOME"/n/bin/node',
  '/usr/local/bin/node',
  '/opt/*/bin/node',
  '/opt/node*/bin/node',
  '/usr/lib/node*/bin/node',
  '/home/linuxbrew/.linuxbrew/bin/node',
  '/run/current-system/sw/bin/node',
  '/snap/bin/node',
];
const bunPlaces: readonly string[] = ['"$HOME"/.bun/bin/bun', '/usr/local/bin/bun', '/opt/*/bin/bun'];

/** Which of these places to look in; for a machine that keeps its programs elsewhere. */
export type RuntimePlaces = { readonly node: readonly string[]; readonly bun: readonly string[] };
const usualPlaces: RuntimePlaces = { node: nodePlaces, bun: bunPlaces };

const marker = 'holdfast-bootstrap:';
/** Installed versions that are kept, newest first, beside those that run. */
const keptVersions = 5;

/**
 * The remote command that becomes `holdfast-agent link`, or another word of it: finds Node (≥ 20) or Bun and the file, and gives way to them.
 * Its directory and ~/.local/bin go to the end of the PATH, where the agents that were installed with it are.
 */
export function startCommand(
  file: WantedFile,
  places: RuntimePlaces = usualPlaces,
  words: 'link' | 'agents --json' = 'link',
): string {
  return shellCommand([
    'r=; o=',
    `for c in "$(command -v node)" "$(command -v nodejs)" ${places.node.join(' ')}; do [ -x "$c" ] || continue; ` +
      'v=$("$c" --version 2>/dev/null </dev/null); v=${v#v}; ' +
      '[ "${v%%.*}" -ge 20 ] 2>/dev/null && { r=$c; break; }; o="$o $c $v"; done',
    `[ -n "$r" ] || for c in "$(command -v bun)" ${places.bun.join(' ')}; do [ -x "$c" ] || continue; ` +
      '"$c" --version >/dev/null 2>&1 </dev/null && { r=$c; break; }; done',
    `[ -n "$r" ] || { echo "${marker} no-runtime$o" >&2; exit 91; }`,
    wholeFunction(file),
    `f="$HOME/.holdfast/${file.name}"`,
    `whole "$f" || { echo "${marker} no-file" >&2; exit 92; }`,
    'export PATH="$PATH:${r%/*}:$HOME/.local/bin"',
    `exec "$r" "$f" ${words}`,
  ]);
}

/**
 * The remote command that takes the file from stdin. It appears under its name at once and whole, or not at all; two at
 * once do no harm (`token` keeps their temporary files apart). Old versions go, but for the newest few and those that run.
 */
export function installCommand(file: WantedFile, token: string): string {
  const temporary = `.${file.name}.${token}`;
  return shellCommand([
    `umask 077; d="$HOME/.holdfast"; f="$d/${file.name}"; t="$d/${temporary}"`,
    wholeFunction(file),
    `bad() { echo "${marker} $1" >&2; exit 93; }`,
    'mkdir -p "$d" || bad not-written',
    'whole "$f" && exit 0',
    'clean() { rm -f "$t"; }; trap clean 0; trap "exit 94" 1 2 15',
    'cat >"$t" || bad not-written',
    'whole "$t" || bad not-whole',
    's=$(sha256sum <"$t" 2>/dev/null || shasum -a 256 <"$t" 2>/dev/null); s=${s%% *}',
    `[ -z "$s" ] || [ "$s" = ${file.sha256} ] || bad not-whole`,
    'sync "$t" 2>/dev/null || sync',
    'mv -f "$t" "$f" || bad not-written',
    'p=$(ps -eo args 2>/dev/null)',
    `ls -t "$d"/holdfast-agent-*.js | tail -n +${keptVersions + 1} | ` +
      'while IFS= read -r o; do case "$p" in *"$o"*) ;; *) rm -f "$o" ;; esac; done',
    // What an installation left that was cut off.
    'find "$d" -name ".holdfast-agent-*" -mmin +60 -exec rm -f {} +',
    'exit 0',
  ]);
}

/** What a bootstrap script said, if it said anything. */
export function readBootstrapFault(stderr: string): BootstrapFault | undefined {
  const match = /holdfast-bootstrap: (no-file|no-runtime|not-whole|not-written)(.*)$/m.exec(stderr);
  if (match === null) return undefined;
  const kind = match[1] as BootstrapFault['kind'];
  return kind === 'no-runtime' ? { kind, found: (match[2] ?? '').trim() } : { kind };
}

function wholeFunction(file: WantedFile): string {
  return `whole() { [ -f "$1" ] && [ "$(($(wc -c <"$1")))" -eq ${file.bytes} ]; }`;
}

/**
 * One line for whatever login shell is there (sh, bash, zsh, fish, csh), which only has to start sh with it. Inside single
 * quotes these agree on all characters but the quote itself, the backslash (fish), and `!` and newline (csh).
 */
function shellCommand(lines: readonly string[]): string {
  const script = lines.join('; ');
  if (/['\\!\n]/.test(script)) throw new RangeError('a bootstrap script has a character that shells quote differently');
  return `exec sh -c '${script}'`;
}
