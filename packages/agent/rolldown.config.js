import { dirname, relative, resolve } from 'node:path';
import { defineConfig, rolldown } from 'rolldown';

/*
 * One file that runs wherever it is put: as a plain script (here, and copied to ~/.holdfast, where no package.json says what it
 * is) and as a module (copied into somebody's project). So it holds neither `import` nor `require` nor `import.meta`.
 *
 * `run demo` is to start like an empty script. What costs is Node's own modules (fetched when the code that needs them is first
 * run) and source that the engine has to read: all but `run` and `demo` stands in a comment, the one thing that it passes over
 * fast, and is compiled when a dynamic import first asks for it. Both parts have their own copy of what they share, so a class of one is not one of the other.
 */
const startedWith = ['src/agents/provider.demo.ts', 'src/agents/demo/'];
const demanded = new Set();
/** What stands for the end of a comment within the comment. */
const commentEnd = '*<end>/';

const common = {
  platform: 'node',
  // Else the engine would compile every module at the start, as if each were about to run.
  optimization: { pifeForModuleWrappers: false },
};
const output = { format: 'iife', codeSplitting: false };

// oxlint-disable-next-line import/no-default-export -- rolldown wants it so
export default defineConfig({
  ...common,
  input: 'src/main.ts',
  plugins: [restOnDemand(), nodeModulesOnDemand(), asciiOnly(), plainScript()],
  output: {
    ...output,
    file: 'dist/holdfast-agent.js',
    name: 'holdfast',
    banner: `#!/usr/bin/env node
"use strict";
// Before 20.16 Node gives its modules only to require, which a module has to make first.
var holdfastNode = process.getBuiltinModule ?? (typeof require === "function" ? require : undefined);
var holdfastRest = () => {
  const file = typeof __filename === "string" ? __filename : process.argv[1];
  const text = holdfastNode("node:fs").readFileSync(file, "utf8");
  const code = text.slice(text.lastIndexOf("/*rest") + 6, text.lastIndexOf("*/")).replaceAll("${commentEnd}", "*/");
  const rest = new Function("holdfastNode", code)(holdfastNode);
  holdfastRest = () => rest;
  return rest;
};`,
    footer: async () => `if (holdfastNode !== undefined) holdfast.start();
else import("node:module").then(({ createRequire }) => {
  holdfastNode = createRequire(process.cwd() + "/");
  holdfast.start();
});
/*rest ${inComment(await bundleRest())}*/`,
  },
});

/** All modules that were left out, as the body of a function that returns them by their paths. */
async function bundleRest() {
  const entry = '\0rest';
  const imports = [...demanded].map(
    (path) => `  ${JSON.stringify(nameOf(path))}: () => import(${JSON.stringify(path)}),`,
  );
  const bundle = await rolldown({
    ...common,
    input: entry,
    plugins: [
      {
        name: 'rest',
        resolveId: (id) => (id === entry ? entry : null),
        load: (id) => (id === entry ? `export const modules = {\n${imports.join('\n')}\n};` : null),
      },
      nodeModulesOnDemand(),
    ],
  });
  const { output: chunks } = await bundle.generate({ ...output, name: 'rest' });
  await bundle.close();
  return `${chunks[0].code}\nreturn rest.modules;\n//# sourceURL=holdfast-agent-rest.js`;
}

function inComment(code) {
  for (const mark of [commentEnd, '/*rest'])
    if (code.includes(mark)) throw new Error(`the code may not contain ${mark}`);
  return code.replaceAll('*/', commentEnd);
}

/** A dynamic import of anything that `run demo` does not need becomes a demand for the rest. */
function restOnDemand() {
  const pattern = /\bimport\('(\.[^']+)'\)/g;
  return {
    name: 'rest-on-demand',
    transform: (code, id) =>
      code.replaceAll(pattern, (whole, specifier) => {
        const path = resolve(dirname(id), specifier);
        if (startedWith.some((start) => nameOf(path).startsWith(start))) return whole;
        demanded.add(path);
        return `holdfastRest()[${JSON.stringify(nameOf(path))}]()`;
      }),
  };
}

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

/** A file with one character beyond Latin-1 is twice as much to read for the engine. All of ours stand in texts or comments. */
function asciiOnly() {
  const escape = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return {
    name: 'ascii-only',
    generateBundle(_options, bundle) {
      for (const chunk of Object.values(bundle).filter((each) => each.type === 'chunk'))
        chunk.code = chunk.code.replaceAll(/[^\0-\x7f]/g, escape);
    },
  };
}

/** Here too the file is a plain script: a module takes the engine two milliseconds longer. */
function plainScript() {
  return {
    name: 'plain-script',
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: 'package.json', source: '{ "type": "commonjs" }\n' });
    },
  };
}

function nameOf(path) {
  return relative(import.meta.dirname, path);
}
