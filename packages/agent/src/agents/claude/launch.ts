import type { PermissionMode, Settings } from '@holdfast/protocol';

/** A budget that turns on extended thinking for models that do not decide by themselves; 0 turns it off. */
const thinkingTokens = 31_999;

export type ClaudeControl = { readonly subtype: string; readonly [field: string]: unknown };

/** The command line. `sessionId`: the session to go on with. */
export function claudeArguments(settings: Settings, sessionId: string | undefined): readonly string[] {
  const { model, permissionMode } = settings;
  return [
    '--print',
    ...['--input-format', 'stream-json', '--output-format', 'stream-json', '--verbose', '--include-partial-messages'],
    // Asks us for permissions; without it what needs one is denied.
    ...['--permission-prompt-tool', 'stdio'],
    ...(sessionId === undefined ? [] : ['--resume', sessionId]),
    ...(model === undefined ? [] : ['--model', model]),
    ...(permissionMode === undefined ? [] : ['--permission-mode', permissionMode]),
    ...(mayBypass(permissionMode) ? ['--allow-dangerously-skip-permissions'] : []),
  ];
}

/** True when the program must have been started with leave to bypass permissions: that cannot be switched on later. */
export function mayBypass(mode: PermissionMode | undefined): boolean {
  return mode === 'bypassPermissions';
}

/** What tells a running program of new settings. */
export function settingsControls(settings: Settings): readonly ClaudeControl[] {
  const { model, permissionMode, extendedThinking } = settings;
  return [
    ...(model === undefined ? [] : [{ subtype: 'set_model', model }]),
    ...(permissionMode === undefined ? [] : [{ subtype: 'set_permission_mode', mode: permissionMode }]),
    ...thinkingControls(extendedThinking),
  ];
}

/** Thinking has no flag: a program that starts is told as well. */
export function thinkingControls(extendedThinking: boolean | undefined): readonly ClaudeControl[] {
  if (extendedThinking === undefined) return [];
  return [{ subtype: 'set_max_thinking_tokens', max_thinking_tokens: extendedThinking ? thinkingTokens : 0 }];
}
