/** What is to be proposed: the difference between a commit and what the workspace holds. */
export type ChangeSet = {
  /** The commit that it is a difference to: 40 (SHA-1) or 64 (SHA-256) lower-case hexadecimal digits. */
  readonly baseSha: string;
  /** New or changed files, whole. A renamed file stands here, and its old path in `deletions`. */
  readonly files: readonly ChangedFile[];
  /** Paths that are to be gone. */
  readonly deletions: readonly string[];
  /** The tree that git makes of it where the workspace is; what is published must have the same. */
  readonly treeSha?: string;
};

export type ChangedFile = {
  /** From the root of the repository, with `/`. */
  readonly path: string;
  /** As git has it: a file, an executable one, a symbolic link (its content is where it leads). */
  readonly mode: '100644' | '100755' | '120000';
  readonly content: string;
  /** Of `content`. Text is UTF-8 as it stands; anything else is base64. */
  readonly encoding: 'utf-8' | 'base64';
};
