import { expect, test } from 'vitest';

import { completeSlash, parseAnswer, parseSlashCommand } from './slash-command.ts';

test.each([
  ['/help', { kind: 'help' }],
  [' /quit ', { kind: 'quit' }],
  ['/exit', { kind: 'quit' }],
  ['/model claude-sonnet 5', { kind: 'model', model: 'claude-sonnet 5' }],
  ['/mode ACCEPTEDITS', { kind: 'mode', mode: 'acceptEdits' }],
  ['/mode root', { kind: 'wrong' }],
  ['/model', { kind: 'wrong' }],
  ['/dance', { kind: 'wrong' }],
])('%j is a command', (line, command) => {
  expect(parseSlashCommand(line)).toMatchObject(command);
});

test.each(['/etc/hosts is odd', '//help', 'see /help', '/', 'y'])('%j is none', (line) => {
  expect(parseSlashCommand(line)).toBeUndefined();
});

test.each([
  ['y', { approved: true }],
  ['Yes', { approved: true }],
  ['n', { approved: false }],
  ['no  use npm ci', { approved: false, reason: 'use npm ci' }],
  ['yes, but first …', undefined],
  ['yes but', undefined],
  ['never', undefined],
  ['', undefined],
])('%j answers %j', (line, answer) => {
  expect(parseAnswer(line)).toEqual(answer);
});

test('tab completes commands and modes, and nothing else', () => {
  expect(completeSlash('/mo')[0]).toContain('/mode plan');
  expect(completeSlash('/q')[0]).toEqual(['/quit']);
  expect(completeSlash('q')[0]).toEqual([]);
});
