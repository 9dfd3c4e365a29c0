import { beforeAll, describe, expect, test } from "vitest";
import type { LogLine } from "../../../agent/protocol.ts";
import { ago, garden, packets, type Scene } from "../scene.ts";
import { answer } from "../service-scene.ts";

beforeAll(() => {
  // The clocks on the screen are those of the person's own time zone.
  process.env.TZ = "UTC";
});

const line = (number: number, some: Partial<LogLine>): LogLine => ({ number, at: ago(1000 - number), priority: 3, text: "x", ...some });
const warnings = (lines: LogLine[]) => ({ type: "service-log", answer: answer("", lines, { from: "warnings" }) }) as const;

/** The garden house with what its agent and its units have said. */
function told(): Scene {
  const scene = garden({ cols: 150, rows: 44 });
  scene.pass(1000);
  const number = 10;
  const live = { number, at: new Date(scene.now).toISOString(), direction: "received" as const, type: "PUBLISH", qos: 0, size: 20 };
  scene.act({ type: "trace", entries: [...packets(), { ...live, topic: "plant/room1/climate" }] });
  scene.act(
    warnings([
      line(1, { text: "Error: Failed to connect to the adapter (ENOENT /dev/ttyUSB0)", unit: "zigbee2mqtt.service" }),
      line(2, { number: 3, priority: 4, text: "a clock\twas set", unit: "systemd-timesyncd-of-the-whole-garden.service" }),
    ]),
  );
  return scene;
}

const below = (scene: Scene, cols = 150, rows = 44) => scene.draw(cols, rows).lines().slice(32, 42);
const asked = (scene: Scene, act: () => void) => {
  scene.effects.length = 0;
  act();
  return scene.effects.filter(({ type }) => type === "trace" || type === "service-log" || type === "watch");
};

test("below the topics of a large screen are the last packets and the warnings of all units, the newest first", () => {
  expect(`\n${below(told()).join("\n")}`).toMatchInlineSnapshot(`
    "
    ─Packet trace - 0 pkt/s ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
      10:46:02.600  <-  PUBACK       4711  - - -      -  0x10 No matching subscribers                rtt 3.2 ms
      10:46:02.700  ->  PINGREQ         -  - - -      -
      10:46:02.800  <-  PINGRESP        -  - - -      -                                              rtt 13 ms
      10:46:08.000  <-  PUBLISH         -  0 - -     20  plant/room1/climate                         {"t":21.4,"rh":48.2}
    ─Journal - FOLLOW - prio<=warning ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
      10:46:01 warn  ..f-the-whole-garden a clock    was set
      ... 1 line came faster than they could be shown ...
      10:46:01 err   zigbee2mqtt          Error: Failed to connect to the adapter (ENOENT /dev/ttyUSB0)
    "
  `);
});

test("what they show is asked for while they are there, the packets once a second", () => {
  const scene = garden({ cols: 150, rows: 44 });
  const trace = { type: "trace", after: 0, wait: 0 };
  const log = { type: "service-log", unit: "", from: "warnings", run: 0, after: 0, wait: 0 };
  expect(asked(scene, () => scene.pass(1000))).toEqual([]);
  expect(scene.state.trace.asked).not.toBeNull();
  expect(asked(scene, () => scene.act({ type: "trace", entries: packets() }))).toEqual([{ ...trace, after: 9, wait: 1000 }]);
  expect(asked(scene, () => scene.act(warnings([line(1, {})])))).toEqual([{ ...log, run: 1, after: 1, wait: 100 }]);
});

describe("nothing is asked for them", () => {
  const nothing = (scene: Scene) => {
    scene.act({ type: "trace", entries: [] });
    scene.act(warnings([]));
    expect(asked(scene, () => scene.pass(20_000))).toEqual([]);
  };
  test("on a smaller screen", () => {
    const scene = told();
    scene.act({ type: "resize", cols: 150, rows: 30 });
    nothing(scene);
    expect(scene.draw().text()).not.toContain("Packet trace");
  });
  test("when a pane has the whole screen", () => {
    const scene = told();
    expect(asked(scene, () => scene.keys("+"))).toEqual([{ type: "watch", views: ["pins"] }]);
    nothing(scene);
    expect(asked(scene, () => scene.keys("_"))).toContainEqual({ type: "watch", views: ["pins", "host", "services"] });
  });
  test("in another tab", () => {
    const scene = told();
    scene.keys("7");
    nothing(scene);
  });
  test("without an agent, and the topics have the room", () => {
    const scene = told();
    scene.act({ type: "agent-offline", problem: "gone" });
    nothing(scene);
    expect(below(scene).join("\n")).toContain("Packet trace - STALE 20s, no agent");
    expect(below(scene).join("\n")).toContain("Journal - STALE 20s, no agent - prio<=warning");
    scene.state.agent.wanted = false;
    expect(below(scene).join("\n")).not.toContain("Journal");
  });
});

test("a frozen screen keeps both", () => {
  const scene = told();
  scene.keys("z");
  const before = below(scene);
  scene.act({ type: "trace", entries: [{ number: 99, at: ago(0), direction: "sent", type: "PINGREQ" }] });
  scene.act(warnings([line(7, { text: "new" })]));
  expect(below(scene)).toEqual(before);
  scene.keys("z");
  expect(below(scene).join("\n")).toMatch(/PINGREQ.*new/s);
});

test("a payload that was found stays in its row when newer ones have come on its topic", () => {
  const scene = told();
  const row = () => below(scene).find((text) => text.includes("plant/room1/climate"));
  expect(row()).toContain('{"t":21.4');
  const before = row();
  for (let n = 0; n < 20; n++) scene.message("plant/room1/climate", "newer");
  expect(row()).toBe(before);
});

test("an agent that does not know the question is said to be older, and why there is nothing stands there", () => {
  const scene = garden({ cols: 150, rows: 44 });
  expect(below(scene)[6]).toBe(" asking the agent");
  const refused = (problem: string) => scene.act({ type: "service-log-refused", from: "warnings", unit: "", problem });
  refused('"from" must be journal or file');
  expect(below(scene)[6]).toBe(" ! the agent is older than this terminal and tells no journal of all units: 5 shows that of one");
  scene.act(warnings([]));
  expect(below(scene)[6]).toBe(" no warning of a unit yet");
  scene.act({ type: "services", data: [] });
  expect(below(scene)[6]).toBe(" no unit under services: in the configuration");
});

test("a page of the tree is as high as the tree is", () => {
  const scene = told();
  for (let n = 0; n < 100; n += 1) scene.message(`a/${String(n).padStart(3, "0")}`, "x");
  scene.keys("g", "space", "pagedown");
  expect(scene.state.topics.list.selected).toBe("a/029");
});
