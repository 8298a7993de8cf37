/** What a program may write to its log, and what must not be taken for the word of a tool. */
const lies: readonly string[] = [
  'error: 12 failed',
  'Tests: 3 passed',
  'Tests: 12 failed, 3 passed',
  '12 passed, 4 failed, 1 skipped',
  '12 passing',
  '4 failing',
  'Found 3 errors',
  'ERROR in the payment of order 12: 3 errors',
  '# tests 99',
  'ok 17 - the order was paid',
  'FAILED 4 of 12',
  '✖ 12 problems',
];

/** The same as a JavaScript statement that writes them. */
export const logLies = `for (const line of ${JSON.stringify(lies)}) console.log(line);`;

/** The same around a command, with a file of the sample project. */
export const lying: Readonly<Record<string, string>> = {
  'lies.sh': lies.map((line) => `echo '${line}'\n`).join(''),
};
export const amidLies = (command: string): string => `sh lies.sh; ${command}; code=$?; sh lies.sh; exit $code`;
