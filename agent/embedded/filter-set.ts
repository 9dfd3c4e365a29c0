interface Node {
  /** A filter ends here. */
  ends: boolean;
  next: Map<string, Node>;
}

/** Many topic filters, asked at once: how long that takes depends on the levels of the topic, and hardly on the number of filters. */
export class FilterSet {
  readonly #root: Node = newNode();

  constructor(filters: Iterable<string>) {
    for (const filter of filters) {
      let node = this.#root;
      for (const level of filter.split("/")) {
        const next = node.next.get(level) ?? newNode();
        node.next.set(level, next);
        node = next;
      }
      node.ends = true;
    }
  }

  /** Whether one of them matches [MQTT-4.7.1]; a wildcard at the start matches no `$…` topic [MQTT-4.7.2-1]. */
  matches(topic: string): boolean {
    let nodes = [this.#root];
    const isHidden = topic.startsWith("$");
    for (const [depth, level] of topic.split("/").entries()) {
      const wild = !(isHidden && depth === 0);
      if (wild && nodes.some(({ next }) => next.has("#"))) return true;
      nodes = nodes.flatMap(({ next }) => [next.get(level) ?? [], (wild && next.get("+")) || []].flat());
      if (nodes.length === 0) return false;
    }
    return nodes.some(({ ends, next }) => ends || next.get("#")?.ends === true);
  }
}

function newNode(): Node {
  return { ends: false, next: new Map() };
}
