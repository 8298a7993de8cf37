import { createHash } from 'node:crypto';
import type { ChangedFile } from '@holdfast/protocol';
import type { DraftCommit, Signature } from './commit.ts';

/** How a repository names its objects; GitHub's and most others are SHA-1. */
export type HashName = 'sha1' | 'sha256';

/** One line of a tree. `mode` as git writes it: `40000` for a folder, `160000` for a submodule. */
export type TreeEntry = { readonly mode: string; readonly name: string; readonly sha: string };

/** The bytes of a changed file. */
export function contentOf(file: Pick<ChangedFile, 'content' | 'encoding'>): Buffer {
  return Buffer.from(file.content, file.encoding === 'base64' ? 'base64' : 'utf8');
}

/** The sha that git gives to a file's content. */
export function blobSha(content: Uint8Array, hash: HashName = 'sha1'): string {
  return objectSha('blob', content, hash);
}

/** The sha that git gives to a folder with these entries, in whatever order they come. */
export function treeSha(entries: readonly TreeEntry[], hash: HashName = 'sha1'): string {
  const lines = entries
    .map(({ mode, name, sha }) => {
      const isFolder = /^0?40000$/.test(mode);
      const bytes = Buffer.from(name);
      return {
        // Git sorts by bytes, and a folder as if its name ended with a slash.
        order: isFolder ? Buffer.concat([bytes, Buffer.from('/')]) : bytes,
        line: [Buffer.from(`${mode.replace(/^0/, '')} `), bytes, Buffer.from([0]), Buffer.from(sha, 'hex')],
      };
    })
    .sort((a, b) => Buffer.compare(a.order, b.order));
  return objectSha('tree', Buffer.concat(lines.flatMap(({ line }) => line)), hash);
}

/** The sha that git gives to a commit of this tree on these parents. */
export function commitSha(
  commit: DraftCommit & { readonly tree: string; readonly parents: readonly string[] },
  hash: HashName = 'sha1',
): string {
  const head = [
    `tree ${commit.tree}`,
    ...commit.parents.map((parent) => `parent ${parent}`),
    `author ${signatureLine(commit.author)}`,
    `committer ${signatureLine(commit.committer)}`,
  ];
  return objectSha('commit', Buffer.from(`${head.join('\n')}\n\n${commit.message}`), hash);
}

/** Seconds since 1970, as git writes and reads a date. */
export function gitSeconds({ date }: Pick<Signature, 'date'>): number {
  return Math.floor(Date.parse(date) / 1000);
}

function objectSha(kind: 'blob' | 'tree' | 'commit', content: Uint8Array, hash: HashName): string {
  return createHash(hash).update(`${kind} ${content.byteLength}\0`).update(content).digest('hex');
}

function signatureLine(signature: Signature): string {
  return `${signature.name} <${signature.email}> ${gitSeconds(signature)} +0000`;
}
