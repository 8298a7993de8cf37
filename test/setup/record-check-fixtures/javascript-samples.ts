import { logLies } from './noise.ts';

/** Files of tests, for a tool whose tests need this head. */
export type Dialect = {
  readonly head: string;
  /** The assertion that the two are equal. */
  readonly equal: (one: number, other: number) => string;
  readonly hasTodo: boolean;
  readonly suffix: string;
};

/**
 * Two files, six tests: three pass, one fails (line 5 of `cart.test`), one is skipped and one is to be done. The first writes
 * lies to its log.
 */
export function failingTests({ head, equal, hasTodo, suffix }: Dialect): Readonly<Record<string, string>> {
  return {
    [`cart.${suffix}`]: `${head}
describe('cart', () => {
  test('adds', () => { ${logLies} ${equal(2, 2)}; });
  test('adds wrongly', () => {
    console.error('error: 12 failed'); ${equal(2, 3)}; });
  test.skip('removes', () => {});
  ${hasTodo ? "test.todo('pays');" : "test.skip('pays', () => {});"}
});
`,
    [`order.${suffix}`]: `${head}\ntest('is made', () => ${equal(1, 1)});\ntest('is sent', () => ${equal(1, 1)});\n`,
  };
}

/** Three tests in one file, all pass. */
export function passingTests({ head, equal, suffix }: Dialect): Readonly<Record<string, string>> {
  return {
    [`order.${suffix}`]: `${head}
test('is made', () => { ${logLies} ${equal(1, 1)}; });
test('is sent', () => ${equal(1, 1)});
test('is paid', () => ${equal(1, 1)});
`,
  };
}

/** A file that cannot be parsed, beside one with two tests that pass. */
export function brokenTests({ head, equal, suffix }: Dialect): Readonly<Record<string, string>> {
  return {
    [`broken.${suffix}`]: 'this is no JavaScript\n',
    [`order.${suffix}`]: `${head}\ntest('is made', () => ${equal(1, 1)});\ntest('is sent', () => ${equal(1, 1)});\n`,
  };
}
