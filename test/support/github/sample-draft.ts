import type { ChangeSet, CheckResult, CheckRun, ConversationId, ProjectId, UserId } from '@holdfast/protocol';
import type { Draft } from '../../../packages/gateway/src/pulls/draft/draft.ts';
import type { DraftPolicy } from '../../../packages/gateway/src/pulls/draft/policy/policy.ts';

export const samplePolicy: DraftPolicy = {
  base: 'main',
  branchPrefix: 'holdfast/',
  protectedPaths: [],
  maxFiles: 100,
  maxBytes: 1_000_000,
  labels: ['holdfast', 'needs review'],
  author: { name: 'Holdfast', email: 'holdfast@example.com' },
};

/** One of each kind of change that there is, to the checkout that `Checkout.create` makes; another for each number. */
export function sampleChange(baseSha: string, number: number): ChangeSet {
  return {
    baseSha,
    files: [
      { path: 'src/price.ts', mode: '100644', content: `export const price = ${number};\n`, encoding: 'utf-8' },
      { path: 'src/grüße/ü ber.md', mode: '100644', content: `Grüße ${number} 🙂\n`, encoding: 'utf-8' },
      { path: 'src.txt', mode: '100644', content: 'sorts between src-gen and src in git alone\n', encoding: 'utf-8' },
      { path: 'bin/stop', mode: '100755', content: '#!/bin/sh\nexit 1\n', encoding: 'utf-8' },
      { path: 'bin/start', mode: '100644', content: '#!/bin/sh\nexit 0\n', encoding: 'utf-8' },
      { path: 'current', mode: '120000', content: 'bin/stop', encoding: 'utf-8' },
      {
        path: 'logo.bin',
        mode: '100644',
        content: Buffer.from([0, 255, 254, number % 256]).toString('base64'),
        encoding: 'base64',
      },
      { path: 'empty', mode: '100644', content: '', encoding: 'utf-8' },
    ],
    deletions: ['src/deep/er/old.ts'],
  };
}

/** A draft of {@link sampleChange}; no id of one is the beginning of that of another. */
export function sampleDraft(number: number, baseSha: string, projectId = 'shop'): Draft {
  return {
    draftId: `d-${String(number).padStart(5, '0')}`,
    conversationId: `conversation-${number}` as ConversationId,
    projectId: projectId as ProjectId,
    userId: 'ada' as UserId,
    title: `Price ${number}`,
    body: 'The price is right.\n\n- one\n- two',
    changeSet: sampleChange(baseSha, number),
    checks: sampleChecks,
    createdAt: Date.UTC(2026, 0, 2, 3, 4, 5, 678) + number * 1000,
  };
}

const ran: CheckResult = {
  passed: true,
  verdict: 'passed',
  command: 'npm test',
  output: 'ok\n',
  returnCode: 0,
  durationMs: 1234,
  mode: 'real',
  simulated: false,
  source: null,
  problems: [],
};

export const sampleChecks: CheckRun = {
  allPassed: false,
  lint: {
    ...ran,
    command: 'npm run lint',
    passed: false,
    verdict: 'failed',
    returnCode: 1,
    errors: 1,
    warnings: 1,
    problems: [
      { file: 'src/price.ts', line: 1, column: 14, severity: 'error', message: 'price is not used', rule: 'no-unused' },
      { file: 'src/price.ts', line: 1, column: null, severity: 'warning', message: 'no comment' },
    ],
  },
  tests: { ...ran, total: 3, passedCount: 3, failed: 0, skipped: 0 },
  build: null,
  gates: [],
  message: 'Checks: lint failed, tests passed.',
};
