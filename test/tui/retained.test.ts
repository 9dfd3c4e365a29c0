import { describe, expect, test } from "vitest";
import type { RetainedEvent } from "../../tui/retained.ts";
import { garden, Scene } from "./scene.ts";
import { golden } from "./view/golden.ts";

const found = (topics: number): { type: "retained"; event: RetainedEvent } => ({
  type: "retained",
  event: { kind: "found", topics, path: "~/.local/state/pinbus/retained-20261120-104602.jsonl" },
});
const asked = () => {
  const scene = garden();
  scene.keys("D");
  return scene;
};
const open = (topics = 316) => {
  const scene = asked();
  scene.act(found(topics));
  return scene;
};
const notice = (scene: Scene) => scene.state.notice?.text;
const wish = (kind: string) => [{ type: "retained", wish: { kind } }];

test("D asks the broker what it keeps below the selection", () => {
  const scene = garden();
  expect(scene.keys("D")).toEqual([{ type: "retained", wish: { kind: "ask", branch: "plant" } }]);
});

test("only the count that is shown clears", () => {
  const scene = open();
  expect(scene.keys("enter")).toEqual([]);
  expect(scene.keys(..."31", "enter")).toEqual([]);
  expect(notice(scene)).toContain("type 316 to confirm");
  expect(scene.keys(..."6", "enter")).toEqual(wish("clear"));
  expect(scene.state.overlay).toBeNull();
});

test("nothing is cleared while the broker is still being asked, whatever is typed", () => {
  const scene = asked();
  expect(scene.keys(..."0", "enter")).toEqual([]);
  expect(scene.keys("b")).toEqual([]);
  expect(scene.keys("escape")).toEqual(wish("stop"));
});

test("b writes a backup only, Esc does nothing", () => {
  expect(open().keys(..."316", "b")).toEqual(wish("backup"));
  const scene = open();
  expect(scene.keys(..."316", "escape")).toEqual(wish("stop"));
  expect(scene.state.overlay).toBeNull();
});

test("a paste types digits only", () => {
  const scene = open();
  scene.act({ type: "paste", text: "b\n316" });
  expect(scene.keys("enter")).toEqual([]);
  scene.act({ type: "paste", text: "316" });
  expect(scene.keys("enter")).toEqual(wish("clear"));
});

test("the progress stands in the message line, and Esc stops it", () => {
  const scene = open();
  scene.keys(..."31", "enter", "6", "enter");
  scene.act({ type: "retained", event: { kind: "progress", done: 120 } });
  expect(scene.draw().text()).toContain("clearing retained: 120 of 316, Esc stops, below plant");
  expect(scene.keys("escape")).toEqual(wish("stop"));
  expect(scene.draw().text()).toContain("stopping");
  scene.act({ type: "retained", event: { kind: "ended", text: "stopped: 121 of 316 cleared", ok: true } });
  expect(scene.state.clearing).toBeNull();
  expect(scene.draw().text()).toContain("stopped: 121 of 316 cleared");
});

test.each(["5", "3.1.1"] as const)("with MQTT %s an empty message is not shown as kept", (version) => {
  const scene = new Scene().online();
  scene.act({ type: "mqtt-online", version });
  scene.message("a", "1", true);
  scene.message("a", "", true);
  expect(scene.state.topics.store.node("a")?.last?.retained).toBe("no");
  scene.message("a", "");
  expect(scene.state.topics.store.node("a")?.last?.retained).toBe("no");
});

test("one branch at a time", () => {
  const scene = open();
  scene.keys(..."316", "enter");
  expect(scene.keys("D")).toEqual([]);
  expect(notice(scene)).toContain("Esc stops that");
});

test("where nothing is kept there is nothing to clear", () => {
  const scene = open(0);
  expect(scene.state.overlay).toBeNull();
  expect(notice(scene)).toBe("no topic holds a retained message below plant");
});

test("an answer that comes after Esc opens nothing", () => {
  const scene = asked();
  scene.keys("escape");
  scene.act(found(316));
  expect(scene.state.overlay).toBeNull();
});

test("a link that is lost closes the dialog and says so", () => {
  const scene = open();
  scene.act({ type: "retained", event: { kind: "ended", text: "the broker closed the connection: nothing was cleared", ok: false } });
  expect(scene.state.overlay).toBeNull();
  expect(notice(scene)).toContain("nothing was cleared");
});

describe("it is refused", () => {
  test("for what begins with $", () => {
    const scene = new Scene().online();
    scene.message("$SYS/broker/uptime", "1");
    expect(scene.keys("D")).toEqual([]);
    expect(notice(scene)).toContain("belong to the broker");
  });

  test("for a topic of a broker that has wildcards in it", () => {
    const scene = new Scene().online();
    scene.message("#", "1");
    expect(scene.keys("D")).toEqual([]);
  });

  test("with no topic and without a broker", () => {
    expect(new Scene().online().keys("D")).toEqual([]);
    const scene = garden();
    scene.act({ type: "mqtt-offline", problem: "gone" });
    expect(scene.keys("D")).toEqual([]);
  });

  test("with --read-only", () => {
    const scene = garden({ readOnly: true });
    expect(scene.keys("D")).toEqual([]);
    scene.keys(":", ..."clear what", "enter");
    expect(scene.effects.filter(({ type }) => type === "retained")).toEqual([]);
  });
});

golden("Clear retained", () => {
  const scene = open();
  scene.keys(..."31");
  return scene;
}, []);
golden("Clear retained, while the broker is asked", asked, []);
