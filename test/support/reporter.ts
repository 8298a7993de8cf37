import {
  DefaultReporter,
  type SerializedError,
  type TestCase,
  type TestModule,
  type TestRunEndReason,
} from 'vitest/node';
import { exitCodeOf, tallyLine, tallyOf, type Outcome, type Tally } from './tally.ts';

/**
 * vitest's own report, then the reason of each skip, then, as the very last line of the process,
 * `N passed, N failed, N skipped`. With `CI=true` a skip makes the exit code 1.
 */
export default class HoldfastReporter extends DefaultReporter {
  #tally: Tally | undefined;

  override onInit(vitest: Parameters<DefaultReporter['onInit']>[0]): void {
    super.onInit(vitest);
    // vitest itself writes after the reporters (a slow close, an unhandled error): only `exit` is last.
    if (!vitest.config.watch) process.once('exit', () => this.#printLastLine());
  }

  override onTestRunEnd(
    modules: readonly TestModule[],
    unhandledErrors: readonly SerializedError[],
    reason: TestRunEndReason,
  ): void {
    super.onTestRunEnd(modules, unhandledErrors, reason);
    this.#tally = tallyOf(outcomesOf(modules, unhandledErrors));
    for (const test of testsOf(modules)) {
      const result = test.result();
      if (result.state === 'skipped') console.log(`skipped: ${result.note ?? 'no reason given'} (${test.fullName})`);
    }
  }

  #printLastLine(): void {
    const isCi = process.env['CI'] === 'true';
    // No tally: the run broke before a test ran.
    const tally = this.#tally ?? { passed: 0, failed: 1, skipped: 0 };
    if (exitCodeOf(tally, isCi) !== 0) process.exitCode = 1;
    if (isCi && tally.skipped > 0) console.log('With CI=true every test must run: a skip is a failure.');
    console.log(tallyLine(tally));
  }
}

function* testsOf(modules: readonly TestModule[]): Generator<TestCase> {
  for (const module of modules) yield* module.children.allTests();
}

function* outcomesOf(modules: readonly TestModule[], unhandled: readonly SerializedError[]): Generator<Outcome> {
  yield { kind: 'errors', count: unhandled.length };
  for (const module of modules) {
    yield { kind: 'errors', count: module.errors().length };
    for (const suite of module.children.allSuites()) yield { kind: 'errors', count: suite.errors().length };
    for (const test of module.children.allTests()) yield { kind: 'test', state: test.result().state };
  }
}
