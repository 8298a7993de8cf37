import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { environmentOf, startFastClock, type FastClock } from './fast-clock.ts';

const preload = fileURLToPath(new URL('fast-clock-preload.ts', import.meta.url));

/** What a program prints that lives by a fast clock. In it `at(ns)` is what the clock shows at that reading of the machine's. */
async function run(clock: FastClock, program: string): Promise<readonly string[]> {
  const at = `const at = (ns) => ${clock.originMs} + Number(ns - ${clock.originNs}n) / 1e6 * ${clock.speed};\n`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', preload, '--input-type=module', '-e', at + program],
    { env: { ...process.env, ...environmentOf(clock) } },
  );
  return stdout.trim().split('\n');
}

test.each([1, 60, 1000])(
  'at %i times the speed every clock shows exactly that many times what the machine took',
  async (speed) => {
    // Each reading lies between two of the machine's clock; so must what it shows.
    const lines = await run(
      startFastClock(speed),
      `const bracket = (name, read) => {
       for (let turn = 0; turn < 1000; turn++) {
         const before = process.hrtime.bigint(); const shown = read(); const after = process.hrtime.bigint();
         if (shown < Math.floor(at(before)) - 1 || shown > at(after) + 1) return console.log(name, shown, at(before), at(after));
       }
       console.log(name, 'right');
     };
     bracket('Date.now', () => Date.now());
     bracket('new Date', () => new Date().getTime());
     const read = () => { const before = process.hrtime.bigint(); const shown = performance.now(); return { before, shown, after: process.hrtime.bigint() }; };
     const [begun, ended] = [read(), read()];
     const shown = ended.shown - begun.shown;
     const [least, most] = [ended.before - begun.after, ended.after - begun.before].map((ns) => Number(ns) / 1e6 * ${speed});
     console.log('performance.now', shown >= least - 0.001 * ${speed} && shown <= most + 0.001 * ${speed} ? 'right' : [least, shown, most]);`,
    );
    expect(lines).toEqual(['Date.now right', 'new Date right', 'performance.now right']);
  },
);

test('no timer fires before its time on the fast clock, and those due earlier fire earlier', async () => {
  const lines = await run(
    startFastClock(200),
    `import { setTimeout as wait, scheduler } from 'node:timers/promises';
     import { setTimeout as fromModule } from 'node:timers';
     import { promisify } from 'node:util';
     const fired = [];
     const begun = Date.now();
     const is = (name, delayMs) => { fired.push(name); console.log(name, performance.now() >= 0 && Date.now() - begun >= delayMs - 1); };
     const callback = (start, name, delayMs) => new Promise((done) => start(() => { is(name, delayMs); done(); }, delayMs));
     let ticks = 0;
     const all = [
       callback(setTimeout, 'setTimeout', 3000), callback(fromModule, 'node:timers', 6000),
       wait(9000, 'value').then((value) => is('timers/promises ' + value, 9000)), scheduler.wait(12000).then(() => is('scheduler', 12000)),
       promisify(setTimeout)(15000).then(() => is('promisify', 15000)),
       new Promise((done) => AbortSignal.timeout(18000).addEventListener('abort', (event) => { is('AbortSignal ' + event.target.reason.name, 18000); done(); })),
       new Promise((done) => { const timer = setInterval(() => { if (++ticks === 3) { clearInterval(timer); is('setInterval', 21000); done(); } }, 7000); }),
       callback(setTimeout, 'last', 40000),
     ];
     clearTimeout(setTimeout(() => console.log('cleared, and fired'), 1000));
     const gone = new AbortController();
     all.push(wait(1000, 0, { signal: gone.signal }).catch((error) => console.log(error.name, error.code)));
     gone.abort();
     await Promise.all(all);`,
  );
  expect(lines).toEqual([
    'AbortError ABORT_ERR',
    'setTimeout true',
    'node:timers true',
    'timers/promises value true',
    'scheduler true',
    'promisify true',
    'AbortSignal TimeoutError true',
    'setInterval true',
    'last true',
  ]);
});

test('two processes with the same clock tell the same time, and each keeps what a Date is', async () => {
  const clock = startFastClock(500);
  const program = `const shown = Date.now(); console.log(at(process.hrtime.bigint()) >= shown, new Date(5).getTime(), new Date() instanceof Date, structuredClone(new Date(7)) instanceof Date, Date.UTC(1970, 0))`;
  expect(await Promise.all([run(clock, program), run(clock, program)])).toEqual([
    ['true 5 true true 0'],
    ['true 5 true true 0'],
  ]);
});
