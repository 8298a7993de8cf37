import { z } from 'zod';
import type { Entry } from '../../conversations/entry-store.ts';
import { resources, type Resource } from '../retry/resource.ts';
import type { Standing } from '../tokens/token-state.ts';
import { freshBudget, type BudgetState } from './budget.ts';

/** What gateways share of an account: its budget, how its token stands, and who it is. */
export type SharedAccountState = {
  readonly budget: BudgetState;
  readonly standing: Standing | undefined;
  /** The user that the token acts as, once one of them has asked. */
  readonly user: string | undefined;
  /** Until when one of them is asking. */
  readonly askingUntilMs: number;
};

const freshAccount: SharedAccountState = {
  budget: freshBudget,
  standing: undefined,
  user: undefined,
  askingUntilMs: 0,
};

/** After a window of an hour nothing of it counts any more. */
const keptMs = 2 * 3_600_000;

/** The entry that holds it. */
export function entryOf(state: SharedAccountState, atMs: number): Entry {
  return { body: JSON.stringify({ v: 1, ...state }), list: null, expiresAt: atMs + keptMs };
}

/** What an entry holds; nothing known when it is not there, or when another version wrote it, which costs a limit at most. */
export function readSharedAccount(entry: Entry | undefined): SharedAccountState {
  if (!entry) return freshAccount;
  const parsed = account.safeParse(readJson(entry.body));
  if (!parsed.success) return freshAccount;
  const { budget, standing, user, askingUntilMs } = parsed.data;
  return { budget, standing, user, askingUntilMs };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const window = z.object({ spent: z.number(), slices: z.array(z.tuple([z.number(), z.number()])) });
const perResource = z.object(
  Object.fromEntries(resources.map((resource) => [resource, z.number()])) as Record<Resource, z.ZodNumber>,
);
const quota = z.union([
  z.object({
    kind: z.literal('known'),
    limit: z.number(),
    used: z.number(),
    resetAtMs: z.number(),
    resetS: z.number(),
  }),
  z.object({ kind: z.literal('none') }),
]);
const flying = z.object({
  requests: z.number(),
  rest: z.number(),
  graphql: z.number(),
  content: z.number(),
  of: perResource,
});
const account = z.object({
  v: z.literal(1),
  budget: z.object({
    atMs: z.number(),
    rest: window,
    graphql: window,
    contentOfMinute: window,
    contentOfHour: window,
    contentAtMs: z.number(),
    quotas: z.partialRecord(z.enum(resources), quota),
    members: z.record(z.string(), z.object({ seenAtMs: z.number(), flying, waiting: z.number().default(0) })),
  }),
  standing: z
    .object({
      failures: z.number(),
      failedAtMs: z.number(),
      quarantinedUntilMs: z.number(),
      cooling: z.object({
        untilMs: perResource,
        allUntilMs: z.number(),
        secondaryLimits: z.number(),
        answersSince: z
          .number()
          .optional()
          .transform((count): number | undefined => count),
      }),
    })
    .optional()
    .transform((standing): Standing | undefined => standing),
  user: z
    .string()
    .optional()
    .transform((user): string | undefined => user),
  askingUntilMs: z.number(),
});
