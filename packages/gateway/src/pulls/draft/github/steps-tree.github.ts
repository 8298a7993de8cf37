import { HoldfastError, type ChangedFile, type ChangeSet } from '@holdfast/protocol';
import { changesNothing } from '../base-conflict.ts';
import { commitSha, blobSha, contentOf } from '../git-objects.ts';
import type { DraftCommit } from '../commit.ts';
import { readTrailers } from '../message.ts';
import { sameAgain, textIn, type Repository } from './repository.github.ts';
import type { Step } from '../target.ts';

/** A larger text travels as a blob of its own, so that the tree stays a request of some 100 KB a file at most. */
const maxInlineBytes = 256 * 1024;

/** Uploads what cannot stand in the tree as text. What was uploaded before is not sent again. */
export function blobsStep(repository: Repository, { files }: ChangeSet): Step {
  return {
    name: 'blobs',
    send: async (done, { signal, noted, note }) => {
      const there = repository.named(done);
      const before = Array.isArray(noted?.['uploaded']) ? noted['uploaded'] : [];
      const uploaded = new Set(before.filter((sha) => typeof sha === 'string'));
      for (const file of files.filter((one) => !isInline(one))) {
        const content = contentOf(file);
        const sha = blobSha(content);
        if (uploaded.has(sha)) continue;
        const blob = await there.ask(
          'POST /repos/{owner}/{repo}/git/blobs',
          { content: content.toString('base64'), encoding: 'base64' },
          { signal, lookUp: sameAgain, doing: `take the content of ${file.path}` },
        );
        if (blob.sha !== sha) throw otherObject(`the content of ${file.path}`, sha, blob.sha);
        uploaded.add(sha);
        await note?.({ uploaded: [...uploaded] });
      }
      return { uploaded: [...uploaded] };
    },
  };
}

/** Makes the tree, and holds it against what git makes of the same. */
export function treeStep(repository: Repository, changeSet: ChangeSet): Step {
  return {
    name: 'tree',
    send: async (done, { signal }) => {
      const there = repository.named(done);
      const baseTree = textIn(done, 'base', 'baseTree');
      const make = async (onto: string, tree: TreeEntry[]): Promise<string> => {
        const { sha } = await there.ask(
          'POST /repos/{owner}/{repo}/git/trees',
          { base_tree: onto, tree },
          { signal, lookUp: sameAgain, doing: 'make a tree of the change set' },
        );
        return sha;
      };
      const files = changeSet.files.map(entryOf);
      const deletions = changeSet.deletions.map(deletionOf);
      const inTwo = swapsFilesAndFolders(changeSet);
      const made = await (inTwo
        ? make(baseTree, deletions).then((without) => make(without, files))
        : make(baseTree, [...files, ...deletions]));
      // As we make it of the base, where that could be told, and as the workspace says.
      for (const wanted of [done['base']?.['wantedTree'], changeSet.treeSha]) {
        if (typeof wanted === 'string' && wanted !== made)
          throw otherObject('the tree of the change set', wanted, made);
      }
      if (made === baseTree) {
        throw changesNothing();
      }
      return { treeSha: made };
    },
  };
}

/** Makes the commit. With author, committer and date given it is the same one however often it is made. */
export function commitStep(repository: Repository, commit: DraftCommit): Step {
  return {
    name: 'commit',
    send: async (done, { signal }) => {
      const there = repository.named(done);
      const tree = textIn(done, 'tree', 'treeSha');
      const parents = [textIn(done, 'base', 'baseSha')];
      const { message, author, committer } = commit;
      const made = await there.ask(
        'POST /repos/{owner}/{repo}/git/commits',
        { message, tree, parents, author, committer },
        { signal, lookUp: sameAgain, doing: 'make the commit' },
      );
      const ours = commitSha({ ...commit, tree, parents });
      // A signature that GitHub adds is part of what the sha is made of.
      const isSigned = typeof made.verification?.signature === 'string';
      if (made.sha !== ours && !(isSigned && made.tree.sha === tree && isOfDraft(made.message, commit))) {
        throw otherObject('the commit', ours, made.sha);
      }
      return { headSha: made.sha };
    },
  };
}

/** Whether a message ends with the trailers of this draft. */
export function isOfDraft(message: string, commit: Pick<DraftCommit, 'message'>): boolean {
  const [theirs, ours] = [readTrailers(message), readTrailers(commit.message)];
  return ours !== undefined && theirs?.draftId === ours.draftId && theirs.conversationId === ours.conversationId;
}

/** GitHub takes text in JSON; a NUL in it is cut off by some of what is between. */
function isInline({ encoding, content }: ChangedFile): boolean {
  return (
    encoding === 'utf-8' &&
    content !== '' &&
    !content.includes('\0') &&
    content.isWellFormed() &&
    Buffer.byteLength(content) <= maxInlineBytes
  );
}

type TreeEntry = {
  readonly path: string;
  readonly mode: ChangedFile['mode'];
  readonly type: 'blob';
  readonly content?: string;
  readonly sha?: string | null;
};

function entryOf(file: ChangedFile): TreeEntry {
  const { path, mode, content } = file;
  const entry = { path, mode, type: 'blob' as const };
  return isInline(file) ? { ...entry, content } : { ...entry, sha: blobSha(contentOf(file)) };
}

function deletionOf(path: string): TreeEntry {
  return { path, mode: '100644', type: 'blob', sha: null };
}

/** A file takes the place of a folder, or the other way round. GitHub does not say in which order it carries entries out. */
function swapsFilesAndFolders({ files, deletions }: ChangeSet): boolean {
  return deletions.some((path) =>
    files.some((file) => path.startsWith(`${file.path}/`) || file.path.startsWith(`${path}/`)),
  );
}

function otherObject(what: string, ours: string, theirs: string): HoldfastError {
  return new HoldfastError(
    'conflict',
    `GitHub made ${theirs} of ${what}, and git makes ${ours} of it: the workspace's base, or a filter there (.gitattributes, autocrlf), differs. Nothing was published.`,
  );
}
