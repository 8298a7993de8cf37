/** What this client never sends, whoever asks and however it is spelt: what it makes is for people to merge. Paths are decoded and in lower case. */
const refusedRoutes: readonly { readonly what: string; readonly methods: RegExp; readonly path: RegExp }[] = [
  { what: 'merges a pull request', methods: /^/, path: /^\/repos\/[^/]+\/[^/]+\/pulls\/[^/]+\/merge$/ },
  { what: 'merges branches', methods: /^/, path: /^\/repos\/[^/]+\/[^/]+\/merges$/ },
  { what: 'merges the upstream branch', methods: /^/, path: /^\/repos\/[^/]+\/[^/]+\/merge-upstream$/ },
  {
    what: "merges the base into a pull request's branch",
    methods: /^/,
    path: /^\/repos\/[^/]+\/[^/]+\/pulls\/[^/]+\/update-branch$/,
  },
  // Some servers take a POST for what a field of its form says.
  { what: 'deletes a repository', methods: /^(DELETE|POST)$/, path: /^\/repos\/[^/]+\/[^/]+$/ },
  { what: 'gives a repository away', methods: /^/, path: /^\/repos\/[^/]+\/[^/]+\/transfer$/ },
  {
    what: 'changes the protection of a branch',
    methods: /^/,
    path: /^\/repos\/[^/]+\/[^/]+\/(branches\/.+\/protection|tags\/protection)(\/.*)?$/,
  },
  {
    what: 'changes the rules of branches',
    methods: /^/,
    path: /^\/(repos\/[^/]+\/[^/]+|orgs\/[^/]+|enterprises\/[^/]+)\/rulesets(\/.*)?$/,
  },
  { what: 'renames a branch', methods: /^/, path: /^\/repos\/[^/]+\/[^/]+\/branches\/.+\/rename$/ },
];

/** What a write to this path would do that this client never does; undefined when it may be sent. The path is taken as a server might read it. */
export function refusalOf(method: string, path: string): string | undefined {
  if (method === 'GET' || method === 'HEAD') return undefined;
  const plain = plainPath(path);
  return refusedRoutes.find((route) => route.methods.test(method) && route.path.test(plain))?.what;
}

const refusedMutations =
  /^(merge(PullRequest|Branch)|enqueuePullRequest|enablePullRequestAutoMerge|updatePullRequestBranch|(create|update|delete)(BranchProtectionRule|RepositoryRuleset)|deleteRepository|transferRepository)$/i;

/** The first name among these that is a mutation which this client never sends. */
export function refusedMutation(names: Iterable<string>): string | undefined {
  return [...names].find((name) => refusedMutations.test(name));
}

const refusedCalls =
  /^(merge|enqueue|enable\w*automerge|updatebranch$|delete$|deleterepo|transfer|renamebranch|(create|update|delete|set|add|remove)\w*(protection|ruleset|statuscheckcontexts|accessrestrictions))/;

/** True for the name of a method that, as far as a name tells, does what this client never does. */
export function isRefusedCall(name: string): boolean {
  return refusedCalls.test(name.replaceAll('_', '').toLowerCase());
}

/** Percent-decoded as often as it can be, dot segments resolved, without empty segments, a format or a slash at the end; in lower case. */
export function plainPath(path: string): string {
  const segments: string[] = [];
  for (const segment of decodeAll(path).toLowerCase().split(/[/\\]/)) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment.trim());
  }
  const last = bare(segments.pop() ?? '');
  const plain = `/${[...segments, ...(last === '' ? [] : [last])].join('/')}`;
  // GitHub sends renamed repositories on to these addresses, and takes them from anyone.
  return plain.replace(/^\/repositories\/[^/]+/, '/repos/-/-').replace(/^\/organizations\//, '/orgs/');
}

/** A name without its format and what follows a semicolon. */
function bare(segment: string): string {
  let [name = ''] = segment.split(';', 1);
  while (name.endsWith('.json')) name = name.slice(0, -'.json'.length);
  return name;
}

/** Decoded until nothing changes; what is not UTF-8 stays. */
export function decodeAll(text: string): string {
  for (let coded = text; ;) {
    const decoded = coded.replaceAll(/(%[\da-f]{2})+/gi, (bytes) => decodeOnce(bytes));
    if (decoded === coded) return decoded;
    coded = decoded;
  }
}

function decodeOnce(bytes: string): string {
  try {
    return decodeURIComponent(bytes);
  } catch {
    return bytes;
  }
}
