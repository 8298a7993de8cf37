import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSession, sessionFile, writeSession } from './session-file.ts';

describe('the session file', () => {
  let storage = '';
  beforeEach(() => (storage = mkdtempSync(join(tmpdir(), 'holdfast-storage-'))));
  afterEach(() => rmSync(storage, { recursive: true }));

  it('gives back what was written, for this session and agent only, and is for its owner only', () => {
    const path = sessionFile(storage, 'claude', 'one/../two');
    writeSession(path, { sessionId: 'a', costMicros: 5 });
    writeSession(path, { sessionId: 'b' });
    expect(readSession(path)).toEqual({ sessionId: 'b' });
    expect(readSession(sessionFile(storage, 'demo', 'one/../two'))).toBeUndefined();
    expect(statSync(path).mode & 0o077).toBe(0);
  });

  it.each(['', '{', '[]', 'null', '{"sessionId":5}'])('counts as absent when it is damaged: %j', (text) => {
    const path = join(storage, 'damaged.json');
    writeFileSync(path, text);
    expect(readSession(path)).toBeUndefined();
  });

  it('keeps nothing when there is no place for it', () => {
    writeSession(undefined, { sessionId: 'a' });
    expect(readSession(undefined)).toBeUndefined();
  });
});
