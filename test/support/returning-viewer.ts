import type { ServerMessage, StoredMessage } from '@holdfast/protocol';
import { TestViewer, type ViewerOptions } from './viewer.ts';

/**
 * A person who comes back after every cut, with the cursor, and keeps everything seen in one log. Each connection is checked
 * by {@link TestViewer}; what is asserted here is that they join without a hole.
 */
export class ReturningViewer {
  readonly #options: ViewerOptions;
  readonly #log: StoredMessage[] = [];
  #viewer: TestViewer;
  /** Connections so far. */
  connections = 1;

  private constructor(options: ViewerOptions, viewer: TestViewer) {
    this.#options = options;
    this.#viewer = viewer;
  }

  static async open(options: ViewerOptions): Promise<ReturningViewer> {
    return new ReturningViewer(options, await TestViewer.open(options));
  }

  get viewer(): TestViewer {
    return this.#viewer;
  }

  get log(): readonly StoredMessage[] {
    return [...this.#log, ...this.#viewer.log];
  }

  get text(): string {
    return this.log.map((message) => (message.type === 'text' ? message.content : '')).join('');
  }

  count(type: ServerMessage['type']): number {
    return this.log.filter((message) => message.type === type).length;
  }

  /** Comes back; the gateway must answer with a replay. */
  async reconnect(): Promise<void> {
    const before = this.#viewer;
    if (before.fault !== undefined) throw before.fault;
    before.ws.terminate();
    await before.closed;
    const { cursor } = before;
    this.#log.push(...before.log);
    this.#viewer = await TestViewer.open({ ...this.#options, query: cursor });
    this.connections++;
    if (this.#viewer.init.mode !== 'replay') throw new Error(`a ${this.#viewer.init.mode} came instead of a replay`);
  }

  /** Throws unless the numbers run 1, 2, 3 … */
  verify(): void {
    if (this.#viewer.fault !== undefined) throw this.#viewer.fault;
    this.log.forEach(({ seq }, index) => {
      if (seq !== index + 1) throw new Error(`number ${seq} stands at place ${index + 1}`);
    });
  }
}

/** What `stream N` says. */
export function streamText(deltas: number): string {
  return Array.from({ length: deltas }, (_, index) => `tok-${String(index + 1).padStart(6, '0')} `).join('');
}
