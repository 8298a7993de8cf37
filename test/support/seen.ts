/** What came, in order, for a test to look at and to wait for. */
export class Seen<T> {
  readonly all: T[] = [];
  readonly #waiting = new Set<{ readonly isWanted: (value: T) => boolean; readonly resolve: (value: T) => void }>();

  readonly #listeners: ((value: T) => void)[] = [];

  readonly add = (value: T): void => {
    this.all.push(value);
    for (const listener of this.#listeners) listener(value);
    for (const waiter of this.#waiting) {
      if (!waiter.isWanted(value)) continue;
      this.#waiting.delete(waiter);
      waiter.resolve(value);
    }
  };

  /** Calls the listener for each, those that came and those to come. */
  each(listener: (value: T) => void): void {
    this.all.forEach((value) => listener(value));
    this.#listeners.push(listener);
  }

  /** The first one that is wanted, of those that came and those to come. */
  first(isWanted: (value: T) => boolean = () => true): Promise<T> {
    const found = this.all.find(isWanted);
    return found === undefined ? this.next(isWanted) : Promise.resolve(found);
  }

  /** The first one that is wanted, of those to come. */
  next(isWanted: (value: T) => boolean = () => true): Promise<T> {
    return new Promise((resolve) => this.#waiting.add({ isWanted, resolve }));
  }

  /** The one at this place, now or when it comes. */
  at(index: number): Promise<T> {
    return this.first((value) => this.all.indexOf(value) === index);
  }
}
