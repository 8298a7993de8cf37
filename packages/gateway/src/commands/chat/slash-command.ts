import { permissionModes, type PermissionMode } from '@holdfast/protocol';

export type SlashCommand =
  | { readonly kind: 'help' | 'abort' | 'quit' | 'new' | 'reconnect' }
  | { readonly kind: 'model'; readonly model: string }
  | { readonly kind: 'mode'; readonly mode: PermissionMode }
  | { readonly kind: 'wrong'; readonly message: string };

export const slashHelp: string = `/abort          end the turn that runs (ctrl-c does too)
/model NAME     use this model from the next prompt on
/mode MODE      what needs your word: ${permissionModes.join(', ')}
/new            begin a new conversation
/reconnect      connect again now
/quit           leave; a turn that runs goes on (ctrl-d does too)

Prompts that you write while a turn runs wait for theirs. A line that ends in \\ goes on.
When a call waits for your word: y, n, or n and the reason.`;

/** Reads a line that begins with a slash; undefined for any other. */
export function parseSlashCommand(line: string): SlashCommand | undefined {
  // A path is no command, and neither is a second slash: `//x` sends `/x`.
  const match = /^\/([a-z]+)(?:\s+(.*))?$/s.exec(line.trim());
  if (match === null) return undefined;
  const [, name = '', rest = ''] = match;
  switch (name) {
    case 'help':
    case 'abort':
    case 'new':
    case 'reconnect':
      return { kind: name };
    case 'quit':
    case 'exit':
      return { kind: 'quit' };
    case 'model':
      if (rest === '') return { kind: 'wrong', message: '/model needs a name, as in /model sonnet.' };
      return { kind: 'model', model: rest };
    case 'mode': {
      const mode = permissionModes.find((known) => known.toLowerCase() === rest.toLowerCase());
      return mode === undefined
        ? { kind: 'wrong', message: `/mode must be one of ${permissionModes.join(', ')}.` }
        : { kind: 'mode', mode };
    }
    default:
      return { kind: 'wrong', message: `There is no /${name}; /help lists what there is.` };
  }
}

/** For the tab key: the commands that begin so. */
export function completeSlash(line: string): [string[], string] {
  const all = [
    '/abort',
    '/help',
    '/model ',
    '/new',
    '/quit',
    '/reconnect',
    ...permissionModes.map((mode) => `/mode ${mode}`),
  ];
  return [line.startsWith('/') ? all.filter((command) => command.startsWith(line)) : [], line];
}

export type Answer = { readonly approved: true } | { readonly approved: false; readonly reason?: string };

/** Reads the answer to "may it?"; undefined for anything else. */
export function parseAnswer(line: string): Answer | undefined {
  const match = /^(y|yes|n|no)(?:\s+(.+))?$/is.exec(line.trim());
  if (match === null) return undefined;
  const [, word = '', reason] = match;
  if (word.toLowerCase().startsWith('n')) return { approved: false, ...(reason === undefined ? {} : { reason }) };
  // "yes, but …" is no plain yes.
  return reason === undefined ? { approved: true } : undefined;
}
