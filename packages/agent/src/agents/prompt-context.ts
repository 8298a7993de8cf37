import type { ContextFile, PromptContext } from '@holdfast/protocol';
import { readFileSync, realpathSync } from 'node:fs';
import { relative, resolve, sep } from 'node:path';

/** More of one file, or of all files together, is not put before a model. */
const maxFileCharacters = 256 * 1024;
const maxAllCharacters = 512 * 1024;

/**
 * The files that a person named, as text to put before the prompt; undefined for none. A file is read from the workspace and
 * nowhere else; one that cannot be shown is named with the reason.
 */
export function renderContext(workspace: string, context: PromptContext | undefined): string | undefined {
  if (context === undefined || context.files.length === 0) return undefined;
  let left = maxAllCharacters;
  const parts = context.files.map((file) => {
    const content = file.include === false ? '' : readContent(workspace, file).slice(0, Math.max(0, left));
    left -= content.length;
    const lines = file.selection === undefined ? '' : ` lines="${file.selection.start}-${file.selection.end}"`;
    const head = `<file path=${JSON.stringify(file.path)}${lines}`;
    return content === '' ? `${head} />` : `${head}>\n${content}\n</file>`;
  });
  return `Files that the prompt is about:\n${parts.join('\n')}`;
}

function readContent(workspace: string, file: ContextFile): string {
  try {
    const root = realpathSync(workspace);
    const path = realpathSync(resolve(root, file.path));
    if (relative(root, path).split(sep)[0] === '..') return '(outside of the workspace: not shown)';
    const text = readFileSync(path, 'utf8');
    const { selection } = file;
    const chosen =
      selection === undefined
        ? text
        : text
            .split('\n')
            .slice(selection.start - 1, selection.end)
            .join('\n');
    return chosen.slice(0, maxFileCharacters);
  } catch (fault) {
    return `(cannot be read: ${(fault as NodeJS.ErrnoException).code ?? String(fault)})`;
  }
}
