export type WantedPull = {
  /** `owner:branch`, as GitHub names it in its refusal. */
  readonly label: string;
  /** Path of the search for open pull requests that would be the same. */
  readonly search: string;
};

/** The pull request that a request asks for; undefined when it asks for something else. */
export function wantedPull(asked: {
  readonly method: string;
  readonly path: string;
  readonly body: Buffer;
}): WantedPull | undefined {
  const [, owner, repository] = /^\/repos\/([^/]+)\/([^/]+)\/pulls$/.exec(asked.path) ?? [];
  if (asked.method !== 'POST' || owner === undefined) return undefined;
  const { head, base } = parsePull(asked.body);
  const label = head.includes(':') ? head : `${owner}:${head}`;
  return { label, search: `/repos/${owner}/${repository}/pulls?${new URLSearchParams({ head: label, base })}` };
}

function parsePull(body: Buffer): { readonly head: string; readonly base: string } {
  return JSON.parse(body.toString()) as { head: string; base: string };
}
