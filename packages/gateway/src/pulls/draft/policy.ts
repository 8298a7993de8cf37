/** What a project's drafts may be, from the configuration; nothing of it comes from who asks for one. */
export type DraftPolicy = {
  /** Branch that a draft is meant for; null: the repository's default branch. */
  readonly base: string | null;
  /** In front of the draft's id. */
  readonly branchPrefix: string;
  /** Globs (`*`, `**`, `?`) of what nobody may touch, on top of those that are always protected. */
  readonly protectedPaths: readonly string[];
  /** Changed files and deletions together. */
  readonly maxFiles: number;
  /** Contents of all files together. */
  readonly maxBytes: number;
  readonly labels: readonly string[];
  readonly author: { readonly name: string; readonly email: string };
};
