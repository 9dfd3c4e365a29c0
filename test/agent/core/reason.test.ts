import { describe, expect, it } from "vitest";
import type { RuleConfig } from "../../../config/schema.ts";
import { configOf, rule } from "./fixture.ts";
import { World } from "./world.ts";

type Trigger = Partial<RuleConfig["when"][number]>;

/** Why the lamp is on when one rule has switched it on. */
function told(trigger: Trigger, play: (world: World) => void): unknown {
  const inputs = {
    porch: { window: 300 },
    door: { kind: "switch" },
    knob: { kind: "encoder", line_b: { kind: "gpio", gpio: 26 } },
  } as const;
  const peers = { plug: { topic: "tele/plug/LWT", online: "Online", offline: "Offline" } };
  const rules = { one: rule([trigger], [{ output: "lamp", set: "on" }]), other: rule([{ input: "door", is: "on" }], []) };
  const world = new World(configOf({ inputs, outputs: { lamp: {}, fan: {} }, peers, rules }));
  play(world);
  return world.attr("lamp").text;
}

const clicks = (count: number) => (world: World) => {
  for (let click = 0; click < count; click++) world.press("porch", 100, 100);
  world.advance(1000);
};
const comes = (world: World) => world.dispatch({ type: "time-came", trigger: world.plan.listeners.clock[0]?.trigger ?? -1, at: world.now });
const peer = (online: boolean) => (world: World) => {
  for (const now of [!online, online]) world.dispatch({ type: "peer-changed", peer: 0, online: now, at: world.now });
  world.advance(60_000);
};

describe("what set a rule going, for a stranger", () => {
  it.each<[string, Trigger, (world: World) => void]>([
    ["porch was pressed", { input: "porch", gesture: "press" }, clicks(1)],
    ["porch was released (100 ms)", { input: "porch", gesture: "release" }, clicks(1)],
    ["porch was pressed (100 ms)", { input: "porch", clicks: 1 }, clicks(1)],
    ["porch was pressed twice (300 ms)", { input: "porch", gesture: "double" }, clicks(2)],
    ["porch was pressed three times (500 ms)", { input: "porch", gesture: "triple" }, clicks(3)],
    ["porch was pressed four times (700 ms)", { input: "porch", clicks: 4 }, clicks(4)],
    ["porch was pressed five times (900 ms)", { input: "porch", clicks: 5 }, clicks(5)],
    ["porch was held", { input: "porch", gesture: "hold" }, (world) => world.press("porch", 700)],
    ["porch was still held", { input: "porch", gesture: "repeat" }, (world) => world.press("porch", 900)],
    ["porch was let go after a hold (1 min)", { input: "porch", gesture: "hold_end" }, (world) => world.press("porch", 60_012)],
    ["door went on", { input: "door", gesture: "press" }, (world) => world.press("door", 100)],
    ["door went off (100 ms)", { input: "door", gesture: "release" }, (world) => world.press("door", 100)],
    ["door went on", { input: "door", is: "on" }, (world) => world.press("door", 100)],
    ["door was on for 5 s", { input: "door", is: "on", for: 5000 }, (world) => world.press("door", 9000)],
    ["the broker was connected", { broker: "connected" }, (world) => world.link(true)],
    ["peer plug went offline", { peer: "plug", is: "offline" }, peer(false)],
    ["peer plug came online", { peer: "plug", is: "online" }, peer(true)],
    ["peer plug was online for 1 min", { peer: "plug", is: "online", for: 60_000 }, peer(true)],
    ["rule other fired; before", { rule: "other" }, (world) => world.press("door", 100)],
    ["the agent started", { start: "true" }, (world) => world.dispatch({ type: "started", held: false, at: world.now })],
    ["it was 07:30", { time: 450, days: ["mon"] }, comes],
    ["it was sunset", { sun: "sunset" }, comes],
    ["it was 30 min before sunrise", { sun: "sunrise", offset: -1_800_000 }, comes],
  ])("%s", (words, trigger, play) => {
    const [happened, before] = words.split("; ");
    expect(told(trigger, play)).toBe(
      `ON because ${happened} and rule one says on${before === undefined ? "" : "; before that: door is on, rule other"}`,
    );
  });

  it("is told for both ways of a knob", () => {
    const turn = (steps: [a: boolean, b: boolean][]) => (world: World) => {
      for (const [a, b] of steps) {
        world.edge("knob", a);
        world.edgeB("knob", b);
        world.advance(10);
      }
    };
    const right: [boolean, boolean][] = [
      [true, false],
      [true, true],
      [false, true],
      [false, false],
    ];
    const left: [boolean, boolean][] = [
      [false, true],
      [true, true],
      [true, false],
      [false, false],
    ];
    expect(told({ input: "knob", gesture: "right" }, turn(right))).toBe("ON because knob was turned right and rule one says on");
    expect(told({ input: "knob", gesture: "left" }, turn(left))).toBe("ON because knob was turned left and rule one says on");
  });

  it("is nothing while the line is not ours", () => {
    const lost = (world: World) => {
      world.press("porch", 100);
      world.loseOutput("lamp");
    };
    expect(told({ input: "porch", gesture: "press" }, lost)).toBeNull();
  });
});
