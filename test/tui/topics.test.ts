import fc from "fast-check";
import { expect, test } from "vitest";
import { parseFilter } from "../../tui/filter.ts";
import type { Bounds } from "../../tui/topic.ts";
import { stale } from "../../tui/topic.ts";
import { TopicStore } from "../../tui/topics.ts";

function filled(topics: string[], limits: Partial<Bounds> = {}): TopicStore {
  const store = new TopicStore(limits);
  for (const [index, topic] of topics.entries()) store.receive(topic, Buffer.from(String(index)), "no", 0, index);
  return store;
}

const paths = (store: TopicStore) => store.rows().map(({ path }) => path);

test("a branch shows its children only when it is unfolded, sorted by name", () => {
  const store = filled(["b/z", "b/a", "a"]);
  expect(paths(store)).toEqual(["a", "b"]);
  store.foldAll(true);
  expect(paths(store)).toEqual(["a", "b", "b/a", "b/z"]);
});

test("the broker's own topics come last", () => {
  expect(paths(filled(["zoo", "$SYS/x", "alpha"]))).toEqual(["alpha", "zoo", "$SYS"]);
});

test("a branch counts the topics below it once each, itself included when it has a value", () => {
  const store = filled(["a/b", "a/c", "a/b", "a"]);
  expect(store.node("a")?.topics).toBe(3);
  expect(store.topics).toBe(3);
});

test("empty levels are levels", () => {
  const store = filled(["/a", "a/", "//"]);
  store.foldAll(true);
  expect(paths(store)).toEqual(["", "/", "//", "/a", "a", "a/"]);
});

test("topics beyond the bound are counted once each and change nothing", () => {
  const store = filled(["a", "b", "c", "d", "c"], { topics: 2 });
  expect(paths(store)).toEqual(["a", "b"]);
  expect(store.hidden).toBe(2);
});

test("a topic of very many levels makes no more nodes than the bound of depth", () => {
  const store = filled(["x/".repeat(400)]);
  store.foldAll(true);
  expect(store.rows().length).toBe(32);
});

test("a filter shows matching topics and the branches above them", () => {
  const store = filled(["a/temp", "a/hum", "b/temp", "c"]);
  store.filter = parseFilter("temp");
  store.touch();
  expect(paths(store)).toEqual(["a", "a/temp", "b", "b/temp"]);
  expect(store.matched).toBe(2);
});

test("a payload filter follows the last value", () => {
  const store = filled(["a", "b"]);
  store.filter = parseFilter("=1");
  store.touch();
  expect(paths(store)).toEqual(["b"]);
});

test("a frozen store keeps showing what was there and goes on counting", () => {
  const store = filled(["a"]);
  store.freeze(10);
  store.receive("a", Buffer.from("new"), "no", 0, 11);
  store.receive("b", Buffer.from("new"), "no", 0, 11);
  const node = store.node("a");
  expect(node && store.view(node).last?.bytes).toBe("0");
  expect(paths(store)).toEqual(["a"]);
  expect(store.received).toBe(3);
  store.thaw();
  expect(node && store.view(node).last?.bytes).toBe("new");
  expect(paths(store)).toEqual(["a", "b"]);
});

test("a large payload is kept in part and says how large it was", () => {
  const store = new TopicStore({ messageBytes: 100 });
  store.receive("a", Buffer.alloc(5000, "x"), "no", 0, 0);
  expect(store.node("a")?.last).toMatchObject({ size: 5000, bytes: "x".repeat(100) });
});

test("forgetting a branch leaves the last values", () => {
  const store = filled(["a/b", "a/b", "a/c", "a/b"]);
  const branch = store.node("a");
  if (branch) store.forget(branch);
  expect(
    store
      .node("a/b")
      ?.history.messages()
      .map(({ bytes }) => bytes),
  ).toEqual(["3"]);
  expect(store.bytes).toBe(2);
});

test("a value is stale when three of its usual intervals passed, and never when it comes irregularly", () => {
  const store = new TopicStore();
  for (let n = 0; n < 6; n += 1) store.receive("steady", Buffer.from("x"), "no", 0, n * 1000);
  for (const at of [0, 10, 4000, 4010, 9000]) store.receive("odd", Buffer.from("x"), "no", 0, at);
  const check = (topic: string, now: number) => {
    const node = store.node(topic);
    return node?.last ? stale(node, node.last, now) : undefined;
  };
  expect(check("steady", 7900)).toBe(false);
  expect(check("steady", 8100)).toBe(true);
  expect(check("odd", 100_000)).toBe(false);
});

test("old messages leave the history, the last one never", () => {
  const store = filled(["a", "a", "a"], { age: 1000 });
  store.expire(1_000_000);
  expect(store.node("a")?.history.length).toBe(1);
});

test("whatever arrives, histories, bytes, topics and nodes stay under their caps and the counts are right", () => {
  const limits = {
    topics: 6,
    nodes: 12,
    bytes: 400,
    topicBytes: 120,
    messageBytes: 60,
    history: 4,
    messages: 10,
    age: 500,
    names: 200,
    name: 20,
    depth: 4,
  };
  const topic = fc.string({ unit: fc.constantFrom("a", "b", "/", "+", "\u0000", "ü"), maxLength: 24 });
  const message = fc.record({ topic, size: fc.nat({ max: 200 }), step: fc.nat({ max: 300 }) });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 200 }), (messages) => {
      const store = new TopicStore(limits);
      let now = 0;
      for (const { topic: name, size, step } of messages) {
        now += step;
        store.receive(name, Buffer.alloc(size), "no", 0, now);
        expect(store.topics).toBeLessThanOrEqual(limits.topics);
        // Each topic may keep one value even when all bytes are used.
        expect(store.bytes).toBeLessThanOrEqual(limits.bytes + limits.topics * limits.messageBytes);
        expect(store.messages).toBeLessThanOrEqual(Math.max(limits.messages, limits.topics));
      }
      store.expire(now);
      store.foldAll(true);
      const rows = store.rows();
      expect(rows.length).toBeLessThanOrEqual(limits.nodes);
      expect(rows.reduce((sum, row) => sum + row.history.messages().reduce((all, each) => all + each.bytes.length, 0), 0)).toBe(
        store.bytes,
      );
      expect(rows.reduce((sum, row) => sum + row.history.length, 0)).toBe(store.messages);
      for (const row of rows) {
        const history = row.history.messages();
        // Of what is older than the bound only the newest message stays, once its topic has had its turn.
        expect(history.slice(0, -1).every(({ at }) => at >= now - limits.age)).toBe(true);
        expect(history.length <= 1 || history.reduce((sum, { bytes }) => sum + bytes.length, 0) <= limits.topicBytes).toBe(true);
      }
      expect(rows.every((row) => row.history.length <= limits.history && row.history.messages().at(-1)?.number === row.last?.number)).toBe(
        true,
      );
      expect(rows.filter((row) => row.count > 0).length).toBe(store.topics);
      expect(rows.every((row, index) => store.rowOf(row.path) === index)).toBe(true);
    }),
  );
});

test("a message counts for the whole branch, and the filter is asked about a name once", () => {
  const store = filled(["a/b", "a/b", "a/c"]);
  expect(store.node("a")).toMatchObject({ heard: 3, newest: 2, count: 0 });
  let asked = 0;
  store.filter = {
    ...parseFilter("b"),
    test: () => {
      asked += 1;
      return true;
    },
  };
  for (let n = 0; n < 5; n += 1) {
    store.touch();
    store.rows();
  }
  expect(asked).toBe(2);
});

test("with many messages every topic keeps fewer, and its last", () => {
  const store = filled(
    Array.from({ length: 100 }, (_, n) => `t${n % 7}`),
    { messages: 20 },
  );
  expect(store.messages).toBeLessThanOrEqual(20);
  expect(store.rows().map(({ last }) => last?.bytes)).toEqual(["98", "99", "93", "94", "95", "96", "97"]);
});

test("once the histories are full they take little more room, however long it goes on", () => {
  const store = new TopicStore({ messages: 3200 });
  const say = (count: number) => {
    for (let n = 0; n < count; n += 1) store.receive(`t${store.received % 100}`, Buffer.alloc(40), "no", 0, store.received);
    return store.rows().reduce((sum, { history }) => sum + history.room, 0);
  };
  const full = say(3200);
  for (let round = 0; round < 8; round += 1) expect(say(1600)).toBeLessThan(full * 1.25);
});
