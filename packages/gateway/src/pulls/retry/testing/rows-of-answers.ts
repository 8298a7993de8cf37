import type { Chapter } from './decision-table.ts';

/** Everything but limits: refusals, server errors, connections. */
export const rowsOfAnswers: readonly Chapter[] = [
  {
    section: 'Troubleshooting the REST API: 404 Not Found for an existing resource',
    url: 'https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api#404-not-found-for-an-existing-resource',
    rows: `
GET                    | 404              | -                                                                              | not-found  | 1                      | final: refused
POST                   | 404              | -                                                                              | not-found  | 1                      | final: refused
PATCH                  | 404              | -                                                                              | not-found  | 1                      | final: refused
DELETE                 | 404              | -                                                                              | not-found  | 1                      | final: refused
GET                    | 404              | x-ratelimit-remaining: 4990; x-ratelimit-reset: @300                           | not-found  | 1                      | final: refused
`,
  },
  {
    section: 'Troubleshooting the REST API: Resource not accessible',
    url: 'https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api#resource-not-accessible',
    rows: `
GET                    | 403              | x-ratelimit-remaining: 4990; x-ratelimit-reset: @300                           | no-access  | 1                      | final: refused
POST                   | 403              | x-ratelimit-remaining: 4990; x-ratelimit-reset: @300                           | no-access  | 1                      | final: refused
PATCH                  | 403              | x-ratelimit-remaining: 4990; x-ratelimit-reset: @300                           | no-access  | 1                      | final: refused
PUT                    | 403              | x-ratelimit-remaining: 4990; x-ratelimit-reset: @300                           | no-access  | 1                      | final: refused
DELETE                 | 403              | x-ratelimit-remaining: 4990; x-ratelimit-reset: @300                           | no-access  | 1                      | final: refused
POST                   | 403              | x-accepted-github-permissions: contents=write                                  | no-access  | 2                      | final: refused
`,
  },
  {
    section: 'Troubleshooting the REST API: Problems parsing JSON',
    url: 'https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api#problems-parsing-json',
    rows: `
POST                   | 400              | -                                                                              | bad-json   | 1                      | final: refused
PATCH                  | 400              | -                                                                              | bad-json   | 1                      | final: refused
GET                    | 400              | -                                                                              | bad-json   | 1                      | final: refused
`,
  },
  {
    section: 'Troubleshooting the REST API: Validation Failed',
    url: 'https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api#validation-failed',
    rows: `
POST                   | 422              | -                                                                              | exists     | 1                      | final: refused
PATCH                  | 422              | -                                                                              | invalid    | 1                      | final: refused
PUT                    | 422              | -                                                                              | invalid    | 1                      | final: refused
POST                   | 422              | -                                                                              | exists     | 4                      | final: refused
POST                   | 422              | retry-after: 60                                                                | invalid    | 1                      | final: refused
`,
  },
  {
    section: 'Authenticating to the REST API: Failed login limit',
    url: 'https://docs.github.com/rest/authentication/authenticating-to-the-rest-api#failed-login-limit',
    rows: `
GET                    | 401              | -                                                                              | bad-credentials | 1                      | final: unauthorized
POST                   | 401              | -                                                                              | bad-credentials | 1                      | final: unauthorized
GET                    | 401              | x-ratelimit-remaining: 59; x-ratelimit-reset: @300                             | bad-credentials | 2                      | final: unauthorized
GET                    | 401              | retry-after: 60                                                                | bad-credentials | 1                      | final: unauthorized
GET                    | 403              | -                                                                              | login-limit | 1                      | final: refused
GET                    | 404              | -                                                                              | not-found  | 1                      | final: refused
`,
  },
  {
    section: 'Authenticating to the REST API: Personal access tokens and SAML SSO',
    url: 'https://docs.github.com/rest/authentication/authenticating-to-the-rest-api#personal-access-tokens-and-saml-sso',
    rows: `
GET                    | 403              | x-github-sso: required                                                         | sso        | 1                      | final: refused
POST                   | 403              | x-github-sso: required                                                         | sso        | 1                      | final: refused
GET                    | 200              | x-github-sso: partial-results                                                  | -          | 1                      | done
`,
  },
  {
    section: 'Best practices for using the REST API: Follow redirects',
    url: 'https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects',
    rows: `
GET                    | 301              | location: /elsewhere                                                           | -          | 1                      | done
GET                    | 302              | location: /elsewhere                                                           | -          | 1                      | done
GET                    | 307              | location: /elsewhere                                                           | -          | 1                      | done
GET                    | 308              | location: /elsewhere                                                           | -          | 1                      | done
`,
  },
  {
    section: 'Best practices for using the REST API: Use conditional requests if appropriate',
    url: 'https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate',
    rows: `
GET                    | 304              | -                                                                              | -          | 1                      | done
HEAD                   | 304              | -                                                                              | -          | 1                      | done
GET                    | 304              | etag: "x"; x-ratelimit-remaining: 10; x-ratelimit-reset: @300                  | -          | 1                      | done
`,
  },
  {
    section: 'Best practices for using the REST API: Do not ignore errors',
    url: 'https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#do-not-ignore-errors',
    rows: `
GET                    | 402              | -                                                                              | -          | 1                      | final: refused
GET                    | 405              | -                                                                              | -          | 1                      | final: refused
GET                    | 406              | -                                                                              | -          | 1                      | final: refused
GET                    | 408              | -                                                                              | -          | 1                      | final: refused
GET                    | 409              | -                                                                              | -          | 1                      | final: refused
GET                    | 410              | -                                                                              | -          | 1                      | final: refused
GET                    | 412              | -                                                                              | -          | 1                      | final: refused
GET                    | 413              | -                                                                              | -          | 1                      | final: refused
GET                    | 415              | -                                                                              | -          | 1                      | final: refused
GET                    | 418              | -                                                                              | -          | 1                      | final: refused
GET                    | 423              | -                                                                              | -          | 1                      | final: refused
GET                    | 428              | -                                                                              | -          | 1                      | final: refused
GET                    | 431              | -                                                                              | -          | 1                      | final: refused
GET                    | 451              | -                                                                              | -          | 1                      | final: refused
GET                    | 499              | -                                                                              | -          | 1                      | final: refused
POST                   | 405              | -                                                                              | -          | 1                      | final: refused
POST                   | 409              | -                                                                              | -          | 1                      | final: refused
POST                   | 410              | -                                                                              | -          | 1                      | final: refused
POST                   | 412              | -                                                                              | -          | 1                      | final: refused
POST                   | 423              | -                                                                              | -          | 1                      | final: refused
GET                    | 403              | -                                                                              | -          | 1                      | final: refused
POST                   | 403              | -                                                                              | archived   | 1                      | final: refused
`,
  },
  {
    section: 'REST API endpoints for pull requests: Create a pull request',
    url: 'https://docs.github.com/rest/pulls/pulls#create-a-pull-request',
    rows: `
POST                   | 201              | -                                                                              | -          | 1                      | done
GET                    | 200              | -                                                                              | -          | 1                      | done
PATCH                  | 200              | -                                                                              | -          | 1                      | done
POST                   | 422              | -                                                                              | exists     | 1                      | final: refused
POST                   | 403              | -                                                                              | no-access  | 1                      | final: refused
`,
  },
  {
    section: 'REST API endpoints for Git references: Create a reference',
    url: 'https://docs.github.com/rest/git/refs#create-a-reference',
    rows: `
POST                   | 201              | -                                                                              | -          | 1                      | done
POST                   | 409              | -                                                                              | empty-repo | 1                      | final: refused
POST                   | 422              | -                                                                              | exists     | 1                      | final: refused
PATCH                  | 200              | -                                                                              | -          | 1                      | done
PATCH                  | 422              | -                                                                              | not-fast-forward | 1                      | final: refused
DELETE                 | 204              | -                                                                              | -          | 1                      | done
`,
  },
  {
    section: 'REST API endpoints for forks: Create a fork',
    url: 'https://docs.github.com/rest/repos/forks#create-a-fork',
    rows: `
POST                   | 202              | -                                                                              | -          | 1                      | done
GET                    | 202              | -                                                                              | -          | 1                      | done
DELETE                 | 204              | -                                                                              | -          | 2                      | done
`,
  },
  {
    section: 'Troubleshooting the REST API: Timeouts',
    url: 'https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api#timeouts',
    rows: `
GET                    | 500              | -                                                                              | server-error | 1                      | transient: again in 1 s
GET                    | 502              | -                                                                              | server-error | 1                      | transient: again in 1 s
GET                    | 503              | -                                                                              | server-error | 1                      | transient: again in 1 s
GET                    | 504              | -                                                                              | server-error | 1                      | transient: again in 1 s
HEAD                   | 500              | -                                                                              | server-error | 1                      | transient: again in 1 s
HEAD                   | 502              | -                                                                              | server-error | 1                      | transient: again in 1 s
HEAD                   | 503              | -                                                                              | server-error | 1                      | transient: again in 1 s
HEAD                   | 504              | -                                                                              | server-error | 1                      | transient: again in 1 s
PUT                    | 500              | -                                                                              | server-error | 1                      | transient: again in 1 s
PUT                    | 502              | -                                                                              | server-error | 1                      | transient: again in 1 s
PUT                    | 503              | -                                                                              | server-error | 1                      | transient: again in 1 s
PUT                    | 504              | -                                                                              | server-error | 1                      | transient: again in 1 s
DELETE                 | 500              | -                                                                              | server-error | 1                      | transient: again in 1 s
DELETE                 | 502              | -                                                                              | server-error | 1                      | transient: again in 1 s
DELETE                 | 503              | -                                                                              | server-error | 1                      | transient: again in 1 s
DELETE                 | 504              | -                                                                              | server-error | 1                      | transient: again in 1 s
POST                   | 500              | -                                                                              | server-error | 1                      | unknown outcome: look up in 1 s
POST                   | 502              | -                                                                              | server-error | 1                      | unknown outcome: look up in 1 s
POST                   | 503              | -                                                                              | server-error | 1                      | unknown outcome: look up in 1 s
POST                   | 504              | -                                                                              | server-error | 1                      | unknown outcome: look up in 1 s
PATCH                  | 500              | -                                                                              | server-error | 1                      | unknown outcome: look up in 1 s
PATCH                  | 502              | -                                                                              | server-error | 1                      | unknown outcome: look up in 1 s
PATCH                  | 503              | -                                                                              | server-error | 1                      | unknown outcome: look up in 1 s
PATCH                  | 504              | -                                                                              | server-error | 1                      | unknown outcome: look up in 1 s
GET                    | 502              | -                                                                              | page-502   | 1                      | transient: again in 1 s
GET                    | 502              | -                                                                              | -          | 2                      | transient: again in 2 s
GET                    | 502              | -                                                                              | -          | 3                      | transient: again in 4 s
GET                    | 502              | -                                                                              | -          | 4                      | exhausted: transient
GET                    | 502              | -                                                                              | -          | 1 of 0                 | exhausted: transient
GET                    | 502              | -                                                                              | -          | 6 of 10                | transient: again in 32 s
GET                    | 502              | -                                                                              | -          | 7 of 10                | transient: again in 60 s
GET                    | 502              | -                                                                              | -          | 10 of 10               | transient: again in 60 s
GET                    | 502              | -                                                                              | -          | 11 of 10               | exhausted: transient
GET                    | 502              | -                                                                              | -          | 1 after 598            | transient: again in 1 s
GET                    | 502              | -                                                                              | -          | 1 after 599            | over budget: transient, free in 1 s
GET                    | 502              | -                                                                              | -          | 1 after 700            | over budget: transient, free in 1 s
POST                   | 502              | -                                                                              | -          | 4                      | exhausted: unknown outcome
POST                   | 502              | -                                                                              | -          | 1 after 599            | over budget: unknown outcome, free in 1 s
GET                    | 503              | retry-after: 20                                                                | -          | 1                      | transient: again in 20 s
POST                   | 503              | retry-after: 20                                                                | -          | 1                      | unknown outcome: look up in 20 s
GET                    | 503              | retry-after: @20                                                               | -          | 1                      | transient: again in 20 s
GET                    | 503              | retry-after: 3600                                                              | -          | 1                      | over budget: transient, free in 3600 s
GET                    | 503              | retry-after: soon                                                              | -          | 1                      | transient: again in 1 s
GET                    | 501              | -                                                                              | -          | 1                      | transient: again in 1 s
GET                    | 520              | -                                                                              | -          | 1                      | transient: again in 1 s
POST                   | 599              | -                                                                              | -          | 1                      | unknown outcome: look up in 1 s
`,
  },
  {
    section:
      'Troubleshooting the REST API: Timeouts (without an answer; which methods may be repeated: RFC 9110, 9.2.2)',
    url: 'https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api#timeouts',
    rows: `
GET                    | timeout          | -                                                                              | -          | 1                      | transient: again in 1 s
GET                    | connection_lost  | -                                                                              | -          | 1                      | transient: again in 1 s
HEAD                   | timeout          | -                                                                              | -          | 1                      | transient: again in 1 s
HEAD                   | connection_lost  | -                                                                              | -          | 1                      | transient: again in 1 s
PUT                    | timeout          | -                                                                              | -          | 1                      | transient: again in 1 s
PUT                    | connection_lost  | -                                                                              | -          | 1                      | transient: again in 1 s
DELETE                 | timeout          | -                                                                              | -          | 1                      | transient: again in 1 s
DELETE                 | connection_lost  | -                                                                              | -          | 1                      | transient: again in 1 s
POST                   | timeout          | -                                                                              | -          | 1                      | unknown outcome: look up in 1 s
POST                   | connection_lost  | -                                                                              | -          | 1                      | unknown outcome: look up in 1 s
PATCH                  | timeout          | -                                                                              | -          | 1                      | unknown outcome: look up in 1 s
PATCH                  | connection_lost  | -                                                                              | -          | 1                      | unknown outcome: look up in 1 s
GET                    | not_connected    | -                                                                              | -          | 1                      | transient: again in 1 s
POST                   | not_connected    | -                                                                              | -          | 1                      | transient: again in 1 s
PATCH                  | not_connected    | -                                                                              | -          | 1                      | transient: again in 1 s
DELETE                 | not_connected    | -                                                                              | -          | 1                      | transient: again in 1 s
GET                    | untrusted        | -                                                                              | -          | 1                      | final: untrusted
POST                   | untrusted        | -                                                                              | -          | 1                      | final: untrusted
POST graphql query     | timeout          | -                                                                              | -          | 1                      | transient: again in 1 s
POST graphql           | timeout          | -                                                                              | -          | 1                      | unknown outcome: look up in 1 s
POST graphql           | connection_lost  | -                                                                              | -          | 2                      | unknown outcome: look up in 2 s
GET                    | timeout          | -                                                                              | -          | 3                      | transient: again in 4 s
GET                    | timeout          | -                                                                              | -          | 4                      | exhausted: transient
POST                   | timeout          | -                                                                              | -          | 4                      | exhausted: unknown outcome
GET                    | not_connected    | -                                                                              | -          | 7 of 10                | transient: again in 60 s
GET                    | timeout          | -                                                                              | -          | 2 after 599            | over budget: transient, free in 2 s
MERGE                  | timeout          | -                                                                              | -          | 1                      | unknown outcome: look up in 1 s
`,
  },
];
