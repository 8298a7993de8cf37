const docs = 'https://docs.github.com';

/** Bodies by the name that the table has for them: as much of each as a decision may depend on. */
export const bodies: Readonly<Record<string, unknown>> = {
  primary: {
    message: 'API rate limit exceeded for user ID 1.',
    documentation_url: `${docs}/rest/using-the-rest-api/rate-limits-for-the-rest-api`,
  },
  'page-primary': '<p>API rate limit exceeded</p>',
  secondary: {
    message: 'You have exceeded a secondary rate limit.',
    documentation_url: `${docs}/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits`,
  },
  'secondary-link': {
    documentation_url: `${docs}/free-pro-team@latest/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits`,
  },
  'secondary-old-link': {
    documentation_url: `${docs}/rest/overview/resources-in-the-rest-api#secondary-rate-limits`,
  },
  content: {
    message: 'You have exceeded a secondary rate limit and have been temporarily blocked from content creation.',
  },
  // What older GitHub Enterprise Servers say.
  abuse: { message: 'You have triggered an abuse detection mechanism.' },
  'abuse-link': { documentation_url: 'https://developer.github.com/v3/#abuse-rate-limits' },
  page: '<html><p>You have exceeded a secondary rate limit.</p></html>',
  'page-502': '<html><title>502 Bad Gateway</title></html>',
  'gql-primary': { data: null, errors: [{ type: 'RATE_LIMITED', message: 'API rate limit exceeded for user ID 1.' }] },
  'gql-type': { errors: [{ type: 'RATE_LIMITED' }] },
  // What GitHub says nowadays: https://github.com/yanyongyu/githubkit/issues/271.
  'gql-already': {
    errors: [
      {
        type: 'RATE_LIMIT',
        code: 'graphql_rate_limit',
        message: 'API rate limit already exceeded for user ID 1.',
      },
    ],
  },
  // With `x-ratelimit-remaining: 4` and a reset 43 minutes later: https://github.com/release-drafter/release-drafter/issues/1018.
  'gql-too-costly': { errors: [{ type: 'RATE_LIMITED', message: 'API rate limit exceeded for installation ID 1.' }] },
  'gql-new-type': { errors: [{ type: 'RATE_LIMIT' }] },
  'gql-secondary': { errors: [{ message: 'You have exceeded a secondary rate limit.' }] },
  'gql-secondary-type': {
    errors: [{ type: 'RATE_LIMITED', message: 'You have exceeded a secondary rate limit.' }],
  },
  'gql-data': { data: { viewer: { login: 'ada' } } },
  'gql-not-found': { data: null, errors: [{ type: 'NOT_FOUND', message: 'Could not resolve to a Repository.' }] },
  timeout: { message: "We couldn't respond to your request in time." },
  'server-error': { message: 'Server Error' },
  'not-found': {
    message: 'Not Found',
    documentation_url: `${docs}/rest/pulls/pulls#get-a-pull-request`,
    status: '404',
  },
  'no-access': { message: 'Resource not accessible by integration', documentation_url: `${docs}/rest/git/refs` },
  'bad-json': { message: 'Problems parsing JSON' },
  exists: { message: 'Validation Failed', errors: [{ code: 'already_exists' }] },
  invalid: { message: 'Validation Failed', errors: [{ code: 'invalid', field: 'base' }] },
  'bad-credentials': { message: 'Bad credentials', status: '401' },
  'login-limit': { message: 'Maximum number of login attempts exceeded. Please try again later.' },
  sso: { message: 'Resource protected by organization SAML enforcement.' },
  archived: { message: 'Repository was archived so is read-only.' },
  'empty-repo': { message: 'Git Repository is empty.' },
  'not-fast-forward': { message: 'Update is not a fast forward' },
};
