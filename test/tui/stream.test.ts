import fc from "fast-check";
import { expect, test } from "vitest";
import { maxStreamed, Stream } from "../../tui/stream.ts";
import { TopicStore } from "../../tui/topics.ts";

function world(limits = {}) {
  const store = new TopicStore(limits);
  const stream = new Stream();
  let now = 0;
  let frozen = false;
  const say = (topic: string, payload: string) => {
    // Many come in one millisecond.
    now += payload.endsWith("0") ? 1 : 0;
    stream.heard(store.receive(topic, Buffer.from(payload), "no", 0, now), frozen);
  };
  const freeze = () => {
    store.freeze(now);
    frozen = true;
  };
  const thaw = () => {
    store.thaw();
    frozen = false;
  };
  const watch = (path: string) => stream.watch(store.node(path) ?? null, store, frozen);
  const shown = () =>
    Array.from({ length: stream.length }, (_, index) => `${stream.at(index)?.node.path}=${stream.at(index)?.message.bytes}`);
  return { store, stream, say, watch, shown, freeze, thaw };
}

test("what was kept of a branch comes in the order in which it was received, and what comes later on top of it", () => {
  const { say, watch, shown } = world();
  say("a/x", "1");
  say("b", "2");
  say("a/y/z", "3");
  say("a", "4");
  say("a/x", "5");
  watch("a");
  expect(shown()).toEqual(["a/x=5", "a=4", "a/y/z=3", "a/x=1"]);
  say("ab", "6");
  say("b", "7");
  say("a/new", "8");
  expect(shown().slice(0, 2)).toEqual(["a/new=8", "a/x=5"]);
});

test("it keeps as many as it is meant to, the newest", () => {
  const { say, watch, shown, stream } = world();
  say("a/x", "0");
  watch("a");
  for (let n = 1; n < maxStreamed + 20; n += 1) say(`a/${n % 7}`, String(n));
  expect(stream.length).toBe(maxStreamed);
  expect(shown()[0]).toBe(`a/${(maxStreamed + 19) % 7}=${maxStreamed + 19}`);
  expect(shown().at(-1)).toMatch(/=20$/);
});

test("a frozen one stands still and counts, and has all of it after the thaw", () => {
  const { say, watch, shown, stream, freeze, thaw } = world();
  say("a/x", "1");
  watch("a");
  freeze();
  // Before the next picture asks for it.
  say("a/x", "2");
  watch("a");
  say("a/new", "3");
  say("b", "4");
  watch("a");
  expect([shown(), stream.held]).toEqual([["a/x=1"], 2]);
  thaw();
  watch("a");
  expect([shown(), stream.held]).toEqual([["a/new=3", "a/x=2", "a/x=1"], 0]);
});

test("a branch that is chosen while frozen shows what was there at the freeze", () => {
  const { say, watch, shown, freeze } = world();
  say("a/x", "1");
  say("b/x", "1");
  freeze();
  say("a/x", "2");
  say("a/new", "3");
  watch("a");
  expect(shown()).toEqual(["a/x=1"]);
});

test("a message is found while it is there", () => {
  const { say, watch, stream, store } = world();
  say("a/x", "1");
  watch("a");
  const first = store.node("a/x")?.last ?? null;
  say("a/x", "2");
  expect(stream.indexOf(first)).toBe(1);
  for (let n = 0; n < maxStreamed; n += 1) say("a/x", "3");
  expect(stream.indexOf(first)).toBe(-1);
});

test("whenever a branch is chosen, it shows the newest of all histories below it", () => {
  const topic = fc.constantFrom("a", "a/b", "a/b/c", "a/d", "e", "a/f/g");
  fc.assert(
    fc.property(fc.array(topic, { maxLength: 900 }), fc.nat({ max: 900 }), (topics, at) => {
      const { say, watch, shown } = world();
      for (const [index, each] of topics.entries()) {
        if (index === at) watch("a");
        say(each, String(index));
      }
      watch("a");
      const all = topics.flatMap((each, index) => (each === "e" ? [] : [`${each}=${index}`])).reverse();
      expect(shown()).toEqual(all.slice(0, maxStreamed));
    }),
    { numRuns: 60 },
  );
});

test("large payloads leave room for fewer", () => {
  const { say, watch, stream } = world();
  say("a/x", "1");
  watch("a");
  for (let n = 0; n < 200; n += 1) say("a/x", "x".repeat(64_000));
  expect(stream.length).toBe(62);
});
