import { z } from 'zod';
import { Secret } from '../lib/secret.ts';
import { branchNameFault } from '../pulls/draft/branch-name.ts';
import { patternFault } from '../pulls/draft/policy/protected-paths.ts';
import { remoteFault } from '../pulls/draft/git/remote-address.ts';
import type { ProjectPulls } from './project.ts';

/** What a draft may have at most (docs/operating.md); a project may have less. */
const mostFiles = 100;
const mostBytes = 1_000_000;
/** GitHub's. */
const maxLabel = 50;
/** Each draft keeps its policy in an entry of the store, which has 256 KiB for all that there is to note of it. */
const maxProtectedBytes = 50_000;
const maxAuthor = 300;

const branchPrefix = 'holdfast/';
const author = { name: 'Holdfast', email: 'holdfast@users.noreply.github.com' };

type PullsEntry = {
  readonly base?: string | undefined;
  readonly branchPrefix: string;
  readonly protected: readonly string[];
  readonly maxFiles: number;
  readonly maxBytes: number;
  readonly labels: readonly string[];
  readonly author?: string | undefined;
  readonly remote?: string | undefined;
};
type RepositoryEntry = { readonly repo?: string | undefined; readonly pulls?: PullsEntry | undefined };

/** A check whose sentence goes on from the name of the field. */
const without = (faultOf: (value: string) => string | undefined): z.ZodType<string> =>
  z.string({ error: 'must be a text' }).superRefine((value, context) => {
    const message = faultOf(value);
    if (message !== undefined) context.addIssue({ code: 'custom', message, input: value });
  });
const atMost = (most: number): z.ZodType<number> =>
  z
    .int({ error: 'must be a whole number' })
    .min(1, 'must be at least 1')
    .max(most, `must be at most ${most}: it may be lowered, not raised`);

const pullsSchema: z.ZodType<PullsEntry> = z.strictObject({
  base: without(branchNameFault).optional(),
  branchPrefix: without((prefix) => branchNameFault(`${prefix}x`)).default(branchPrefix),
  protected: z
    .array(without(patternFault))
    .max(200, 'has at most 200 patterns')
    .superRefine((patterns, context) => {
      const message = sizeFault(patterns);
      if (message !== undefined) context.addIssue({ code: 'custom', message, input: patterns });
    })
    .default([]),
  maxFiles: atMost(mostFiles).default(mostFiles),
  maxBytes: atMost(mostBytes).default(mostBytes),
  labels: z.array(without(labelFault)).max(20, 'has at most 20 labels').default(['holdfast']),
  author: without(authorFault).optional(),
  remote: without(remoteFault).optional(),
});

/** The fields of a project that are about where its drafts go. */
export const pullsFields: {
  readonly repo: z.ZodType<string | undefined>;
  readonly pulls: z.ZodType<PullsEntry | undefined>;
} = {
  // Of GitHub: https://docs.github.com/rest/repos; a name is neither . nor .. and has no .git at its end.
  repo: z
    .string()
    .regex(
      /^[a-z0-9][\w-]{0,99}\/(?!\.{1,2}$)(?!.*\.git$)[\w.-]{1,100}$/i,
      'must be OWNER/NAME of a repository on GitHub',
    )
    .optional(),
  pulls: pullsSchema.optional(),
};

/** What is wrong with the two together; the sentence goes on from `pulls`. The fields may be anything: other faults are told with this one. */
export function targetFault(project: unknown): string | undefined {
  const { repo, pulls } = fieldsOf(project);
  const { remote } = fieldsOf(pulls);
  if (repo !== undefined && remote !== undefined) {
    return 'has a remote, and the project has a repo; drafts go to a git remote or to GitHub, so leave one out';
  }
  if (pulls !== undefined && repo === undefined && remote === undefined) {
    return 'needs a remote (a git address), or the repo of the project (OWNER/NAME on GitHub), to publish to';
  }
  return undefined;
}

/** Where a project's drafts go and what they may be; undefined when it publishes none. */
export function toProjectPulls({ repo, pulls }: RepositoryEntry): ProjectPulls | undefined {
  const target = targetOf(repo, pulls?.remote);
  if (target === undefined) return undefined;
  return {
    target,
    policy: {
      base: pulls?.base ?? null,
      branchPrefix: pulls?.branchPrefix ?? branchPrefix,
      protectedPaths: pulls?.protected ?? [],
      maxFiles: pulls?.maxFiles ?? mostFiles,
      maxBytes: pulls?.maxBytes ?? mostBytes,
      labels: pulls?.labels ?? ['holdfast'],
      author: readAuthor(pulls?.author ?? '') ?? author,
    },
  };
}

function targetOf(repo: string | undefined, remote: string | undefined): ProjectPulls['target'] | undefined {
  if (remote !== undefined) return { kind: 'git', remote: new Secret(remote) };
  const [owner, name] = repo?.split('/') ?? [];
  return owner === undefined || name === undefined ? undefined : { kind: 'github', owner, repo: name };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function labelFault(label: string): string | undefined {
  if (label.trim() === '' || /\p{Cc}/u.test(label) || !label.isWellFormed()) return 'must be a label';
  return label.length > maxLabel ? `must have at most ${maxLabel} characters` : undefined;
}

function sizeFault(patterns: readonly string[]): string | undefined {
  const bytes = Buffer.byteLength(JSON.stringify(patterns));
  if (bytes <= maxProtectedBytes) return undefined;
  return `has patterns of ${bytes} bytes together; ${maxProtectedBytes} is the most, so protect their folders`;
}

function authorFault(text: string): string | undefined {
  if (text.length > maxAuthor) return `must have at most ${maxAuthor} characters`;
  return readAuthor(text) ? undefined : 'must be "Name <email>"';
}

/** What git keeps of a name has to have something in it. */
function readAuthor(text: string): { readonly name: string; readonly email: string } | undefined {
  const found =
    /^\s*(?<name>[^<>\p{Cc}]*[\p{L}\p{N}][^<>\p{Cc}]*?)\s*<(?<email>[^<>\s\p{Cc}]+@[^<>\s\p{Cc}]*[^<>\s\p{Cc}.])>\s*$/u.exec(
      text,
    );
  const { name, email } = found?.groups ?? {};
  return name === undefined || email === undefined ? undefined : { name, email };
}
