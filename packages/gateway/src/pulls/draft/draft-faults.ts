import type { Draft } from './draft.ts';

/** GitHub takes 256 characters, and 65,536 for the body with our marker at its end. */
const maxTitle = 256;
const maxBody = 60_000;
const visible = /[^\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/u;
/** A date has four digits for the year in ISO 8601; git and GitHub read no others. */
const lastMoment = Date.parse('9999-12-31T23:59:59.999Z');

/** Whether a draft may have this id. */
export function isDraftId(text: string): boolean {
  return /^[A-Za-z0-9._-]{1,100}$/.test(text);
}

/** What is wrong with a draft apart from its change set, as sentences that a person may read; empty when nothing is. */
export function draftFaults(draft: Omit<Draft, 'changeSet' | 'checks'>): readonly string[] {
  const { draftId, title, body, createdAt } = draft;
  return [
    ...fault(!isDraftId(draftId), 'The id of a draft is 1 to 100 of A-Z a-z 0-9 . _ -'),
    ...fault(!visible.test(title) || /[\r\n]/.test(title), 'The title is one line, and not empty.'),
    ...fault(title.length > maxTitle, `The title has ${title.length} characters; ${maxTitle} is the most.`),
    ...fault(body.length > maxBody, `The body has ${body.length} characters; ${maxBody} is the most.`),
    ...fault(
      !Number.isSafeInteger(createdAt) || createdAt < 0 || createdAt > lastMoment,
      'The time of creation is not one of the years 1970 to 9999 (epoch milliseconds).',
    ),
  ];
}

function fault(isOne: boolean, sentence: string): readonly string[] {
  return isOne ? [sentence] : [];
}
