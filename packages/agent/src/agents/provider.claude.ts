import type { Settings } from '@holdfast/protocol';
import { readSession, writeSession, type SavedSession } from '../lib/session-file.ts';
import { ClaudeProcess } from './claude/claude-process.ts';
import { claudeArguments, mayBypass, settingsControls, thinkingControls, type ClaudeControl } from './claude/launch.ts';
import { parseClaudeMessage } from './claude/message.ts';
import { TurnUnderWay } from './claude/turn-under-way.ts';
import { renderContext } from './prompt-context.ts';
import type { AgentPrompt, AgentProvider, ProviderOptions, Turn, TurnEnd } from './provider.ts';

/** Opens `claude`: the Claude Code CLI found on the PATH. Its process starts with the first prompt and is kept between turns. */
export function openClaude(options: ProviderOptions): AgentProvider {
  return new ClaudeProvider(options);
}

type Running = { readonly process: ClaudeProcess; readonly mayBypass: boolean };

class ClaudeProvider implements AgentProvider {
  readonly #options: ProviderOptions;
  #saved: Partial<SavedSession>;
  #settings: Settings = {};
  #running: Running | undefined;
  #turn: TurnUnderWay | undefined;
  #isClosed = false;
  #controls = 0;

  constructor(options: ProviderOptions) {
    this.#options = options;
    this.#saved = readSession(options.sessionFile) ?? {};
  }

  get sessionId(): string | undefined {
    return this.#saved.sessionId;
  }

  async prompt(prompt: AgentPrompt, turn: Turn): Promise<TurnEnd> {
    for (;;) {
      const { process } = await this.#ensureRunning();
      if (turn.signal.aborted || this.#isClosed) return { reason: 'aborted' };
      const costMicros = this.#saved.costMicros ?? 0;
      const mayAsk = !mayBypass(this.#settings.permissionMode);
      const onSession = (change: Partial<SavedSession>): void => this.#remember(change);
      const underWay = new TurnUnderWay({ turn, process, mayAsk, costMicros, onSession });
      this.#turn = underWay;
      process.send(userMessage(this.#options.cwd, prompt));
      const outcome = await underWay.ended;
      this.#turn = undefined;
      if (outcome.kind === 'ended') return outcome.end;
      turn.notice(
        'context_reset',
        'Claude Code no longer knows this session; it begins anew, without what was said before.',
      );
      this.#saved = {};
      await this.#stop();
    }
  }

  applySettings(settings: Settings): void {
    this.#settings = { ...this.#settings, ...settings };
    if (this.#running === undefined) return;
    // Without leave from the start this mode is refused; the next prompt starts a program that has it.
    const isLater = mayBypass(settings.permissionMode) && !this.#running.mayBypass;
    const { permissionMode: _later, ...now } = settings;
    this.#control(this.#running.process, settingsControls(isLater ? now : settings));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#stop();
  }

  async #ensureRunning(): Promise<Running> {
    const { permissionMode, extendedThinking } = this.#settings;
    if (this.#running !== undefined && mayBypass(permissionMode) && !this.#running.mayBypass) await this.#stop();
    if (this.#running !== undefined) return this.#running;
    const { cwd, env, log } = this.#options;
    const process = new ClaudeProcess({
      args: claudeArguments(this.#settings, this.#saved.sessionId),
      cwd,
      env,
      onLine: (line) => this.#receive(line),
    });
    const running = { process, mayBypass: mayBypass(permissionMode) };
    this.#running = running;
    void process.exited.then((exit) => {
      log('info', 'claude ended', { code: exit.code, signal: exit.signal, stderr: exit.stderr });
      if (this.#running !== running) return;
      this.#running = undefined;
      this.#turn?.exit(exit);
    });
    process.send({
      type: 'control_request',
      request_id: 'initialize',
      request: { subtype: 'initialize', hooks: null },
    });
    this.#control(process, thinkingControls(extendedThinking));
    return running;
  }

  #receive(line: string): void {
    const message = parseClaudeMessage(line);
    // Between turns nothing of what it says belongs to a prompt.
    if (message !== undefined) this.#turn?.receive(message);
  }

  #control(process: ClaudeProcess, controls: readonly ClaudeControl[]): void {
    for (const request of controls) {
      this.#controls += 1;
      process.send({ type: 'control_request', request_id: `settings-${this.#controls}`, request });
    }
  }

  #remember(change: Partial<SavedSession>): void {
    this.#saved = { ...this.#saved, ...change };
    const { sessionId, costMicros = 0 } = this.#saved;
    if (sessionId === undefined) return;
    try {
      writeSession(this.#options.sessionFile, { sessionId, costMicros });
    } catch (fault) {
      // The turn goes on; only a later process will begin a new session.
      this.#options.log('warn', 'the session could not be saved', { cause: String(fault) });
    }
  }

  async #stop(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    await running.process.stop();
    if (this.#running === running) this.#running = undefined;
  }
}

function userMessage(cwd: string, prompt: AgentPrompt): object {
  const context = renderContext(cwd, prompt.context);
  const texts = context === undefined ? [prompt.text] : [context, prompt.text];
  const content = texts.map((text) => ({ type: 'text', text }));
  return { type: 'user', session_id: '', parent_tool_use_id: null, message: { role: 'user', content } };
}
