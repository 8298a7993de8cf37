import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

/*
 * Looks at each package as npm would publish it (`npm run build`).
 * One finding is accepted: the agent's file is written to run as a module and as a plain script alike, so it has no
 * `import` at all, and publint takes what has none for CommonJS.
 */
const isAccepted = (folder: string, code: string): boolean => folder === 'agent' && code === 'FILE_INVALID_FORMAT';

const packages = fileURLToPath(new URL('../packages', import.meta.url));
let findings = 0;
for (const folder of readdirSync(packages)) {
  const { messages, pkg } = await publint({ pkgDir: join(packages, folder), strict: true });
  for (const message of messages.filter(({ code }) => !isAccepted(folder, code))) {
    findings += 1;
    console.error(`packages/${folder}: ${formatMessage(message, pkg, { color: false }) ?? message.code}`);
  }
}
console.log(findings === 0 ? 'publint: nothing to mend' : `publint: ${findings} to mend`);
process.exitCode = findings === 0 ? 0 : 1;
