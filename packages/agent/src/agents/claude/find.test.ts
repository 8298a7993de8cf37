import { describe, expect, it } from 'vitest';
import { findClaude } from './find.ts';

const asking = (status: string | undefined) => async (_command: string, args: readonly string[]) =>
  args[0] === '--version' ? '2.1.330 (Claude Code)\n' : status;

describe('findClaude', () => {
  it('names the version and whether it is signed in', async () => {
    expect(await findClaude(asking('{"loggedIn":true}'))).toEqual({
      name: 'claude',
      found: true,
      version: '2.1.330',
      signedIn: true,
    });
  });

  it('says how to sign in', async () => {
    expect(await findClaude(asking('{"loggedIn":false}'))).toMatchObject({
      signedIn: false,
      hint: expect.stringContaining('ANTHROPIC_API_KEY') as string,
    });
  });

  it.each([undefined, '', 'unknown command', '[]'])('leaves open what it cannot know: %j', async (status) => {
    expect(await findClaude(asking(status))).toEqual({ name: 'claude', found: true, version: '2.1.330' });
  });

  it('says how to install it when it is not there', async () => {
    const found = await findClaude(async () => undefined);
    expect(found).toMatchObject({ found: false, hint: expect.stringContaining('npm install') as string });
  });
});
