import type { PermissionMode, Settings } from '@holdfast/protocol';
import { readSession, writeSession } from '../lib/session-file.ts';
import { parseDemoScript, streamToken, wordsOf, type DemoStep } from './demo/script.ts';
import type { AgentPrompt, AgentProvider, ProviderOptions, ToolCall, ToolOutcome, Turn, TurnEnd } from './provider.ts';

/** Opens `demo`: no model, the prompt says what to do (docs/protocol.md 6.8). Deterministic but for ids. */
export function openDemo(options: ProviderOptions): AgentProvider {
  return new DemoProvider(options);
}

class DemoProvider implements AgentProvider {
  readonly #options: ProviderOptions;
  #sessionId: string | undefined;
  #mode: PermissionMode = 'default';
  #running: Promise<unknown> = Promise.resolve();
  #closing: AbortController | undefined;

  constructor(options: ProviderOptions) {
    this.#options = options;
    this.#sessionId = readSession(options.sessionFile)?.sessionId;
  }

  get sessionId(): string | undefined {
    return this.#sessionId;
  }

  prompt(prompt: AgentPrompt, turn: Turn): Promise<TurnEnd> {
    if (this.#sessionId === undefined) {
      this.#sessionId = `demo-${turn.newBlock()}`;
      writeSession(this.#options.sessionFile, { sessionId: this.#sessionId });
    }
    this.#closing = new AbortController();
    const signal = AbortSignal.any([turn.signal, this.#closing.signal]);
    const ended = new DemoTurn({ ...this.#options, turn, signal, mode: () => this.#mode }).carryOut(prompt.text);
    this.#running = ended.catch(() => undefined);
    return ended;
  }

  applySettings(settings: Settings): void {
    if (settings.permissionMode !== undefined) this.#mode = settings.permissionMode;
  }

  async close(): Promise<void> {
    this.#closing?.abort();
    await this.#running;
  }
}

type DemoTurnOptions = ProviderOptions & {
  readonly turn: Turn;
  readonly signal: AbortSignal;
  readonly mode: () => PermissionMode;
};

class DemoTurn {
  readonly #options: DemoTurnOptions;
  readonly #turn: Turn;
  #deltas = 0;

  constructor(options: DemoTurnOptions) {
    this.#options = options;
    this.#turn = options.turn;
  }

  async carryOut(prompt: string): Promise<TurnEnd> {
    let reason: TurnEnd['reason'] = 'completed';
    for (const step of parseDemoScript(prompt)) {
      if (step.kind === 'fail') reason = 'error';
      await this.#step(step);
      if (this.#options.signal.aborted) reason = 'aborted';
      if (reason !== 'completed') break;
    }
    const inputTokens = Array.from(prompt).length;
    const outputTokens = this.#deltas;
    return { reason, usage: { inputTokens, outputTokens, cost: (inputTokens + outputTokens) / 1_000_000 } };
  }

  async #step(step: DemoStep): Promise<void> {
    switch (step.kind) {
      case 'say':
        return this.#words('text', step.text);
      case 'think':
        return this.#words('thinking', step.text);
      case 'stream':
        return this.#stream(step);
      case 'sleep':
        return this.#pause(step.seconds * 1000);
      case 'fail':
        return this.#turn.error('internal', step.text);
      case 'write':
        return this.#tool('write', { path: step.path, content: step.content }, () => this.#write(step));
      case 'run':
        return this.#tool('run', { command: step.command }, () => this.#run(step.command));
      case 'crash':
        // What was said before must be out; the crash itself says nothing.
        await this.#turn.drained();
        return process.exit(1);
    }
  }

  #words(kind: 'text' | 'thinking', text: string): void {
    const block = this.#turn.newBlock();
    for (const word of wordsOf(text)) this.#delta(kind, block, word);
  }

  async #stream({ count, everyMs, bytes }: Extract<DemoStep, { kind: 'stream' }>): Promise<void> {
    const block = this.#turn.newBlock();
    const began = performance.now();
    for (let n = 1; n <= count && !this.#options.signal.aborted; n += 1) {
      // Against the beginning, so that late timers do not add up.
      const aheadMs = everyMs === 0 ? 0 : began + (n - 1) * everyMs - performance.now();
      if (aheadMs > 0) await this.#pause(aheadMs);
      if (this.#options.signal.aborted) return;
      this.#delta('text', block, streamToken(n, bytes));
      if (this.#turn.isFull) await this.#letRead();
    }
  }

  #delta(kind: 'text' | 'thinking', block: string, content: string): void {
    this.#deltas += 1;
    this.#turn.delta(kind, block, content);
  }

  /** Waits for the reader, and lets input be seen: a fast reader alone would never let the event loop turn. */
  async #letRead(): Promise<void> {
    await this.#turn.drained();
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }

  /** Ends early when the turn is stopped. */
  #pause(ms: number): Promise<void> {
    const { signal } = this.#options;
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      if (signal.aborted) end();
      else signal.addEventListener('abort', end);
    });
  }

  async #tool(name: 'write' | 'run', input: ToolCall['input'], carryOut: () => Promise<ToolOutcome>): Promise<void> {
    const call: ToolCall = { id: `call-${this.#turn.newBlock()}`, name, input };
    const mode = this.#options.mode();
    if (mode === 'plan') {
      this.#turn.running(call);
      return this.#turn.finish(call.id, { error: 'In plan mode nothing is changed; choose another permission mode.' });
    }
    if (mode === 'bypassPermissions' || (mode === 'acceptEdits' && name === 'write')) {
      this.#turn.running(call);
      return this.#turn.finish(call.id, await carryOut());
    }
    const decision = await this.#turn.ask(call);
    if (decision.kind === 'approved') return this.#turn.finish(call.id, await carryOut());
    if (decision.kind === 'rejected') this.#turn.finish(call.id, { error: rejection(decision.reason) });
  }

  async #write(step: { readonly path: string; readonly content: string }): Promise<ToolOutcome> {
    const { writeInside } = await import('./demo/write-inside.ts');
    try {
      writeInside(this.#options.cwd, step.path, step.content);
      return { result: `Wrote ${Buffer.byteLength(step.content)} bytes to ${step.path}` };
    } catch (fault) {
      return { error: fault instanceof Error ? fault.message : String(fault) };
    }
  }

  async #run(command: string): Promise<ToolOutcome> {
    const { runShell } = await import('./demo/run-shell.ts');
    try {
      const end = await runShell(command, this.#options);
      if (this.#options.signal.aborted) return { result: end.output, error: 'interrupted, outcome unknown' };
      if (end.exitCode === 0) return { result: end.output };
      const how = end.exitCode === null ? `was ended by ${end.signal}` : `ended with exit code ${end.exitCode}`;
      return { result: end.output, error: `The command ${how}.` };
    } catch (fault) {
      return { error: `The shell could not be started: ${fault instanceof Error ? fault.message : String(fault)}` };
    }
  }
}

function rejection(reason: string | undefined): string {
  return reason === undefined || reason === '' ? 'Rejected.' : `Rejected: ${reason}`;
}
