import type { Chapter } from './decision-table.ts';

/** Primary and secondary limits, REST and GraphQL. */
export const rowsOfLimits: readonly Chapter[] = [
  {
    section: 'Rate limits for the REST API: Exceeding the rate limit (primary)',
    url: 'https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit',
    rows: `
GET                    | 403              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300                              | primary    | 1                      | limited primary core: again in 300 s
GET                    | 429              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300                              | primary    | 1                      | limited primary core: again in 300 s
HEAD                   | 403              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300                              | primary    | 1                      | limited primary core: again in 300 s
HEAD                   | 429              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300                              | primary    | 1                      | limited primary core: again in 300 s
POST                   | 403              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300                              | primary    | 1                      | limited primary core: again in 300 s
POST                   | 429              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300                              | primary    | 1                      | limited primary core: again in 300 s
PATCH                  | 403              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300                              | primary    | 1                      | limited primary core: again in 300 s
PATCH                  | 429              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300                              | primary    | 1                      | limited primary core: again in 300 s
PUT                    | 403              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300                              | primary    | 1                      | limited primary core: again in 300 s
PUT                    | 429              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300                              | primary    | 1                      | limited primary core: again in 300 s
DELETE                 | 403              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300                              | primary    | 1                      | limited primary core: again in 300 s
DELETE                 | 429              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300                              | primary    | 1                      | limited primary core: again in 300 s
GET                    | 403              | x-ratelimit-remaining: 0; x-ratelimit-reset: @1                                | primary    | 1                      | limited primary core: again in 1 s
GET                    | 403              | x-ratelimit-remaining: 0; x-ratelimit-reset: @599                              | primary    | 1                      | limited primary core: again in 599 s
GET                    | 403              | x-ratelimit-remaining: 0; x-ratelimit-reset: @600                              | primary    | 1                      | over budget: limited primary core, free in 600 s
GET                    | 429              | x-ratelimit-remaining: 0; x-ratelimit-reset: @3600                             | primary    | 1                      | over budget: limited primary core, free in 3600 s
POST                   | 403              | x-ratelimit-remaining: 0; x-ratelimit-reset: @3600                             | primary    | 1                      | over budget: limited primary core, free in 3600 s
GET                    | 403              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300                              | primary    | 2                      | limited primary core: again in 300 s
GET                    | 403              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300                              | primary    | 3                      | limited primary core: again in 300 s
GET                    | 403              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300                              | primary    | 4                      | exhausted: limited primary core
GET                    | 403              | x-ratelimit-remaining: 0; x-ratelimit-reset: @3600                             | primary    | 4                      | exhausted: limited primary core
GET                    | 403              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300                              | primary    | 1 after 299            | limited primary core: again in 300 s
GET                    | 403              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300                              | primary    | 1 after 300            | over budget: limited primary core, free in 300 s
GET                    | 403              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300                              | primary    | 1 after 590            | over budget: limited primary core, free in 300 s
GET                    | 403              | x-ratelimit-remaining: 0; x-ratelimit-reset: @0                                | primary    | 1                      | limited primary core: again in 1 s
GET                    | 403              | x-ratelimit-remaining: 0; x-ratelimit-reset: @-5                               | primary    | 2                      | limited primary core: again in 2 s
GET                    | 403              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300                              | -          | 1                      | limited primary core: again in 300 s
GET                    | 403              | x-ratelimit-remaining: 0                                                       | primary    | 1                      | limited primary core: again in 60 s
GET                    | 403              | x-ratelimit-remaining: 0; x-ratelimit-reset: soon                              | primary    | 1                      | limited primary core: again in 60 s
GET                    | 403              | x-ratelimit-remaining: 0; x-ratelimit-reset: -1                                | primary    | 1                      | limited primary core: again in 60 s
GET                    | 403              | -                                                                              | primary    | 1                      | limited primary core: again in 60 s
GET                    | 403              | -                                                                              | page-primary | 1                      | limited primary core: again in 60 s
GET                    | 403              | x-ratelimit-remaining: 4999; x-ratelimit-reset: @300                           | -          | 1                      | final: refused
GET                    | 403              | x-ratelimit-remaining: 1; x-ratelimit-reset: @300                              | -          | 1                      | final: refused
GET                    | 403              | x-ratelimit-remaining: 00; x-ratelimit-reset: @300                             | -          | 1                      | limited primary core: again in 300 s
GET                    | 403              | x-ratelimit-remaining: ; x-ratelimit-reset: @300                               | -          | 1                      | final: refused
GET                    | 403              | x-ratelimit-remaining: none; x-ratelimit-reset: @300                           | -          | 1                      | final: refused
GET                    | 429              | x-ratelimit-remaining: 7; x-ratelimit-reset: @300                              | -          | 1                      | limited secondary core: again in 60 s
GET                    | 403              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300; date: @0                    | primary    | 1 clock +120           | limited primary core: again in 300 s
GET                    | 403              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300; date: @0                    | primary    | 1 clock -120           | limited primary core: again in 300 s
GET                    | 403              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300; date: @0                    | primary    | 1 clock +7200          | limited primary core: again in 300 s
GET                    | 403              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300                              | primary    | 1 clock +120           | limited primary core: again in 180 s
GET                    | 403              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300; date: @-90; age: 90         | primary    | 1                      | limited primary core: again in 300 s
GET                    | 403              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300; date: yesterday             | primary    | 1                      | limited primary core: again in 300 s
GET                    | 403              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300; date: @10                   | primary    | 1                      | limited primary core: again in 290 s
`,
  },
  {
    section: 'Rate limits for the REST API: Exceeding the rate limit (secondary)',
    url: 'https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit',
    rows: `
GET                    | 403              | retry-after: 90                                                                | secondary  | 1                      | limited secondary core: again in 90 s
GET                    | 429              | retry-after: 90                                                                | secondary  | 1                      | limited secondary core: again in 90 s
HEAD                   | 403              | retry-after: 90                                                                | secondary  | 1                      | limited secondary core: again in 90 s
HEAD                   | 429              | retry-after: 90                                                                | secondary  | 1                      | limited secondary core: again in 90 s
POST                   | 403              | retry-after: 90                                                                | secondary  | 1                      | limited secondary core: again in 90 s
POST                   | 429              | retry-after: 90                                                                | secondary  | 1                      | limited secondary core: again in 90 s
PATCH                  | 403              | retry-after: 90                                                                | secondary  | 1                      | limited secondary core: again in 90 s
PATCH                  | 429              | retry-after: 90                                                                | secondary  | 1                      | limited secondary core: again in 90 s
PUT                    | 403              | retry-after: 90                                                                | secondary  | 1                      | limited secondary core: again in 90 s
PUT                    | 429              | retry-after: 90                                                                | secondary  | 1                      | limited secondary core: again in 90 s
DELETE                 | 403              | retry-after: 90                                                                | secondary  | 1                      | limited secondary core: again in 90 s
DELETE                 | 429              | retry-after: 90                                                                | secondary  | 1                      | limited secondary core: again in 90 s
POST                   | 403              | x-ratelimit-remaining: 4990; x-ratelimit-reset: @3000                          | secondary  | 1 secondary 1          | limited secondary core: again in 60 s
POST                   | 403              | x-ratelimit-remaining: 4990; x-ratelimit-reset: @3000                          | secondary  | 2 secondary 2          | limited secondary core: again in 120 s
POST                   | 403              | x-ratelimit-remaining: 4990; x-ratelimit-reset: @3000                          | secondary  | 3 secondary 3          | limited secondary core: again in 240 s
POST                   | 429              | x-ratelimit-remaining: 4990; x-ratelimit-reset: @3000                          | secondary  | 1 secondary 1          | limited secondary core: again in 60 s
POST                   | 429              | x-ratelimit-remaining: 4990; x-ratelimit-reset: @3000                          | secondary  | 2 secondary 2          | limited secondary core: again in 120 s
POST                   | 429              | x-ratelimit-remaining: 4990; x-ratelimit-reset: @3000                          | secondary  | 3 secondary 3          | limited secondary core: again in 240 s
GET                    | 403              | -                                                                              | secondary  | 1                      | limited secondary core: again in 60 s
GET                    | 403              | -                                                                              | secondary-link | 1                      | limited secondary core: again in 60 s
GET                    | 403              | -                                                                              | secondary-old-link | 1                      | limited secondary core: again in 60 s
GET                    | 403              | -                                                                              | content    | 1                      | limited secondary core: again in 60 s
GET                    | 403              | -                                                                              | abuse      | 1                      | limited secondary core: again in 60 s
GET                    | 403              | -                                                                              | abuse-link | 1                      | limited secondary core: again in 60 s
GET                    | 403              | -                                                                              | page       | 1                      | limited secondary core: again in 60 s
GET                    | 429              | -                                                                              | page       | 1                      | limited secondary core: again in 60 s
GET                    | 429              | -                                                                              | -          | 1                      | limited secondary core: again in 60 s
POST                   | 429              | -                                                                              | -          | 1                      | limited secondary core: again in 60 s
GET                    | 429              | -                                                                              | -          | 2 secondary 2          | limited secondary core: again in 120 s
GET                    | 403              | -                                                                              | secondary  | 3 secondary 1          | limited secondary core: again in 60 s
GET                    | 403              | -                                                                              | secondary  | 4 secondary 4          | exhausted: limited secondary core
GET                    | 403              | -                                                                              | secondary  | 4 of 10 secondary 4    | limited secondary core: again in 480 s
GET                    | 403              | -                                                                              | secondary  | 5 of 10 secondary 5    | over budget: limited secondary core, free in 960 s
GET                    | 403              | -                                                                              | secondary  | 9 of 10 secondary 9    | over budget: limited secondary core, free in 3600 s
GET                    | 403              | -                                                                              | secondary  | 1 after 539            | limited secondary core: again in 60 s
GET                    | 403              | -                                                                              | secondary  | 1 after 540            | over budget: limited secondary core, free in 60 s
GET                    | 403              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300                              | secondary  | 1                      | limited secondary core: again in 300 s
GET                    | 429              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300                              | secondary  | 1                      | limited secondary core: again in 300 s
GET                    | 403              | x-ratelimit-remaining: 0; x-ratelimit-reset: @1200                             | secondary  | 1                      | over budget: limited secondary core, free in 1200 s
GET search             | 403              | x-ratelimit-resource: search                                                   | secondary  | 1                      | limited secondary search: again in 60 s
GET                    | 401              | -                                                                              | secondary  | 1                      | final: unauthorized
GET                    | 422              | -                                                                              | secondary  | 1                      | final: refused
GET                    | 500              | -                                                                              | secondary  | 1                      | transient: again in 1 s
`,
  },
  {
    section: 'Best practices for using the REST API: Handle rate limit errors appropriately',
    url: 'https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#handle-rate-limit-errors-appropriately',
    rows: `
GET                    | 403              | retry-after: 90; x-ratelimit-remaining: 0; x-ratelimit-reset: @300             | primary    | 1                      | limited primary core: again in 90 s
GET                    | 429              | retry-after: 90; x-ratelimit-remaining: 0; x-ratelimit-reset: @300             | secondary  | 1                      | limited secondary core: again in 90 s
GET                    | 403              | retry-after: 400; x-ratelimit-remaining: 0; x-ratelimit-reset: @300            | primary    | 1                      | limited primary core: again in 400 s
GET                    | 403              | retry-after: 30                                                                | secondary  | 1                      | limited secondary core: again in 30 s
GET                    | 403              | retry-after: 30                                                                | secondary  | 3 secondary 3          | limited secondary core: again in 30 s
GET                    | 403              | retry-after: 30                                                                | -          | 1                      | limited secondary core: again in 30 s
GET                    | 429              | retry-after: 30                                                                | -          | 1                      | limited secondary core: again in 30 s
GET                    | 403              | retry-after: 0                                                                 | secondary  | 1                      | limited secondary core: again in 1 s
GET                    | 403              | retry-after: 0                                                                 | secondary  | 2 secondary 2          | limited secondary core: again in 2 s
GET                    | 403              | retry-after: 599                                                               | secondary  | 1                      | limited secondary core: again in 599 s
GET                    | 403              | retry-after: 600                                                               | secondary  | 1                      | over budget: limited secondary core, free in 600 s
GET                    | 403              | retry-after: 600                                                               | secondary  | 1 of 0                 | exhausted: limited secondary core
GET                    | 403              | retry-after: 100                                                               | secondary  | 2 after 499            | limited secondary core: again in 100 s
GET                    | 403              | retry-after: 100                                                               | secondary  | 2 after 500            | over budget: limited secondary core, free in 100 s
GET                    | 403              | retry-after: @90                                                               | secondary  | 1                      | limited secondary core: again in 90 s
GET                    | 403              | retry-after: @90; date: @0                                                     | secondary  | 1 clock +60            | limited secondary core: again in 90 s
GET                    | 403              | retry-after: @90; date: @0                                                     | secondary  | 1 clock -60            | limited secondary core: again in 90 s
GET                    | 403              | retry-after: @-90                                                              | secondary  | 1                      | limited secondary core: again in 1 s
GET                    | 403              | retry-after: 90, 90                                                            | secondary  | 1                      | limited secondary core: again in 90 s
GET                    | 403              | retry-after: 90, 80                                                            | secondary  | 1                      | limited secondary core: again in 60 s
GET                    | 403              | x-ratelimit-remaining: 0, 0                                                    | -          | 1                      | limited primary core: again in 60 s
GET                    | 403              | retry-after: 90; date: @0                                                      | secondary  | 1 clock +60            | limited secondary core: again in 90 s
GET                    | 403              | retry-after: soon; x-ratelimit-remaining: 0; x-ratelimit-reset: @300           | primary    | 1                      | limited primary core: again in 300 s
GET                    | 403              | retry-after: -5; x-ratelimit-remaining: 0; x-ratelimit-reset: @300             | primary    | 1                      | limited primary core: again in 300 s
GET                    | 403              | retry-after: 1.5; x-ratelimit-remaining: 0; x-ratelimit-reset: @300            | primary    | 1                      | limited primary core: again in 300 s
GET                    | 403              | retry-after: ; x-ratelimit-remaining: 0; x-ratelimit-reset: @300               | primary    | 1                      | limited primary core: again in 300 s
GET                    | 403              | retry-after: soon                                                              | secondary  | 1                      | limited secondary core: again in 60 s
GET                    | 403              | retry-after: soon                                                              | -          | 1                      | final: refused
GET                    | 429              | retry-after: soon                                                              | -          | 1                      | limited secondary core: again in 60 s
GET                    | 403              | retry-after: 99999999999                                                       | secondary  | 1                      | over budget: limited secondary core, free in 99999999999 s
GET                    | 404              | retry-after: 30                                                                | -          | 1                      | final: refused
GET                    | 200              | retry-after: 30                                                                | -          | 1                      | done
GET                    | 301              | retry-after: 30                                                                | -          | 1                      | done
`,
  },
  {
    section: 'Rate limits for the REST API: Checking the status of your rate limit',
    url: 'https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#checking-the-status-of-your-rate-limit',
    rows: `
GET                    | 200              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300                              | -          | 1                      | done
GET                    | 304              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300                              | -          | 1                      | done
POST                   | 201              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300                              | -          | 1                      | done
GET                    | 404              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300                              | -          | 1                      | final: refused
POST                   | 422              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300                              | -          | 1                      | final: refused
GET                    | 401              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300                              | -          | 1                      | final: unauthorized
GET                    | 500              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300                              | -          | 1                      | transient: again in 1 s
GET search             | 403              | x-ratelimit-remaining: 0; x-ratelimit-reset: @40; x-ratelimit-resource: search | primary    | 1                      | limited primary search: again in 40 s
GET search             | 403              | x-ratelimit-remaining: 0; x-ratelimit-reset: @40                               | primary    | 1                      | limited primary search: again in 40 s
GET code_search        | 403              | x-ratelimit-remaining: 0; x-ratelimit-reset: @50; x-ratelimit-resource: code_search | primary    | 1                      | limited primary code_search: again in 50 s
GET core               | 403              | x-ratelimit-remaining: 0; x-ratelimit-reset: @50; x-ratelimit-resource: search | primary    | 1                      | limited primary search: again in 50 s
GET core               | 403              | x-ratelimit-remaining: 0; x-ratelimit-reset: @50; x-ratelimit-resource: integration_manifest | primary    | 1                      | limited primary core: again in 50 s
GET                    | 403              | x-ratelimit-remaining: 0; x-ratelimit-reset: @50; x-ratelimit-resource: core   | primary    | 1                      | limited primary core: again in 50 s
`,
  },
  {
    section: 'Rate limits and query limits for the GraphQL API: Exceeding the rate limit',
    url: 'https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api#exceeding-the-rate-limit',
    rows: `
POST graphql query     | 200              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300; x-ratelimit-resource: graphql | gql-primary | 1                      | limited primary graphql: again in 300 s
POST graphql           | 200              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300; x-ratelimit-resource: graphql | gql-primary | 1                      | limited primary graphql: again in 300 s
POST graphql           | 200              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300                              | gql-type   | 1                      | limited primary graphql: again in 300 s
POST graphql           | 200              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300                              | gql-already | 1                      | limited primary graphql: again in 300 s
POST graphql           | 200              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300                              | gql-new-type | 1                      | limited primary graphql: again in 300 s
POST graphql           | 200              | x-ratelimit-remaining: 0; x-ratelimit-reset: @3600                             | gql-primary | 1                      | over budget: limited primary graphql, free in 3600 s
POST graphql           | 200              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300                              | gql-primary | 4                      | exhausted: limited primary graphql
POST graphql           | 200              | -                                                                              | gql-primary | 1                      | limited primary graphql: again in 60 s
POST graphql           | 200              | retry-after: 90                                                                | gql-secondary | 1                      | limited secondary graphql: again in 90 s
POST graphql           | 200              | -                                                                              | gql-secondary | 1                      | limited secondary graphql: again in 60 s
POST graphql           | 200              | -                                                                              | gql-secondary | 2 secondary 2          | limited secondary graphql: again in 120 s
POST graphql           | 200              | x-ratelimit-remaining: 0; x-ratelimit-reset: @120                              | gql-secondary | 1                      | limited secondary graphql: again in 120 s
POST graphql           | 200              | retry-after: 30; x-ratelimit-remaining: 0; x-ratelimit-reset: @120             | gql-secondary | 1                      | limited secondary graphql: again in 30 s
POST graphql           | 403              | retry-after: 90                                                                | secondary  | 1                      | limited secondary graphql: again in 90 s
POST graphql           | 403              | -                                                                              | secondary  | 1                      | limited secondary graphql: again in 60 s
POST graphql query     | 403              | -                                                                              | secondary  | 3 secondary 3          | limited secondary graphql: again in 240 s
POST graphql           | 403              | x-ratelimit-remaining: 0; x-ratelimit-reset: @120                              | secondary  | 1                      | limited secondary graphql: again in 120 s
POST graphql           | 200              | -                                                                              | gql-data   | 1                      | done
POST graphql           | 200              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300                              | gql-data   | 1                      | done
POST graphql           | 200              | -                                                                              | gql-not-found | 1                      | final: refused
POST graphql           | 200              | x-ratelimit-remaining: 0; x-ratelimit-reset: @300                              | gql-not-found | 1                      | final: refused
POST graphql           | 200              | retry-after: 30                                                                | gql-not-found | 1                      | final: refused
POST                   | 200              | -                                                                              | gql-primary | 1                      | done
POST graphql query     | 502              | -                                                                              | gql-primary | 1                      | transient: again in 1 s
POST graphql           | 404              | -                                                                              | gql-primary | 1                      | final: refused
POST graphql           | 401              | -                                                                              | -          | 1                      | final: unauthorized
`,
  },
  {
    section: 'Rate limits and query limits for the GraphQL API: Primary rate limit',
    url: 'https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api#primary-rate-limit',
    rows: `
POST graphql query     | 200              | x-ratelimit-remaining: 4; x-ratelimit-reset: @300; x-ratelimit-resource: graphql | gql-too-costly | 1                      | limited primary graphql: again in 300 s
POST graphql           | 200              | x-ratelimit-remaining: 4; x-ratelimit-reset: @300; x-ratelimit-resource: graphql | gql-too-costly | 1                      | limited primary graphql: again in 300 s
POST graphql           | 200              | x-ratelimit-remaining: 4; x-ratelimit-reset: @3600                             | gql-too-costly | 1                      | over budget: limited primary graphql, free in 3600 s
POST graphql           | 200              | x-ratelimit-remaining: 4; x-ratelimit-reset: @300                              | gql-primary | 1                      | limited primary graphql: again in 300 s
POST graphql           | 200              | x-ratelimit-remaining: 4; x-ratelimit-reset: @300                              | gql-already | 1                      | limited primary graphql: again in 300 s
POST graphql           | 200              | x-ratelimit-remaining: 4; x-ratelimit-reset: @300                              | gql-new-type | 4                      | exhausted: limited primary graphql
POST graphql           | 200              | x-ratelimit-reset: @300                                                        | gql-type   | 1                      | limited primary graphql: again in 300 s
POST graphql           | 200              | x-ratelimit-remaining: 4; x-ratelimit-reset: @300; date: @0                    | gql-type   | 1 clock +120           | limited primary graphql: again in 300 s
POST graphql           | 200              | x-ratelimit-remaining: 4; x-ratelimit-reset: @-30                              | gql-type   | 1                      | limited primary graphql: again in 1 s
POST graphql           | 200              | x-ratelimit-remaining: 4                                                       | gql-type   | 1                      | limited primary graphql: again in 60 s
POST graphql           | 200              | x-ratelimit-remaining: 4; x-ratelimit-reset: soon                              | gql-type   | 1                      | limited primary graphql: again in 60 s
POST graphql           | 200              | retry-after: 30; x-ratelimit-remaining: 4; x-ratelimit-reset: @300             | gql-type   | 1                      | limited primary graphql: again in 30 s
`,
  },
  {
    section: 'Rate limits and query limits for the GraphQL API: Secondary rate limits',
    url: 'https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api#secondary-rate-limits',
    rows: `
POST graphql           | 200              | x-ratelimit-remaining: 4000; x-ratelimit-reset: @300                           | gql-secondary | 1                      | limited secondary graphql: again in 60 s
POST graphql           | 200              | x-ratelimit-remaining: 4000; x-ratelimit-reset: @300                           | gql-secondary | 3 secondary 3          | limited secondary graphql: again in 240 s
POST graphql           | 200              | x-ratelimit-remaining: 4000; x-ratelimit-reset: @300                           | gql-secondary-type | 1                      | limited secondary graphql: again in 60 s
POST graphql           | 403              | x-ratelimit-remaining: 4000; x-ratelimit-reset: @300                           | secondary  | 1                      | limited secondary graphql: again in 60 s
POST graphql           | 200              | x-ratelimit-remaining: 4; x-ratelimit-reset: @300                              | gql-not-found | 1                      | final: refused
POST graphql           | 200              | x-ratelimit-remaining: 4; x-ratelimit-reset: @300                              | gql-data   | 1                      | done
`,
  },
  {
    section: 'Rate limits and query limits for the GraphQL API: Timeouts',
    url: 'https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api#timeouts',
    rows: `
POST graphql query     | 502              | -                                                                              | timeout    | 1                      | transient: again in 1 s
POST graphql query     | 502              | -                                                                              | timeout    | 2                      | transient: again in 2 s
POST graphql           | 502              | -                                                                              | timeout    | 1                      | unknown outcome: look up in 1 s
POST graphql           | 502              | -                                                                              | timeout    | 3                      | unknown outcome: look up in 4 s
POST graphql           | 502              | -                                                                              | timeout    | 4                      | exhausted: unknown outcome
POST graphql query     | 504              | -                                                                              | timeout    | 1                      | transient: again in 1 s
POST graphql query     | 504              | -                                                                              | timeout    | 2                      | transient: again in 2 s
POST graphql           | 504              | -                                                                              | timeout    | 1                      | unknown outcome: look up in 1 s
POST graphql           | 504              | -                                                                              | timeout    | 3                      | unknown outcome: look up in 4 s
POST graphql           | 504              | -                                                                              | timeout    | 4                      | exhausted: unknown outcome
`,
  },
];
