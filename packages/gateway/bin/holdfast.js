#!/usr/bin/env node
// Plain JavaScript for any Node: the gateway needs Node 24, so an older one hands over to the `node` package beside us.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const major = Number(process.versions.node.split('.')[0]);
const main = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist', 'main.js');

if (major >= 24) {
  await import(main);
} else {
  handOver(findNode24());
}

function findNode24() {
  try {
    const manifest = createRequire(import.meta.url).resolve('node/package.json');
    return join(dirname(manifest), 'bin', 'node');
  } catch {
    process.stderr.write(
      `holdfast needs Node 24 or newer and this is ${process.versions.node}: install it, or the npm package "node".\n`,
    );
    process.exit(2);
  }
}

function handOver(node) {
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`holdfast could not start ${node}: ${error.message}\n`);
    process.exit(2);
  });
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
}
