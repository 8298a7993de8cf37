import { Viewer, type ToolItem, type Transcript, type TranscriptItem } from '@holdfast/client';
import { until } from './until.ts';

export type ClientPersonOptions = {
  readonly url: string;
  readonly project?: string;
  readonly agent: string;
  readonly token?: string;
  /** What to say besides when something was waited for in vain. */
  readonly traces?: () => string;
};

/** A person behind the client library: looks at snapshots only, and comes back as the library does. */
export class ClientPerson {
  readonly viewer: Viewer;
  readonly #traces: () => string;

  private constructor({ url, project = 'shop', agent, token = 'ada-token', traces }: ClientPersonOptions) {
    this.#traces = traces ?? (() => '');
    this.viewer = new Viewer({ url, project, agent, token, conversation: 'new' });
    this.viewer.open();
  }

  /** One that is connected. */
  static async arrive(options: ClientPersonOptions): Promise<ClientPerson> {
    const person = new ClientPerson(options);
    await person.until('the connection', () => person.viewer.getSnapshot().isConnected);
    return person;
  }

  get transcript(): Transcript {
    return this.viewer.getSnapshot().transcript;
  }

  of<Kind extends TranscriptItem['kind']>(kind: Kind): readonly Extract<TranscriptItem, { kind: Kind }>[] {
    return this.transcript.items.filter((item) => item.kind === kind) as Extract<TranscriptItem, { kind: Kind }>[];
  }

  /** All text of the agent, in order. */
  get text(): string {
    return this.of('text')
      .map(({ content }) => content)
      .join('');
  }

  /** Sends a prompt; resolves when the gateway has accepted it. */
  async ask(prompt: string): Promise<void> {
    const settled = await this.viewer.send(prompt).settled;
    if (settled.kind !== 'accepted') throw new Error(`the prompt was not accepted: ${JSON.stringify(settled)}`);
  }

  /** The call that waits for a decision, as soon as there is one. */
  async asked(): Promise<ToolItem['tool']> {
    return this.until('a call that waits', () => this.transcript.pending[0]);
  }

  /** The end of turn number `turn`, from 1. */
  async end(turn: number): Promise<Extract<TranscriptItem, { kind: 'end' }>> {
    return this.until(`the end of turn ${turn}`, () => this.of('end')[turn - 1]);
  }

  /** Looks until `look` gives something; in vain, it tells what was there instead. */
  async until<Found>(what: string, look: () => Found | undefined | false): Promise<Found> {
    return until(what, look).catch((cause: unknown) => {
      const { connection, transcript, error } = this.viewer.getSnapshot();
      throw new Error(`${String(cause)}: ${JSON.stringify({ connection, transcript, error })}\n${this.#traces()}`, {
        cause,
      });
    });
  }
}
