import { Viewer, type ToolItem, type Transcript, type TranscriptItem } from '@holdfast/client';
import { until } from './until.ts';

export type ClientPersonOptions = {
  readonly url: string;
  readonly project?: string;
  readonly agent: string;
  readonly token?: string;
};

/** A person behind the client library: looks at snapshots only, and comes back as the library does. */
export class ClientPerson {
  readonly viewer: Viewer;

  private constructor({ url, project = 'shop', agent, token = 'ada-token' }: ClientPersonOptions) {
    this.viewer = new Viewer({ url, project, agent, token, conversation: 'new' });
    this.viewer.open();
  }

  /** One that is connected. */
  static async arrive(options: ClientPersonOptions): Promise<ClientPerson> {
    const person = new ClientPerson(options);
    await until('the connection', () => person.viewer.getSnapshot().isConnected);
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
    return until('a call that waits', () => this.transcript.pending[0]);
  }

  /** The end of turn number `turn`, from 1. */
  async end(turn: number): Promise<Extract<TranscriptItem, { kind: 'end' }>> {
    return until(`the end of turn ${turn}`, () => this.of('end')[turn - 1], 60_000);
  }
}
