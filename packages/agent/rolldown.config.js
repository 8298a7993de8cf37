import { defineConfig } from 'rolldown';

/*
 * One file that runs wherever it is put: as a module (in this package) and as a plain script (copied to ~/.holdfast, where no
 * package.json says what it is). So it holds neither `import` nor `require` nor `import.meta`; Node's own modules are fetched
 * when the code that needs them is first run, because loading them all would double the start.
 */
// oxlint-disable-next-line import/no-default-export -- rolldown wants it so
export default defineConfig({
  input: 'src/main.ts',
  platform: 'node',
  treeshake: true,
  plugins: [nodeModulesOnDemand()],
  transform: { define: { 'import.meta.url': 'holdfastUrl()' } },
  output: {
    file: 'dist/holdfast-agent.js',
    format: 'iife',
    codeSplitting: false,
    banner: `#!/usr/bin/env node
"use strict";
// Before 20.16 Node gives its modules only to require, which a module has to make first.
let holdfastNode = process.getBuiltinModule ?? (typeof require === "function" ? require : undefined);
const holdfastUrl = () => holdfastNode("node:url").pathToFileURL(holdfastNode("node:fs").realpathSync(process.argv[1])).href;
const holdfastMain = () => {`,
    footer: `};
if (holdfastNode !== undefined) holdfastMain();
else import("node:module").then(({ createRequire }) => {
  holdfastNode = createRequire(process.cwd() + "/");
  holdfastMain();
});`,
  },
});

/** `import { spawn } from 'node:child_process'` becomes a module of our own that fetches it when it is first evaluated. */
function nodeModulesOnDemand() {
  const prefix = '\0node-on-demand:';
  return {
    name: 'node-modules-on-demand',
    resolveId: (id) => (id.startsWith('node:') ? prefix + id : null),
    load: (id) =>
      id.startsWith(prefix)
        ? { code: `module.exports = holdfastNode(${JSON.stringify(id.slice(prefix.length))});`, moduleType: 'js' }
        : null,
  };
}
