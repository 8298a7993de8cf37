import { emptySnapshot, Viewer, type ViewerOptions, type ViewerSnapshot } from '../viewer.ts';

/** Holds the viewer of one component, which changes when the component asks for another conversation. */
export class ViewerSlot {
  readonly #listeners = new Set<() => void>();
  #viewer: Viewer | undefined;
  #options: ViewerOptions | undefined;
  #token: string | undefined;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly getSnapshot = (): ViewerSnapshot => this.#viewer?.getSnapshot() ?? emptySnapshot;

  /** The viewer there is. Throws before the component has shown itself and after it has gone. */
  get viewer(): Viewer {
    if (this.#viewer === undefined) throw new Error('useAgentConnection: the component is not mounted');
    return this.#viewer;
  }

  /** Watches this conversation; keeps the viewer there is when it already does. */
  watch(options: ViewerOptions): void {
    if (this.#isWatching(options)) return;
    this.empty();
    this.#options = options;
    this.#viewer = new Viewer(options);
    this.#viewer.subscribe(() => this.#tell());
    this.#viewer.open();
    this.#tell();
  }

  /** A new token is used from the next connect on; a connection that was refused with the one before tries again. */
  renewToken(token: string | undefined): void {
    const isNew = token !== this.#token;
    this.#token = token;
    const state = this.getSnapshot().connection;
    if (isNew && state.kind === 'stopped' && state.code === 4401) this.#viewer?.reconnect();
  }

  empty(): void {
    this.#viewer?.close();
    this.#viewer = undefined;
    this.#options = undefined;
  }

  #isWatching(wanted: ViewerOptions): boolean {
    const has = this.#options;
    if (has === undefined || has.url !== wanted.url || has.project !== wanted.project || has.agent !== wanted.agent) {
      return false;
    }
    if (has.conversation === wanted.conversation) return true;
    // A page that puts the id it was given into its address asks for what it already sees.
    return wanted.conversation === this.getSnapshot().conversationId && wanted.conversation !== undefined;
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
