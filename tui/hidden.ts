/** Of so many topics it is remembered that they were seen and not kept. */
export const maxCountedHidden = 65_536;

/** Counts topics that are not kept, each once, and without their names: those may be long and many. */
export class Hidden {
  readonly #hashes = new Set<number>();

  get count(): number {
    return this.#hashes.size;
  }

  add(topic: string): void {
    if (this.#hashes.size >= maxCountedHidden) return;
    let hash = 0;
    for (let at = 0; at < topic.length; at += 1) hash = (Math.imul(hash, 31) + topic.charCodeAt(at)) | 0;
    this.#hashes.add(hash);
  }
}
