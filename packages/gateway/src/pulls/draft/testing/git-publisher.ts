import type { Draft } from '../draft.ts';
import { Secret } from '../../../lib/secret.ts';
import { GitTarget } from '../target.git.ts';
import type { StepResult } from '../target.ts';
import { samplePolicy } from './sample-draft.ts';

/*
 * Another process that publishes a draft: `node git-publisher.ts REMOTE DRAFT`, the draft as JSON. Says the name of each step that is done on a
 * line of its own, and ends with the steps.
 */
const [remote = '', draft = ''] = process.argv.slice(2);
await publishHere(remote, readDraft(draft));

async function publishHere(address: string, wanted: Draft): Promise<void> {
  const target = new GitTarget({ remote: new Secret(address), env: { PATH: process.env['PATH'] } });
  const done: Record<string, StepResult> = {};
  for (const step of target.stepsOf(wanted, samplePolicy)) {
    done[step.name] = await step.send(done, { signal: new AbortController().signal });
    process.stdout.write(`${step.name}\n`);
  }
}

function readDraft(text: string): Draft {
  return JSON.parse(text) as Draft;
}
