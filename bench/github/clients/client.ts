import type { WantedRequest } from '../request-mix.ts';

/** What a client process is started with. */
export type ClientOrders = {
  readonly url: string;
  readonly tokens: readonly string[];
  readonly requests: readonly WantedRequest[];
  /** How many callers there are at once; each asks for the next when it has its answer. */
  readonly callers: number;
  /** Where the processes of a contender may keep what they share. */
  readonly sharedFile: string;
  readonly folders: Readonly<Record<string, string>>;
  /** Of the clock. */
  readonly speed: number;
};

export type ClientAnswer =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'finished';
      readonly done: number;
      /** What the callers were thrown: the error's beginning, with how many. */
      readonly failed: Readonly<Record<string, number>>;
      /** From a caller's asking to its answer, simulated milliseconds, sorted. */
      readonly waitsMs: readonly number[];
      /** When the last one was answered, epoch milliseconds by the common clock. */
      readonly endedAtMs: number;
      /** Changes in what the processes share. */
      readonly storeChanges: number;
      /** How late the event loop was, simulated milliseconds: the most in 99 of 100 turns, and in all. */
      readonly loopDelayMs: readonly [p99: number, most: number];
    };

/** A contender's client within one process. */
export type Client = {
  readonly call: (request: WantedRequest) => Promise<unknown>;
  readonly storeChanges?: () => number;
  readonly close?: () => Promise<void>;
};
