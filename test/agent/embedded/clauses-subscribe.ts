import { type Clause, closes, equals } from "./clauses.ts";
import { broken } from "./clauses-connect.ts";
import { packet, text } from "./packets.ts";
import type { Rig } from "./rig.ts";
import { messageOf, publishPacket, subscribePacket, unsubscribePacket } from "./wire.ts";

/** Which of these topics, all below one of its own, a subscription gets; the filter stands for what is below, too. */
async function matched(rig: Rig, filter: string, topics: readonly string[]): Promise<string[]> {
  const top = rig.name();
  const { rest } = await rig.listen([[`${top}/${filter}`, 1]]);
  for (const topic of topics) await rig.publish(topic === "" ? top : `${top}/${topic}`, "x");
  return (await rest()).map(({ topic }) => topic.slice(top.length + 1));
}

/** Codes of a SUBACK. */
async function codes(rig: Rig, filters: readonly (readonly [string, number])[]): Promise<number[] | string> {
  const wire = await rig.connect();
  wire.send(subscribePacket(filters));
  const got = await wire.next(0x90);
  return got === "closed" ? got : [...got.body.subarray(2)];
}

/** The QoS of each copy of one message. */
async function copies(rig: Rig, filters: (topic: string) => (readonly [string, number])[], qos: number): Promise<number[]> {
  const topic = `${rig.name()}/x`;
  const { rest } = await rig.listen(filters(topic));
  const publisher = await rig.connect();
  publisher.send(publishPacket(topic, "x", { qos }));
  if (qos > 0) await publisher.next(qos === 1 ? 0x40 : 0x50);
  if (qos === 2) publisher.send([0x62, 2, 0, 1]);
  if (qos === 2) await publisher.next(0x70);
  return (await rest()).map((message) => message.qos);
}

/** Topics that come after these filters are given up. */
async function after(rig: Rig, subscribed: readonly string[], given: readonly string[]): Promise<string[]> {
  const top = rig.name();
  const { wire, rest } = await rig.listen(subscribed.map((filter) => [`${top}/${filter}`, 0]));
  wire.send(unsubscribePacket(given.map((filter) => `${top}/${filter}`)));
  await wire.next(0xb0);
  for (const topic of ["a", "b", "c"]) await rig.publish(`${top}/${topic}`, "x");
  return (await rest()).map(({ topic }) => topic.slice(top.length + 1));
}

const filterFate = (filter: string | Buffer) => (rig: Rig) => rig.fateOf(subscribePacket([[filter, 0]]));

/** MQTT 3.1.1 sections 3.8 to 3.11 and 4.7. */
export const subscribeClauses: readonly Clause[] = [
  closes("MQTT-3.8.3-1", "takes no filter that is not UTF-8", filterFate(broken)),
  closes("MQTT-3.8.3-3", "takes no SUBSCRIBE without a filter", (rig) => rig.fateOf([0x82, 2, 0, 1])),
  closes("MQTT-3.8.3-4 (QoS)", "takes no subscription of QoS 3", (rig) => rig.fateOf(subscribePacket([["a", 3]]))),
  closes("MQTT-3.8.3-4 (reserved)", "takes no reserved bits of a subscription", (rig) => rig.fateOf(subscribePacket([["a", 4]]))),
  equals([0], "MQTT-3.8.4-1", "answers a SUBSCRIBE", (rig) => codes(rig, [["a", 0]])),
  equals([1, 0], "MQTT-3.8.4-3", "replaces a subscription and sends what is retained again", async (rig) => {
    const [topic, end] = [rig.name(), rig.name()];
    await rig.publish(topic, "x", { retain: true });
    const wire = await rig.connect();
    wire.send(
      subscribePacket([
        [end, 0],
        [topic, 1],
      ]),
    );
    await wire.next(0x30);
    wire.send(subscribePacket([[topic, 0]]));
    await wire.next(0x30);
    return (await rig.until(wire, end)).map(({ qos }) => qos);
  }),
  equals([1], "MQTT-3.8.4-3 (once)", "has one subscription of one filter", (rig) =>
    copies(
      rig,
      (topic) => [
        [topic, 0],
        [topic, 1],
      ],
      1,
    ),
  ),
  equals([2, 0, 1], "MQTT-3.8.4-4", "answers every filter in order", (rig) =>
    codes(rig, [
      ["a", 2],
      ["b", 0],
      ["c/#", 1],
    ]),
  ),
  equals([0, 1, 1, 2], "MQTT-3.8.4-5", "answers a filter each time that it stands in a SUBSCRIBE", (rig) =>
    codes(rig, [
      ["a", 0],
      ["b", 1],
      ["a", 1],
      ["c", 2],
    ]),
  ),
  equals(200, "MQTT-3.8.4-5 (many)", "also when there are many of them", async (rig) => {
    const wire = await rig.connect();
    wire.send(subscribePacket(Array.from({ length: 200 }, (_, index) => [`a/${index % 2}`, 0])));
    const got = await wire.next(0x90);
    return got === "closed" ? got : got.body.length - 2;
  }),
  equals([1], "MQTT-3.8.4-6", "sends nothing with a higher QoS than was granted", (rig) => copies(rig, (topic) => [[topic, 1]], 2)),
  equals([1], "MQTT-3.8.4-6 (wildcard)", "nor to a filter with a wildcard", (rig) =>
    copies(rig, (topic) => [[topic.replace("/x", "/#"), 1]], 2),
  ),
  equals([0], "MQTT-3.8.4-6 (raised)", "nor with a higher one than was published", (rig) => copies(rig, (topic) => [[topic, 2]], 0)),
  equals(2, "MQTT-3.3.5-1", "gives a message the highest QoS of the overlapping subscriptions", async (rig) =>
    Math.max(
      ...(await copies(
        rig,
        (topic) => [
          [topic.replace("/x", "/+"), 0],
          [topic.replace("/x", "/#"), 2],
          [topic, 1],
        ],
        2,
      )),
    ),
  ),
  equals([2], "MQTT-3.3.5-1 (wildcards)", "also when none of them is the very topic", (rig) =>
    copies(
      rig,
      (topic) => [
        [topic.replace("/x", "/+"), 0],
        [topic.replace("/x", "/#"), 2],
      ],
      2,
    ),
  ),
  equals([2], "MQTT-3.3.5-1 (other order)", "in whichever order they came", (rig) =>
    copies(
      rig,
      (topic) => [
        [topic.replace("/x", "/#"), 0],
        [topic.replace("/x", "/+"), 2],
      ],
      2,
    ),
  ),
  equals(
    1,
    "MQTT-3.3.5 (once)",
    "sends one copy for overlapping subscriptions",
    async (rig) =>
      (
        await copies(
          rig,
          (topic) => [
            [topic.replace("/x", "/+"), 1],
            [topic, 1],
          ],
          1,
        )
      ).length,
  ),
  closes("MQTT-3.10.3-2", "takes no UNSUBSCRIBE without a filter", (rig) => rig.fateOf([0xa2, 2, 0, 1])),
  closes("MQTT-3.10.3-1", "takes no UNSUBSCRIBE of a filter that is not UTF-8", (rig) => rig.fateOf(packet(0xa2, [0, 1], text(broken)))),
  equals(["a", "b", "c"], "MQTT-3.10.4-1", "compares filters character by character", (rig) => after(rig, ["+"], ["a", "#"])),
  equals(["b", "c"], "MQTT-3.10.4-2", "sends nothing to a subscription that was given up", (rig) => after(rig, ["a", "b", "c"], ["a"])),
  equals(["b"], "MQTT-3.10.4-6", "takes several filters in one UNSUBSCRIBE", (rig) => after(rig, ["a", "b", "c"], ["a", "c"])),
  equals("answers", "MQTT-3.10.4-5", "answers an UNSUBSCRIBE of what was not subscribed", async (rig) => {
    const wire = await rig.connect();
    wire.send(unsubscribePacket([rig.name()]));
    return (await wire.next(0xb0)) === "closed" ? "closes" : "answers";
  }),
  closes("MQTT-4.7.1-2 (level)", "takes # at the end of a level only", filterFate("a#")),
  closes("MQTT-4.7.1-2 (last)", "takes # at the end of a filter only", filterFate("a/#/b")),
  closes("MQTT-4.7.1-2 (word)", "takes no # in a word", filterFate("sport/tennis#")),
  closes("MQTT-4.7.1-3 (end)", "takes no + at the end of a word", filterFate("a+")),
  closes("MQTT-4.7.1-3 (start)", "takes no + at the start of a word", filterFate("+a")),
  closes("MQTT-4.7.1-3 (level)", "takes + as a whole level only", filterFate("sport+/b")),
  equals(["", "a", "a/b", "/"], "MQTT-4.7.1 (#)", "gives # its parent and everything below", (rig) =>
    matched(rig, "#", ["", "a", "a/b", "/"]),
  ),
  equals(["a"], "MQTT-4.7.1 (+)", "gives + one level", (rig) => matched(rig, "+", ["a", "a/b", ""])),
  equals(["a/", "/a"], "MQTT-4.7.1 (empty)", "counts empty levels", async (rig) => matched(rig, "+/+", ["a/", "/a", "a", "a/b/c"])),
  equals([], "MQTT-4.7.2-1 (live)", "sends no $ topic to a filter that starts with a wildcard", async (rig) => {
    const end = rig.name();
    const wire = await rig.connect();
    wire.send(
      subscribePacket([
        ["#", 0],
        ["+/broker/uptime", 0],
        ["$SYS/broker/uptime", 0],
      ]),
    );
    await wire.next(0x30);
    wire.send(unsubscribePacket(["$SYS/broker/uptime"]));
    await wire.next(0xb0);
    const before = wire.received.length;
    await rig.until(wire, end);
    return wire.received
      .slice(before)
      .filter(({ first }) => first >> 4 === 3)
      .map(messageOf)
      .filter(({ topic }) => topic.startsWith("$"));
  }),
  equals([], "MQTT-4.7.2-1 (retained)", "nor when it is retained", async (rig) =>
    (await rig.retained("+/broker/#")).filter(({ topic }) => topic.startsWith("$")),
  ),
  closes("MQTT-4.7.3-1 (filter)", "takes no empty filter", filterFate("")),
  closes("MQTT-4.7.3-1 (topic)", "takes no empty topic", (rig) => rig.fateOf(publishPacket("", "x"))),
  equals(65_000, "MQTT-4.7.3-3", "takes long topics", async (rig) => {
    const topic = `${rig.name()}/`.padEnd(65_000, "x");
    await rig.publish(topic, "x", { retain: true });
    return (await rig.retained(topic))[0]?.topic.length;
  }),
  equals(["a"], "MQTT-4.7.3-4", "tells capital letters from small ones", (rig) => matched(rig, "a", ["A", "a", "/a", "a/"])),
];
