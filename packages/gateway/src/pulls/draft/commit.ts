import { createHash } from 'node:crypto';
import { branchNameFault } from './branch-name.ts';
import { trailersOf, withoutForgery } from './message.ts';
import type { Draft } from './draft.ts';
import type { DraftPolicy } from './policy/policy.ts';

/** Who, and when: ISO 8601 UTC in whole seconds, which is all that git keeps. */
export type Signature = { readonly name: string; readonly email: string; readonly date: string };

/** The commit of a draft, but for its tree and parent. */
export type DraftCommit = {
  /** Title, blank line, body, blank line, trailers, and a newline at the end: git ends a message so, and GitHub keeps what it is given. */
  readonly message: string;
  readonly author: Signature;
  readonly committer: Signature;
};

/** What is in the commit of a draft: always the same for the same draft and policy, so that the commit made again has the same sha. */
export function commitOf(draft: Draft, policy: Pick<DraftPolicy, 'author'>): DraftCommit {
  const signature = {
    name: asGitKeepsIt(policy.author.name) || 'Holdfast',
    email: asGitKeepsIt(policy.author.email),
    date: isoSeconds(draft.createdAt),
  };
  return { message: messageOf(draft), author: signature, committer: signature };
}

/** The branch of a draft: the prefix and its id; one that git would not take as a name is written otherwise, and stays its own. */
export function branchOf(draft: Pick<Draft, 'draftId'>, policy: Pick<DraftPolicy, 'branchPrefix'>): string {
  const name = policy.branchPrefix + draft.draftId;
  if (branchNameFault(name) === undefined) return name;
  const digest = createHash('sha256').update(draft.draftId).digest('hex').slice(0, 12);
  const readable = draft.draftId.replaceAll(/[^A-Za-z0-9_-]/g, '-').slice(0, 60);
  return `${policy.branchPrefix}draft${readable.replace(/^-*/, '-')}-${digest}`;
}

function messageOf(draft: Draft): string {
  const { title, body } = withoutForgery(draft);
  const subject = title === '' ? `Draft ${draft.draftId}` : title;
  return [subject, ...(body === '' ? [] : [body]), trailersOf(draft)].join('\n\n').concat('\n');
}

function isoSeconds(epochMs: number): string {
  return new Date(Math.floor(epochMs / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}

/** Git drops these at both ends and `<`, `>` and line ends anywhere; another sha would come of what it drops. See ident.c of git. */
function asGitKeepsIt(part: string): string {
  const crud = /^[\u0000-\u0020.,:;<>"\\']+|(?<![\u0000-\u0020.,:;<>"\\'])[\u0000-\u0020.,:;<>"\\']+$/g;
  return part
    .toWellFormed()
    .replaceAll(/[\p{Cc}<>]/gu, '')
    .replaceAll(crud, '');
}
