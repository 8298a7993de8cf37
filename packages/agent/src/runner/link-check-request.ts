import {
  checkModes,
  checkNames,
  decodeJsonPayload,
  HoldfastError,
  isRecord,
  type CheckName,
  type CheckRequest,
  type Json,
} from '@holdfast/protocol';

/** Reads a CHECK (docs/protocol.md 8.9). Throws `bad_message` with the field that is wrong. */
export function parseCheckRequest(payload: Uint8Array): CheckRequest {
  const value = decodeJsonPayload(payload);
  if (value === undefined) throw new HoldfastError('bad_message', 'A CHECK must hold a JSON object.');
  const { cwd, workingDir, only, mode, commands, timeoutsS, gates, env, passEnv } = value;
  if (typeof cwd !== 'string' || cwd === '') throw wrong('cwd', 'a path');
  return {
    cwd,
    ...given('workingDir', workingDir, isText, 'a path'),
    ...given('only', only, isListOf(isCheck), `a list of ${checkNames.join(', ')}`),
    ...given('mode', mode, isMode, `one of ${checkModes.join(', ')}`),
    ...given('commands', commands, isRecordOf(isText), 'an object of strings'),
    ...given('timeoutsS', timeoutsS, isRecordOf(isPositive), 'an object of seconds'),
    ...given('gates', gates, isListOf(isText), 'a list of strings'),
    ...given('env', env, isRecordOf(isValue), 'an object of strings'),
    ...given('passEnv', passEnv, isListOf(isText), 'a list of names'),
  };
}

/** The command line of `holdfast-agent check` for it. */
export function checkArguments(request: CheckRequest): readonly string[] {
  const { cwd, workingDir, only, mode, commands = {}, timeoutsS = {}, gates = [], passEnv = [] } = request;
  return [
    ...['--events', '--with-parent', `--project=${cwd}`],
    ...(only === undefined ? [] : [`--only=${only.join(',')}`]),
    ...(mode === undefined ? [] : [`--mode=${mode}`]),
    ...checksIn(commands).map((check) => `--${check}=${commands[check]}`),
    ...checksIn(timeoutsS).map((check) => `--timeout=${check}=${timeoutsS[check]}`),
    ...gates.map((rule) => `--gate=${rule}`),
    ...passEnv.map((name) => `--pass-env=${name}`),
    ...['--', workingDir ?? '.'],
  ];
}

function checksIn(values: Readonly<Partial<Record<CheckName, unknown>>>): readonly CheckName[] {
  return checkNames.filter((check) => values[check] !== undefined);
}

function given<Name extends keyof CheckRequest, Value extends CheckRequest[Name]>(
  name: Name,
  value: Json | undefined,
  isRight: (value: unknown) => value is Value,
  right: string,
): { readonly [K in Name]?: Value } {
  if (value === undefined) return {};
  if (!isRight(value)) throw wrong(name, right);
  return { [name]: value } as { [K in Name]?: Value };
}

/** A NUL can stand neither in an argument nor in an environment. */
function isValue(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0');
}

function isText(value: unknown): value is string {
  return isValue(value) && value !== '';
}

function isPositive(value: unknown): value is number {
  return typeof value === 'number' && value > 0;
}

function isCheck(value: unknown): value is CheckName {
  return (checkNames as readonly unknown[]).includes(value);
}

function isMode(value: unknown): value is (typeof checkModes)[number] {
  return (checkModes as readonly unknown[]).includes(value);
}

function isListOf<Value>(isRight: (value: unknown) => value is Value) {
  return (value: unknown): value is readonly Value[] => Array.isArray(value) && value.every(isRight);
}

function isRecordOf<Value>(isRight: (value: unknown) => value is Value) {
  return (value: unknown): value is Readonly<Record<string, Value>> =>
    isObject(value) && Object.entries(value).every(([name, each]) => /^[^=\0]+$/.test(name) && isRight(each));
}

function isObject(value: unknown): value is object {
  return isRecord(value as Json);
}

function wrong(field: string, right: string): HoldfastError {
  return new HoldfastError('bad_message', `"${field}" of a CHECK must be ${right}.`);
}
