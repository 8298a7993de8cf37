/** By then a hundred may be under way, and GitHub takes no more of anybody. */
const enough = 5_000;

/**
 * How many requests of a user may be under way, after so many good answers since a secondary limit. GitHub tells neither what was too much nor when it
 * will be again, and other programs may use the same account. So the first request after a limit goes alone and finds out whether it is over, and from
 * then on the number grows as TCP's does where it avoids congestion (RFC 5681, 3.1): by one for as many good answers as there may be requests, which is
 * √(1 + 2n) after n answers. Undefined: there were enough, or no limit.
 */
export function slowStart(answersSince: number | undefined): number {
  return answersSince === undefined ? Infinity : Math.floor(Math.sqrt(1 + 2 * answersSince));
}

/** One more good answer; undefined: there were enough since the limit. */
export function oneMoreAnswer(answersSince: number | undefined): number | undefined {
  return answersSince === undefined || answersSince + 1 >= enough ? undefined : answersSince + 1;
}

/** Of two counts since the same limit the higher one. */
export function moreAnswers(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? undefined : Math.max(one, other);
}
