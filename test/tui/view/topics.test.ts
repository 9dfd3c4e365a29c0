import { encode as toMsgpack } from "@msgpack/msgpack";
import { encode as toCbor } from "cborg";
import { describe, expect, test } from "vitest";
import { decoders } from "../../../tui/decoders.ts";
import { garden, Scene } from "../scene.ts";
import { golden } from "./golden.ts";

const evil = "\u001b]0;x\u0007\u009b2J\u202e温\ud800";

/** A climate sensor over ten minutes, and what else a garden says. */
function climate(): Scene {
  const scene = garden();
  scene.act({ type: "decoders", decoders });
  for (let n = 0; n < 60; n += 1) {
    scene.pass(10_000);
    scene.message("plant/room1/climate", `{"t":${(21 + Math.sin(n / 9)).toFixed(1)},"rh":48.2,"ok":true}`);
    if (n % 7 === 0) scene.message("plant/room2/climate", String(19 + (n % 3)));
    if (n % 20 === 0) scene.message("plant/pump", Buffer.from(toCbor({ on: n > 20, hours: [n, 1.5], id: new Uint8Array([1, 2]) })));
  }
  scene.message("plant/lamp", Buffer.from(toMsgpack({ watt: 20, since: new Date(1_363_896_240_000) })));
  return scene;
}

function at(topic: string, scene = climate()): Scene {
  scene.state.topics.store.foldAll(true);
  scene.keys("j");
  scene.state.topics.list.selected = topic;
  return scene;
}

describe("the right side of tab Topics", () => {
  golden("a value with a chart", () => at("plant/room1/climate"), ["tab", "j", "tab", "j", "enter"]);
  golden("the stream of a branch", () => at("plant"), ["tab", "tab", "j"]);
  golden("CBOR", () => at("plant/pump"), ["tab"]);
  golden("MessagePack", () => at("plant/lamp"), ["tab"]);
  golden("sorted by rate", sorted, []);
});

function sorted(): Scene {
  const scene = at("plant/room2/climate");
  scene.keys("s");
  scene.pass(1000);
  return scene;
}

const body = (scene: Scene, cols = 80, rows = 24) => scene.draw(cols, rows).lines();
const right = (scene: Scene) => body(scene).map((line) => line.slice(43).trimEnd());

test("the number under the cursor is charted, and stays while the cursor moves on over what is none", () => {
  const scene = at("plant/room1/climate");
  expect(right(scene).join("\n")).toMatch(/"t": .*<- charted/);
  scene.keys("tab", "j", "j");
  expect(right(scene).join("\n")).toMatch(/^> {2}"rh": 48.2, .*<- charted$/m);
  expect(right(scene).join("\n")).toMatch(/^─rh - 48\.2\.\.48\.2/m);
  scene.keys("j", "j");
  expect(right(scene).join("\n")).toMatch(/^>}$/m);
  expect(right(scene).join("\n")).toMatch(/"ok": true .*<- charted/);
  expect(right(scene).join("\n")).toMatch(/^─ok - /m);
});

test("the cursor stays on its value while messages with more lines come in", () => {
  const scene = at("plant/room1/climate");
  scene.draw();
  scene.keys("tab", "j", "j");
  scene.draw();
  scene.message("plant/room1/climate", '{"new":[1,2],"t":20,"rh":50}');
  expect(right(scene).join("\n")).toMatch(/^> {2}"rh": 50/m);
});

test("a lone number and ON and OFF are charted without a cursor", () => {
  const scene = at("plant/room2/climate");
  expect(right(scene).join("\n")).toMatch(/^─value - 19\.\.21 - last/m);
  for (const state of ["ON", "OFF", "ON"]) scene.message("plant/lamp2", state);
  expect(right(at("plant/lamp2", scene)).join("\n")).toMatch(/^─value - 0\.\.1 - last/m);
});

test("a chart has a gap from a lost connection to the next message", () => {
  const scene = at("plant/room2/climate");
  scene.act({ type: "mqtt-offline", problem: "gone" });
  scene.pass(600_000);
  scene.online();
  for (let n = 0; n < 20; n += 1) {
    scene.message("plant/room2/climate", String(n));
    scene.pass(1000);
  }
  expect(right(scene).join("\n")).toMatch(/^ [▁-█]+ {8,}[▁-█]+$/m);
});

test("one message makes no chart", () => {
  expect(right(at("site/heartbeat")).join("\n")).not.toContain("─value");
});

test("Enter shows an old message, new ones do not move it, and Esc brings the newest", () => {
  const scene = at("plant/room1/climate");
  scene.keys("tab", "tab", "j", "j", "enter");
  const [old] = right(scene).filter((line) => line.includes('"t":'));
  expect(right(scene).join("\n")).toContain("OLD, Esc: newest");
  scene.message("plant/room1/climate", '{"t":99,"rh":1}');
  scene.message("plant/room1/climate", '{"t":99,"rh":1}');
  expect(right(scene).filter((line) => line.includes('"t":'))[0]).toBe(old);
  expect(scene.keys("y")).toEqual([{ type: "copy", text: expect.stringContaining('"t":21.1') }]);
  scene.keys("escape");
  expect(right(scene).join("\n")).toContain('"t": 99');
  expect(right(scene).join("\n")).not.toContain("OLD");
  expect(scene.state.topics.pane).toBe(2);
});

test("an old message is not shown under another row of the tree", () => {
  const scene = at("plant/room1/climate");
  scene.keys("tab", "tab", "j", "enter", "tab", "j");
  expect(right(scene).join("\n")).not.toContain("OLD");
});

test("what is read in the history stays on its row while new messages come in above it", () => {
  const scene = at("plant/room1/climate");
  scene.draw();
  scene.keys("tab", "tab", "j", "j", "j", "j", "j", "j", "j", "j", "j");
  const before = right(scene).findIndex((line) => line.startsWith(">10"));
  for (let n = 0; n < 5; n += 1) scene.message("plant/room1/climate", '{"t":1}');
  expect(right(scene).findIndex((line) => line.startsWith(">10"))).toBe(before);
  scene.keys("F");
  expect(right(scene).filter((line) => line.startsWith(">10"))[0]).toContain('{"t":1}');
});

test("a frozen stream says how many messages it holds", () => {
  const scene = at("plant");
  expect(right(scene).join("\n")).toContain("FOLLOW");
  scene.keys("z");
  const before = right(scene).slice(2, 20);
  scene.message("plant/room1/climate", '{"t":1}');
  scene.message("plant/new", "1");
  scene.message("site/heartbeat", "2");
  expect(right(scene).join("\n")).toContain(" - 2 held - FROZEN");
  expect(right(scene).slice(5, 20)).toEqual(before.slice(3));
  scene.keys("z");
  expect(right(scene).join("\n")).toMatch(/new +1$/m);
});

test("d says which form is shown, and y copies it", () => {
  const scene = at("plant/pump");
  const forms: string[] = [];
  for (let n = 0; n < 4; n += 1) {
    scene.keys("d");
    forms.push(scene.state.notice?.text ?? "");
  }
  expect(forms).toEqual(["value: CBOR diff", "value: hex", "value: as it is (CBOR)", "value: CBOR diff"]);
  scene.keys("d", "d");
  expect(scene.keys("y")).toEqual([{ type: "copy", text: expect.stringMatching(/^\{\n {2}"id": h'0102',\n {2}"on": true,/) }]);
});

test("a form that was chosen for one topic does no harm to another", () => {
  const scene = at("plant/room1/climate");
  scene.keys("d", "d", "d");
  expect(scene.state.notice?.text).toBe("value: text");
  expect(right(at("plant/pump", scene)).join("\n")).toContain("CBOR");
});

test("hostile keys, values and topics stay in their columns", () => {
  const scene = at("plant");
  scene.message(`plant/${evil}`, Buffer.from(toCbor({ [evil]: evil, n: 1 })));
  scene.message(`plant/${evil}`, Buffer.from(toCbor({ [evil]: evil, n: 2 })));
  for (const keys of [[], ["tab"], ["tab", "enter"]]) {
    scene.keys(...keys);
    for (const [cols, rows] of [
      [40, 12],
      [80, 24],
      [150, 44],
    ] as const)
      expect(body(scene, cols, rows).every((line) => Array.from(line).length <= cols)).toBe(true);
  }
});

test("sorted by rate the liveliest branch comes first, sorted by age the newest, and the selection stays", () => {
  const scene = new Scene().online();
  for (let n = 0; n < 30; n += 1) {
    for (let often = 0; often < 8; often += 1) scene.message("b/often", "1");
    if (n % 4 === 0) scene.message("a/seldom", "1");
    if (n === 28) scene.message("c/once", "1");
    scene.pass(1000);
  }
  const order = () => scene.state.topics.store.rows().map(({ path }) => path);
  scene.keys("j", "j");
  const chosen = scene.state.topics.list.selected;
  expect([order(), chosen]).toEqual([["a", "b", "c"], "c"]);
  scene.keys("s");
  expect(scene.state.notice?.text).toBe("topics sorted by rate");
  expect(order()[0]).toBe("b");
  expect(body(scene)[1]).toContain("by rate");
  scene.keys("s");
  scene.pass(60_000);
  scene.message("c/once", "1");
  scene.pass(1000);
  expect(order()[0]).toBe("c");
  expect(scene.state.topics.list.selected).toBe(chosen);
  scene.keys("s");
  expect(order()).toEqual(["a", "b", "c"]);
});

test("a frozen tree is not sorted anew", () => {
  const scene = new Scene().online();
  for (const topic of ["a", "b"]) scene.message(topic, "1");
  scene.keys("s", "z");
  for (let n = 0; n < 20; n += 1) {
    scene.message("b", "1");
    scene.pass(1000);
  }
  expect(scene.state.topics.store.rows().map(({ path }) => path)).toEqual(["a", "b"]);
});

test.each([
  ["room2", "plant/room2/climate"],
  ["!plant", "site/heartbeat"],
  ["~^site/", "site/heartbeat"],
  ["+/heartbeat", "site/heartbeat"],
  ["=closed", "plant/room1/door"],
])("n finds the match of the filter %s", (filter, topic) => {
  const scene = garden();
  scene.keys("/", ...filter, "enter", "n");
  const { store, list } = scene.state.topics;
  expect(list.selected).toBe(topic);
  expect(store.matched).toBeGreaterThan(0);
});

test("what is wrong with a filter is said while it is typed", () => {
  const scene = garden();
  scene.keys("/", ..."~(a");
  expect(body(scene)[22]).toContain("not a regular expression: missing closing ): `(a`");
});
