import type { Draft } from './draft.ts';

/** The last lines of a draft's commit, by which it is found again. */
export type Trailers = {
  readonly conversationId: string;
  readonly draftId: string;
};

const maxTitle = 250;
const maxBody = 60_000;

type Words = Pick<Draft, 'title' | 'body'>;

/** The last paragraph of a draft's commit message. */
export function trailersOf(draft: Pick<Draft, 'conversationId' | 'draftId' | 'userId'>): string {
  return [
    `Conversation-Id: ${oneLine(draft.conversationId)}`,
    `Draft-Id: ${oneLine(draft.draftId)}`,
    `Requested-by: ${cut(oneLine(draft.userId), 200)}`,
  ].join('\n');
}

/** The trailers of a message that {@link trailersOf} ended; undefined for any other. Only its last paragraph counts, whatever stands before. */
export function readTrailers(message: string): Trailers | undefined {
  const [blank, conversation, draft, requested] = message.trimEnd().split('\n').slice(-4);
  if (blank !== '') return undefined;
  if (!conversation?.startsWith('Conversation-Id: ') || !draft?.startsWith('Draft-Id: ')) return undefined;
  if (!requested?.startsWith('Requested-by:')) return undefined;
  return { conversationId: valueOf(conversation), draftId: valueOf(draft) };
}

/**
 * Title and body of a draft as people are shown them: one line, and lines, without what would not be seen, turns the words round, or keeps
 * checks from being run.
 */
export function wordsOf({ title, body }: Words): Words {
  const lines = body.replaceAll(/\r\n?|[\u0085\u2028\u2029\v\f]/g, '\n');
  return { title: checked(oneLine(title)), body: checked(withoutControls(lines)) };
}

/** {@link wordsOf} as they go into a commit message: nothing in them can be taken for a trailer, or hide those that follow. */
export function withoutForgery(draft: Words): Words {
  const { title, body } = wordsOf(draft);
  const lines = body.split('\n').map((line) => harmless(line.trimEnd()));
  const whole = cut(lines.join('\n').replaceAll(/\n{3,}/g, '\n\n'), maxBody);
  return { title: cut(harmless(title), maxTitle), body: whole.replace(/^\n+/, '').trimEnd() };
}

/** In this order: what git takes for the end of a message, for the cut line of an editor, and for a trailer. */
function harmless(line: string): string {
  // A thematic break in Markdown either way.
  if (/^---(?=\s|$)/.test(line)) return `- - -${line.slice(3)}`;
  if (/^\S?\s*-+\s*(>8|8<)/.test(line)) return `> ${line}`;
  if (/^\s*[A-Za-z0-9-]*(-by|conversation-id|draft-id|skip-checks)\s*:/i.test(line.normalize('NFKC')))
    return `> ${line}`;
  return line;
}

function oneLine(text: string): string {
  return withoutControls(text.replaceAll(/[\s\p{Cc}\u2028\u2029]+/gu, ' ')).trim();
}

/** Tabs and line ends stay; marks that turn the direction of writing would show a reader other words than there are. */
function withoutControls(text: string): string {
  return text.toWellFormed().replaceAll(/(?![\n\t])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '');
}

/**
 * Without the effect of `[skip ci]` and the like, in a commit, or in that of the merge, which has the title in it
 * (https://docs.github.com/actions/managing-workflow-runs/skipping-workflow-runs); other services look for another word. Where what parts two words ends is
 * told by its last blank, or by one sign: no run can be divided in two ways, which would take half a minute for a long one.
 */
function checked(text: string): string {
  return text
    .replaceAll(
      /\[[ \t]*(skip(?:[ \t_-]*[ \t]|[_-])[\w-]+|[\w-]+(?:[ \t][ \t_-]*|[_-])skip|no[ \t_-]+ci)[ \t]*\]/gi,
      '($1)',
    )
    .replaceAll('***NO_CI***', 'NO_CI');
}

function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  return `${text.slice(0, max - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

const valueOf = (line: string): string => line.slice(line.indexOf(':') + 1).trim();
