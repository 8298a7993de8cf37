/*
 * `holdfast-agent`, except that `run` is the line source: give its path where the agent's file is asked for, and the
 * link, the runner and the journal are the real ones while every line carries the time at which it was written.
 * (The runner starts `run` from the file that it was started from itself.)
 */
if (process.argv[2] === 'run') {
  await import('./line-source.process.ts');
} else {
  await import(new URL('../packages/agent/dist/holdfast-agent.js', import.meta.url).href);
}
