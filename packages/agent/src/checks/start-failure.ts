/** Lines with which package managers and make frame a script; they say nothing of whether it ran. */
const frame: readonly RegExp[] = [
  /^\s*$/,
  /^> \S+/,
  /^\$ /,
  /^yarn run v[\d.]+$/,
  /^info Visit https:\/\/yarnpkg\.com/,
  /^error Command failed with exit code 12[67]\.$/,
  /^error: script "[^"]*" exited with code 12[67]$/,
  /^npm (?:ERR!|error|notice|warn|WARN)/,
  /^(?:\s*ELIFECYCLE|\s*WARN\b|.*\bspawn ENOENT$)/,
  /^make(?:\[\d+\])?: \*\*\* .* Error 12[67]$/,
  /^make(?:\[\d+\])?: (?:Entering|Leaving) directory /,
];
/** What a shell says when there is no such program, or it may not be run. */
const notFound =
  /^(?:\/?(?:[\w.-]+\/)*(?:ba|da|z|k|a)?sh|make(?:\[\d+\])?|\/bin\/\w+)(?:: (?:-c: )?(?:line )?\d+)?: (?<program>.+): (?:command not found|not found|No such file or directory|Permission denied|cannot execute.*)$/;
const bunNotFound = /^bun: command not found: (?<program>.+)$/;
/** What a package manager says when there is no such script; whatever its exit code is. */
const missingScript: readonly RegExp[] = [
  /^npm (?:ERR!|error) Missing script: "?(?<script>[^"\n]+?)"?$/m,
  /ERR_PNPM_NO_SCRIPT\S*\s+Missing script: (?<script>\S+)/,
  /^error Command "(?<script>[^"]+)" not found\.$/m,
  /^Usage Error: Couldn't find a script named "(?<script>[^"]+)"/m,
  /^error: Script not found "(?<script>[^"]+)"/m,
];

/**
 * Why a command could not be started at all, as a sentence; undefined: it ran. Only certain of it when the output is whole and
 * holds nothing but that: what printed anything of its own has run, and its failure is a failure.
 */
export function startFailure(returnCode: number | null, output: string, isWhole: boolean): string | undefined {
  if (returnCode === 0 || returnCode === null || !isWhole) return undefined;
  const lines = output.split('\n').map((line) => line.trimEnd());
  const own = lines.filter((line) => !frame.some((pattern) => pattern.test(line)));
  const script = missingScript.map((pattern) => pattern.exec(output)?.groups?.['script']).find(Boolean);
  // A script that was begun, and calls one that there is not, has run.
  const hasBegun = lines.some((line) => /^[>$] \S/.test(line));
  if (script !== undefined && !hasBegun && own.every((line) => isAboutScript(line)))
    return `There is no script "${script}".`;
  if (returnCode !== 126 && returnCode !== 127 && !lines.some((line) => /Error 12[67]$/.test(line))) return undefined;
  const programs = own.map((line) => (notFound.exec(line) ?? bunNotFound.exec(line))?.groups?.['program']);
  if (programs.length === 0 || programs.includes(undefined)) return undefined;
  return `There is no program "${programs[0]}" here that could be run.`;
}

function isAboutScript(line: string): boolean {
  return (
    missingScript.some((pattern) => pattern.test(line)) ||
    /^(?:error:? |Usage Error|Command |Did you mean|\s+[•*$>-])/.test(line)
  );
}
