import type { CheckName } from '@holdfast/protocol';
import type { PackageScripts, ProjectFacts } from './project-facts.ts';

/** What is run for a check. */
export type CheckPlan = {
  readonly check: CheckName;
  /** A line for the shell; null: there is none. */
  readonly command: string | null;
  /** Where the command comes from; without one, what was looked for in vain. */
  readonly why: string;
};

type Choice = { readonly command: string; readonly why: string };

/** What a command line and the environment name; they win over all that is found. */
export type NamedCommands = Readonly<Partial<Record<CheckName, Choice>>>;

/** The command of a check in a directory: what was named, else package.json, Makefile, Cargo, Go, Python, in this order. */
export function planCheck(check: CheckName, named: NamedCommands, facts: ProjectFacts): CheckPlan {
  if (facts.fault !== undefined) return { check, command: null, why: facts.fault };
  const found = named[check] ?? fromScripts(check, facts) ?? fromMake(check, facts) ?? fromLanguage(check, facts);
  return { check, ...(found ?? { command: null, why: nothing(check, facts) }) };
}

const scriptNames: Readonly<Record<CheckName, readonly string[]>> = {
  lint: ['lint'],
  test: ['test:run', 'test'],
  build: ['build'],
};
const makeTargets: Readonly<Record<CheckName, readonly string[]>> = {
  lint: ['lint'],
  test: ['test', 'check'],
  build: ['build', 'all'],
};

function fromScripts(check: CheckName, { scripts }: ProjectFacts): Choice | undefined {
  if (scripts === undefined) return undefined;
  const names = scriptNames[check];
  const name = names.find((each) => isReal(scripts.scripts[each]));
  if (name === undefined) return undefined;
  const passedOver = names.slice(0, names.indexOf(name)).map((each) => `, there is no "${each}"`);
  const why = `package.json script "${name}"${passedOver.join('')} (${scripts.installerWhy})`;
  return { command: `${scripts.installer} run ${name}`, why };
}

/** `npm init` writes a test script that only says that there is none. */
function isReal(script: string | undefined): boolean {
  return script !== undefined && script.trim() !== '' && !/no test specified/.test(script);
}

function fromMake(check: CheckName, { makefile }: ProjectFacts): Choice | undefined {
  const target = makeTargets[check].find((each) => makefile?.targets.includes(each));
  if (makefile === undefined || target === undefined) return undefined;
  return { command: `make ${target}`, why: `${makefile.name} target "${target}"` };
}

function fromLanguage(check: CheckName, facts: ProjectFacts): Choice | undefined {
  if (facts.hasCargo) return cargo(check, facts);
  if (facts.hasGo)
    return { command: { lint: 'go vet ./...', test: 'go test ./...', build: 'go build ./...' }[check], why: 'go.mod' };
  return facts.python === undefined ? undefined : python(check, facts.python);
}

function cargo(check: CheckName, { hasClippy }: ProjectFacts): Choice {
  const lint = hasClippy ? 'cargo clippy' : 'cargo check';
  const why = check === 'lint' && !hasClippy ? 'Cargo.toml, clippy is not installed' : 'Cargo.toml';
  return { command: { lint, test: 'cargo test', build: 'cargo build' }[check], why };
}

function python(check: CheckName, facts: NonNullable<ProjectFacts['python']>): Choice | undefined {
  if (check === 'build') return undefined;
  const tools = check === 'lint' ? (['ruff', 'flake8'] as const) : (['pytest', 'tox'] as const);
  // What is configured is meant, also when it is not installed: then the check says so.
  const tool =
    tools.find((each) => facts.configured.has(each)) ??
    tools.find((each) => facts.installed.has(each) && each !== 'tox');
  if (tool === undefined) return undefined;
  const program = facts.installed.get(tool) ?? tool;
  const why = facts.configured.get(tool) ?? `${facts.name}, ${tool} is installed`;
  return { command: tool === 'ruff' ? `${program} check .` : program, why };
}

function nothing(check: CheckName, facts: ProjectFacts): string {
  const looked = [
    facts.scripts === undefined ? 'no package.json' : `no script ${scriptList(check, facts.scripts)} in package.json`,
    facts.makefile === undefined
      ? 'no Makefile'
      : `no target ${makeTargets[check].join(' or ')} in ${facts.makefile.name}`,
    facts.python === undefined ? 'no Cargo.toml, go.mod or pyproject.toml' : `nothing for it in ${facts.python.name}`,
  ];
  return `No command for ${check} was found: ${looked.join(', ')}. Name one with --${check} or CHECK_COMMAND_${check.toUpperCase()}.`;
}

function scriptList(check: CheckName, { scripts }: PackageScripts): string {
  const names = scriptNames[check].map((name) => `"${name}"`).join(' or ');
  return scripts['test'] !== undefined && check === 'test' ? `${names} that tests anything` : names;
}
