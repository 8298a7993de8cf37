import { registerHooks } from 'node:module';

/*
 * Loaded into the gateway with `--import`: the agent's file that it finds is the one whose `run` is the line source
 * (agent-with-source.process.ts). Nothing of the gateway is changed for the bench.
 */
const agentFile = '@holdfast/agent/holdfast-agent.js';
const replacement = new URL('../agent-with-source.process.ts', import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === agentFile ? { url: replacement, shortCircuit: true } : next(specifier, context),
});
