import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { commandLinesWith } from '../../../../../../test/support/processes.ts';
import { gitHttp, type Door } from '../testing/git-http.ts';
import { draftOn, GitScene, publish } from '../testing/git-scene.ts';
import { git } from '../testing/real-git.ts';

const branch = 'holdfast/draft-1';
const basic = `Basic ${Buffer.from('bot:hush').toString('base64')}`;
const password: Door = (request, response) => {
  if (request.headers.authorization === basic) return 'pass';
  response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
  return 'answered';
};
const always =
  (status: number): Door =>
  (_request, response) => {
    response.writeHead(status).end();
    return 'answered';
  };
/** Of a push, the answer is lost after it has taken effect. */
const isPush = (url = ''): boolean => url.endsWith('/git-receive-pack');

describe('a draft on a git remote over HTTP', () => {
  let scene: GitScene;
  beforeAll(() => {
    scene = new GitScene();
    git(scene.remote, ['config', 'http.receivepack', 'true']);
    vi.stubEnv('TMPDIR', scene.temporary);
  });
  afterAll(() => {
    vi.unstubAllEnvs();
    scene[Symbol.dispose]();
  });
  const at = (url: string, user = ''): { remote: string } => ({ remote: `${url.replace('//', `//${user}`)}/shop.git` });

  test('is published, on its tip and on an older base', async () => {
    await using server = await gitHttp(scene.folder);
    const tip = await publish(scene.target(at(server.url)), draftOn(scene.tip, {}, { draftId: 'tip' }));
    const old = await publish(scene.target(at(server.url)), draftOn(scene.base, {}, { draftId: 'old' }));
    expect(scene.branches()).toMatchObject({ 'holdfast/tip': tip['headSha'], 'holdfast/old': old['headSha'] });
  });

  test('is published with the password of the address, which no process shows', async () => {
    const lines: Promise<readonly string[]>[] = [];
    await using server = await gitHttp(scene.folder, (request, response) => {
      lines.push(commandLinesWith('127.0.0.1'));
      return password(request, response);
    });
    const draft = draftOn(scene.tip, {}, { draftId: 'password' });
    expect(await publish(scene.target(at(server.url, 'bot:hush@')), draft)).toMatchObject({
      branch: 'holdfast/password',
    });
    const seen = (await Promise.all(lines)).flat();
    expect(seen.some((line) => line.includes('remote-http'))).toBe(true);
    // The user may be a token too, as in `https://TOKEN:x-oauth-basic@…`.
    expect(seen.filter((line) => /hush|bot/.test(line))).toEqual([]);
  });

  test.each<[what: string, door: Door, user: string, code: string]>([
    ['no password where one is wanted', password, '', 'unauthorized'],
    ['a wrong password', password, 'bot:nonsense@', 'unauthorized'],
    ['a refusal', always(403), 'bot:hush@', 'forbidden'],
    ['nothing there', always(404), 'bot:hush@', 'not_found'],
    ['a server that is not well', always(503), 'bot:hush@', 'unavailable'],
  ])('is not published for %s, and no password is told', async (_what, door, user, code) => {
    await using server = await gitHttp(scene.folder, door);
    const failed = publish(scene.target(at(server.url, user)), draftOn(scene.tip));
    await expect(failed).rejects.toMatchObject({ code });
    await failed.catch((error: Error) => {
      expect(error.message).toMatch(/^git could not read http:\/\/127\.0\.0\.1:\d+\/shop\.git \(.*\)\. /);
      expect(error.message).not.toMatch(/hush|nonsense|bot/);
    });
  });

  test('is not published while nobody listens, and may be later', async () => {
    const { url } = await gitHttp(scene.folder).then(async (server) => {
      await server[Symbol.asyncDispose]();
      return server;
    });
    await expect(publish(scene.target(at(url)), draftOn(scene.tip))).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('is published once when the answer to the push is lost', async () => {
    const { promise: taken, resolve } = Promise.withResolvers<void>();
    await using server = await gitHttp(scene.folder, (request, response) => {
      if (request.method !== 'POST' || !isPush(request.url)) return 'pass';
      // What git's own server answers goes nowhere.
      response.write = () => true;
      response.end = () => {
        response.destroy();
        resolve();
        return response;
      };
      return 'pass';
    });
    const draft = draftOn(scene.tip, {}, { draftId: 'lost' });
    const { headSha } = await publish(scene.target(at(server.url)), draft);
    await taken;
    expect(scene.branches()).toMatchObject({ 'holdfast/lost': headSha });
  });

  test('is tried again when its base was taken off the branch at the last moment, and then it is a conflict', async () => {
    using own = new GitScene();
    git(own.remote, ['config', 'http.receivepack', 'true']);
    await using server = await gitHttp(own.folder, ({ url = '' }) => {
      if (url.includes('service=git-receive-pack')) git(own.remote, ['update-ref', 'refs/heads/main', own.base]);
      return 'pass';
    });
    const target = own.target(at(server.url));
    await expect(publish(target, draftOn(own.tip))).rejects.toMatchObject({ code: 'unavailable' });
    await expect(publish(target, draftOn(own.tip))).rejects.toMatchObject({ code: 'conflict' });
    expect(own.branches()).toEqual({ main: own.base });
  });

  test('is let go when it is called off, with every process of it', async () => {
    const stop = new AbortController();
    await using server = await gitHttp(scene.folder, (request) => {
      if (!isPush(request.url)) return 'pass';
      stop.abort(new Error('called off'));
      // Never answered.
      return 'answered';
    });
    const remote = at(server.url).remote;
    await expect(publish(scene.target({ remote }), draftOn(scene.tip), { signal: stop.signal })).rejects.toThrow(
      'called off',
    );
    expect(await commandLinesWith(remote)).toEqual([]);
    expect(readdirSync(scene.temporary)).toEqual([]);
    expect(scene.branches()).not.toHaveProperty([branch]);
  });

  test('is given up when the remote does not answer in time, and may be tried again', async () => {
    await using server = await gitHttp(scene.folder, () => 'answered');
    const remote = at(server.url).remote;
    await expect(publish(scene.target({ remote, timeoutMs: 500 }), draftOn(scene.tip))).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringMatching(/was not done with http:\/\/127\.0\.0\.1:\d+\/shop\.git in 500 ms/),
    });
    expect(await commandLinesWith(remote)).toEqual([]);
  });
});
