/** Each `open`s a client; none is loaded but the one that is asked for. */
export const contenders = {
  holdfast: () => import('./holdfast.ts'),
  'octokit-twice': () => import('./octokit-twice.ts'),
  'octokit-always': () => import('./octokit-always.ts'),
  'plain-fetch': () => import('./plain-fetch.ts'),
};
export type ContenderName = keyof typeof contenders;
