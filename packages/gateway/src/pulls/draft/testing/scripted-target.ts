import type { ConversationId, ProjectId, UserId } from '@holdfast/protocol';
import type { Draft } from '../draft.ts';
import type { Published } from '../draft-end.ts';
import type { DraftPolicy } from '../policy/policy.ts';
import type { DraftTarget, Step, StepOptions, StepResult } from '../target.ts';

export const policy: DraftPolicy = {
  base: null,
  branchPrefix: 'holdfast/',
  protectedPaths: [],
  maxFiles: 100,
  maxBytes: 1_000_000,
  labels: [],
  author: { name: 'Holdfast', email: 'holdfast@example.com' },
};

export function draftOf(content = 'hello\n', draftId = 'd-1'): Draft {
  return {
    draftId,
    conversationId: 'conversation-1' as ConversationId,
    projectId: 'shop' as ProjectId,
    userId: 'ada' as UserId,
    title: 'Hello',
    body: '',
    changeSet: {
      baseSha: 'b'.repeat(40),
      files: [{ path: 'hello.txt', mode: '100644', content, encoding: 'utf-8' }],
      deletions: [],
    },
    checks: null,
    createdAt: 1_767_323_045_678,
  };
}

const results: Readonly<Record<string, StepResult>> = {
  base: { baseSha: 'b' },
  blobs: {},
  tree: { treeSha: 't' },
  commit: { headSha: 'h' },
  branch: { branch: 'holdfast/d-1' },
  pull: { url: 'https://github.test/pull/7', number: 7 },
};

/** Its steps, and what they come to in the end. */
export const all: readonly string[] = Object.keys(results);
export const published: Published = {
  kind: 'published',
  url: 'https://github.test/pull/7',
  number: 7,
  headSha: 'h',
  treeSha: 't',
  branch: 'holdfast/d-1',
};

/** A place for drafts that counts what is done to it, and does before each step what a test wants. */
export class ScriptedTarget implements DraftTarget {
  /** By draft and step: how often it took effect. */
  readonly effects = new Map<string, number>();
  readonly published: Draft[] = [];
  readonly policies: DraftPolicy[] = [];
  /** Called before and after each effect. */
  around: (step: string, when: 'before' | 'after', options: StepOptions) => Promise<void> = async () => undefined;

  stepsOf(draft: Draft, under: DraftPolicy): readonly Step[] {
    this.policies.push(under);
    return all.map((name) => {
      const isVisible = name === 'branch' || name === 'pull';
      const key = `${draft.draftId} ${name}`;
      return {
        name,
        isVisible,
        find: async () => (this.effects.has(key) ? (results[name] ?? {}) : undefined),
        send: async (_done, options) => {
          await this.around(name, 'before', options);
          this.effects.set(key, (this.effects.get(key) ?? 0) + 1);
          if (name === 'pull') this.published.push(draft);
          await this.around(name, 'after', options);
          return results[name] ?? {};
        },
      };
    });
  }

  /** What took effect for a draft, each step as often as it did. */
  done(draftId = 'd-1'): readonly string[] {
    return all.flatMap((name) => Array.from({ length: this.effects.get(`${draftId} ${name}`) ?? 0 }, () => name));
  }
}
