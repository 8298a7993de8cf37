import type { Settings } from '@holdfast/protocol';
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';

import type { ConnectionOptions, Sent } from '../connection.ts';
import type { PromptOptions, ViewerSnapshot } from '../viewer.ts';
import { ViewerSlot } from './viewer-slot.ts';

/** Read when a conversation is first watched; of a change only `url`, `project`, `agent`, `conversation` and `token` count. */
export type AgentConnectionOptions = ConnectionOptions;

export type AgentConnection = ViewerSnapshot & {
  /** Hands a prompt in; it is queued while a turn runs. */
  readonly send: (prompt: string, options?: PromptOptions) => Sent;
  readonly approve: (toolId: string) => Sent;
  readonly reject: (toolId: string, reason?: string) => Sent;
  /** Ends the turn that runs. */
  readonly abort: () => Sent;
  /** Holds from the next prompt on. */
  readonly setSettings: (settings: Settings) => Sent;
  /** Dials at once, also after the client has given up or was refused. */
  readonly reconnect: () => void;
};

/**
 * Watches a conversation for as long as the component is mounted. The functions are the same in every render and are for
 * event handlers and effects: before the component is mounted they throw.
 */
export function useAgentConnection(options: AgentConnectionOptions): AgentConnection {
  const [slot] = useState(() => new ViewerSlot());
  const latest = useRef(options);
  const { url, project, agent, conversation, token } = options;
  const fixedToken = typeof token === 'string' ? token : undefined;

  useEffect(() => {
    latest.current = options;
  });
  useEffect(() => {
    // The newest token is asked for at every connect, however often the component was rendered since.
    const asked = conversation === undefined ? {} : { conversation };
    slot.watch({ ...latest.current, url, project, agent, ...asked, token: () => currentToken(latest.current) });
  }, [slot, url, project, agent, conversation]);
  useEffect(() => slot.renewToken(fixedToken), [slot, fixedToken]);
  useEffect(() => () => slot.empty(), [slot]);

  const snapshot = useSyncExternalStore(slot.subscribe, slot.getSnapshot, slot.getSnapshot);
  const actions = useMemo(() => actionsOf(slot), [slot]);
  return { ...snapshot, ...actions };
}

function currentToken({ token }: AgentConnectionOptions): string | undefined | Promise<string | undefined> {
  return typeof token === 'function' ? token() : token;
}

function actionsOf(slot: ViewerSlot): Omit<AgentConnection, keyof ViewerSnapshot> {
  return {
    send: (prompt, options) => slot.viewer.send(prompt, options),
    approve: (toolId) => slot.viewer.approve(toolId),
    reject: (toolId, reason) => slot.viewer.reject(toolId, reason),
    abort: () => slot.viewer.abort(),
    setSettings: (settings) => slot.viewer.setSettings(settings),
    reconnect: () => slot.viewer.reconnect(),
  };
}
