import { Checkout } from './checkout.ts';
import { startEmulate, type Emulate } from './emulate.ts';
import { FaultProxy } from './fault-proxy.ts';

export type ProjectPlace = { readonly projectId: string; readonly repository: string };

/** A GitHub behind a proxy, with projects whose repositories have one commit, and the local checkout that it came from. */
export class DraftScene implements AsyncDisposable {
  readonly emulate: Emulate;
  readonly proxy: FaultProxy;
  readonly checkout: Checkout;
  readonly #projects: readonly ProjectPlace[];
  #number = 0;

  private constructor(emulate: Emulate, proxy: FaultProxy, checkout: Checkout, projects: readonly ProjectPlace[]) {
    this.emulate = emulate;
    this.proxy = proxy;
    this.checkout = checkout;
    this.#projects = projects;
  }

  static async open(projectCount: number): Promise<DraftScene> {
    await using stack = new AsyncDisposableStack();
    const names = Array.from({ length: projectCount }, (_, index) => `shop-${index + 1}`);
    const emulate = stack.use(await startEmulate({ repositories: names }));
    const proxy = stack.use(await FaultProxy.start(emulate.url));
    const checkout = stack.use(await Checkout.create());
    const projects = names.map((projectId) => ({ projectId, repository: `acme/${projectId}` }));
    for (const { repository } of projects) {
      await checkout.pushTo({ url: emulate.url, token: emulate.freshToken(), repository });
    }
    stack.move();
    return new DraftScene(emulate, proxy, checkout, projects);
  }

  /** A project for each place, as far as there are; then they come round again. */
  projectAt(index: number): ProjectPlace {
    const project = this.#projects[index % this.#projects.length];
    if (project === undefined) throw new Error('a scene has at least one project');
    return project;
  }

  /** A number that no draft of this scene has. */
  nextNumber(): number {
    this.#number += 1;
    return this.#number;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy[Symbol.asyncDispose]();
    await this.emulate[Symbol.asyncDispose]();
    await this.checkout[Symbol.asyncDispose]();
  }
}
