import { expect, test } from "vitest";
import { Talkers } from "../../tui/talkers.ts";
import { TopicStore } from "../../tui/topics.ts";

function world(limits = {}) {
  const store = new TopicStore(limits);
  const talkers = new Talkers(0);
  const say = (topic: string, times = 1) => {
    for (let n = 0; n < times; n += 1) talkers.heard(store.receive(topic, Buffer.from("1"), "no", 0, 0));
  };
  return { talkers, say };
}

test("shares are of all messages, the loudest first, and a branch that is all of one child is named by it", () => {
  const { talkers, say } = world();
  for (let n = 0; n < 10; n += 1) say(`zigbee2mqtt/lamp${n}`, 5);
  say("plant/room1/soil/deep", 30);
  say("plant/room2", 5);
  say("lone", 15);
  say("$SYS/broker/uptime", 500);
  talkers.tick(1000);
  expect(talkers.top(3).map(({ name, share }) => [name, Math.round(share * 100)])).toEqual([
    ["zigbee2mqtt", 50],
    ["plant/room1", 30],
    ["lone", 15],
  ]);
});

test("who fell silent fades within minutes and is forgotten", () => {
  const { talkers, say } = world();
  say("a/b", 60);
  talkers.tick(1000);
  const [first] = talkers.top(1);
  talkers.tick(61_000);
  expect(talkers.top(1)[0]?.rate).toBeCloseTo((first?.rate ?? 0) / Math.E, 5);
  talkers.tick(1_000_000);
  expect(talkers.top(1)).toEqual([]);
});

test("topics that are not kept count as others", () => {
  const { talkers, say } = world({ topics: 1 });
  say("kept", 10);
  for (let n = 0; n < 30; n += 1) say(`flood/${n}`);
  talkers.tick(1000);
  expect(talkers.top(2).map(({ name, share }) => [name, share])).toEqual([
    ["(topics not shown)", 0.75],
    ["kept", 0.25],
  ]);
});
