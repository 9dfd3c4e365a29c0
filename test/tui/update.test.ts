import fc from "fast-check";
import { expect, test } from "vitest";
import { keyTable } from "../../tui/keys.ts";
import { visiblePins } from "../../tui/model.ts";
import { topicIndex } from "../../tui/moves.ts";
import { rowsOf, selectedIndex } from "../../tui/rows.ts";
import { bounds } from "../../tui/topic.ts";
import { TopicStore } from "../../tui/topics.ts";
import { garden, input, output, pinsView, Scene, service, status } from "./scene.ts";

const selectedTopic = (scene: Scene) => scene.state.topics.store.rows()[topicIndex(scene.state)]?.path;

test("new topics above the selection do not move it", () => {
  const scene = new Scene().online();
  for (const topic of ["m", "n"]) scene.message(topic, "1");
  scene.keys("j");
  expect(selectedTopic(scene)).toBe("n");
  for (const topic of ["a", "b", "z"]) scene.message(topic, "1");
  expect(selectedTopic(scene)).toBe("n");
});

test("folding the branch of the selection selects the branch, unfolding it brings the selection back", () => {
  const scene = new Scene().online();
  scene.message("a/b/c", "1");
  scene.keys("o", "G");
  expect(selectedTopic(scene)).toBe("a/b/c");
  scene.keys("O");
  expect(selectedTopic(scene)).toBe("a");
  scene.keys("o");
  expect(selectedTopic(scene)).toBe("a/b/c");
});

test("h goes to the parent and then folds it, l unfolds and goes in", () => {
  const scene = new Scene().online();
  scene.message("a/b", "1");
  scene.keys("l", "l");
  expect(selectedTopic(scene)).toBe("a/b");
  scene.keys("h", "h");
  expect(scene.state.topics.store.rows().length).toBe(1);
});

test("a live message is retained yes or no with MQTT 5, and not knowable with 3.1.1", () => {
  const scene = new Scene().online();
  scene.message("a", "1", false);
  expect(scene.state.topics.store.node("a")?.last?.retained).toBe("no");
  scene.act({ type: "mqtt-online", version: "3.1.1" });
  scene.message("a", "1", true);
  expect(scene.state.topics.store.node("a")?.last?.retained).toBe("yes");
  scene.message("a", "1", false);
  expect(scene.state.topics.store.node("a")?.last?.retained).toBe("unknown");
});

test("an output is switched only armed, by a dialog, with the word that the dialog showed", () => {
  const scene = garden();
  scene.keys("2", "enter");
  expect(scene.state.notice?.text).toContain("! arms them");
  scene.keys("!", "enter");
  // The state changes while the person reads: what was shown is what is sent.
  scene.act({ type: "pins", data: pinsView([output("pump-relay", { state: "OFF" })]) });
  expect(scene.keys("y")).toEqual([{ type: "set", output: "pump-relay", state: "OFF" }]);
});

test("arming ends after 60 s, also while the dialog is open", () => {
  const scene = garden();
  scene.keys("2", "!", "enter");
  scene.pass(60_001);
  expect(scene.keys("y")).toEqual([]);
  expect(scene.state.notice?.text).toContain("nothing was sent");
});

test("a lost agent disarms and closes the dialog", () => {
  const scene = garden();
  scene.keys("2", "!", "enter");
  scene.act({ type: "agent-offline", problem: "gone" });
  expect(scene.state.overlay).toBeNull();
  expect(scene.state.armedUntil).toBe(0);
});

test("with --read-only no key reaches an output, an input or the broker", () => {
  const scene = garden({ readOnly: true });
  scene.keys("2", "!", "enter", "y", "i", "y", "1", "p", "C-s");
  for (const { keys } of keyTable) scene.keys("2", ...keys, "escape", "1", ...keys, "escape");
  expect(scene.effects.filter(({ type }) => type === "set" || type === "press" || type === "publish")).toEqual([]);
});

test("a socket that may only look says so", () => {
  const scene = garden().attach({ operate: false });
  scene.keys("2", "!");
  expect(scene.state.notice?.text).toContain("may only look");
  expect(scene.state.armedUntil).toBe(0);
});

test("an input of the simulated board is pressed through a dialog, a real one never", () => {
  const scene = garden();
  scene.keys("2", "G", "i");
  expect(scene.keys("h")).toEqual([{ type: "press", input: "btn-reset", forMs: 1000 }]);
  scene.act({ type: "pins", data: pinsView([input("btn-reset")], { simulated: false }) });
  scene.keys("i");
  expect(scene.state.overlay).toBeNull();
  expect(scene.state.notice?.text).toContain("simulated board only");
});

test("a publication goes out as typed, and Ctrl-R brings it back", () => {
  const scene = garden();
  scene.keys("p", "C-u", ..."a/b", "tab", ..."on it", "tab", "space", "tab", "space");
  const publication = { topic: "a/b", payload: "on it", qos: 1, retain: true };
  expect(scene.keys("C-s")).toEqual([{ type: "publish", publication }]);
  scene.keys("p", "C-r");
  expect(scene.keys("C-s")).toEqual([{ type: "publish", publication }]);
});

test.each(["", "a/+", "#", "$SYS/x"])("the topic %j is not published to", (topic) => {
  const scene = garden();
  scene.keys("p", "C-u", ...topic);
  expect(scene.keys("C-s")).toEqual([]);
  expect(scene.state.overlay?.kind).toBe("publish");
});

test("pasted text never runs commands: a field takes it on one line, elsewhere it is ignored aloud", () => {
  const scene = garden();
  scene.act({ type: "paste", text: "q:!y" });
  expect(scene.effects.some(({ type }) => type === "quit")).toBe(false);
  expect(scene.state.notice?.text).toContain("paste ignored");
  scene.keys("/");
  scene.act({ type: "paste", text: "ro\nom" });
  expect(scene.state.topics.store.filter.text).toBe("ro om");
});

test("typing a filter filters at once, Enter keeps it, Esc clears it", () => {
  const scene = garden();
  scene.keys("/", ..."room2");
  expect(scene.state.topics.store.rows().map(({ path }) => path)).toEqual(["plant", "plant/room2", "plant/room2/climate"]);
  scene.keys("enter", "n");
  expect(selectedTopic(scene)).toBe("plant/room2/climate");
  scene.keys("escape");
  expect(scene.state.topics.store.filter.text).toBe("");
});

test("the palette does what its words say", () => {
  const scene = garden();
  scene.keys(":", ..."freeze", "enter");
  expect(scene.state.frozen).not.toBeNull();
});

test("frozen pins stay as they were, the newest state comes with the thaw", () => {
  const scene = garden();
  scene.keys("2", "z");
  scene.act({ type: "pins", data: pinsView([output("pump-relay", { state: "OFF" })]) });
  expect(scene.state.pins.data?.data.pins[0]?.state).toBe("ON");
  scene.keys("z");
  expect(scene.state.pins.data?.data.pins[0]?.state).toBe("OFF");
});

test("the switch dialog of a frozen screen tells what is, and not what was", () => {
  const scene = garden();
  scene.keys("2", "z");
  scene.act({ type: "pins", data: pinsView([output("pump-relay", { state: "OFF" })]) });
  scene.keys("!", "enter");
  expect(scene.draw(80, 24).text()).toMatch(/OFF -> ON/);
  expect(scene.keys("y")).toContainEqual({ type: "set", output: "pump-relay", state: "ON" });
});

test("the causes of the selected output are asked for, at most every two seconds while nothing happens", () => {
  const scene = garden();
  expect(scene.keys("2")).toContainEqual({ type: "why", output: "pump-relay" });
  scene.pass(1000);
  expect(scene.effects.filter(({ type }) => type === "why").length).toBe(1);
  scene.pass(1000);
  expect(scene.effects.filter(({ type }) => type === "why").length).toBe(2);
});

test("the agent pushes services only while they are shown", () => {
  const scene = garden();
  expect(scene.keys("5")).toContainEqual({ type: "watch", views: ["pins", "services"] });
  expect(scene.keys("1")).toEqual([{ type: "watch", views: ["pins"] }]);
  expect(scene.attach().effects.at(-1)).toEqual({ type: "watch", views: ["pins"] });
});

test("the share of the processor comes from two snapshots", () => {
  const scene = garden();
  scene.act({ type: "services", data: [service("a.service", { cpu_ns: 1e9 })] });
  scene.now += 1000;
  scene.act({ type: "services", data: [service("a.service", { cpu_ns: 1.25e9 })] });
  expect(scene.state.services.cpu.get("a.service")?.share).toBeCloseTo(0.25);
});

test("q leaves a zoomed pane first, Ctrl-C always quits", () => {
  const scene = garden();
  scene.keys("+", "tab");
  expect(scene.keys("q")).toEqual([]);
  expect(scene.keys("q")).toEqual([{ type: "quit" }]);
  scene.keys("p");
  expect(scene.keys("C-c")).toEqual([{ type: "quit", all: true }]);
});

test("the value is copied as bytes or text, whole", () => {
  const scene = garden();
  scene.keys("/", ..."raw", "enter", "n");
  expect(scene.keys("y")).toEqual([{ type: "copy", text: "ff000102" }]);
});

test("in any order of events the selections are valid, histories are under their caps, and every screen can be drawn", () => {
  const keys = [...new Set(keyTable.flatMap(({ keys: some }) => some))].filter((key) => key !== "C-c");
  const pin = (n: number) =>
    n % 2 ? output(`o${n}`, { state: n % 3 ? "ON" : "OFF" }) : input(`i${n}`, { state: n % 3 ? "ON" : "UNKNOWN", since: null });
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ key: fc.constantFrom(...keys, "x", "#", "~(") }) },
    {
      weight: 4,
      arbitrary: fc.record({
        topic: fc.array(fc.constantFrom("a", "b", "c", "", "$x"), { minLength: 1, maxLength: 5 }),
        payload: fc.uint8Array({ maxLength: 40 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ pins: fc.uniqueArray(fc.nat({ max: 9 }), { maxLength: 8 }) }) },
    { weight: 1, arbitrary: fc.record({ units: fc.uniqueArray(fc.nat({ max: 5 })) }) },
    { weight: 1, arbitrary: fc.record({ link: fc.constantFrom("mqtt-up", "mqtt-down", "agent-up", "agent-down", "status") }) },
    { weight: 1, arbitrary: fc.record({ pass: fc.nat({ max: 70_000 }) }) },
    { weight: 1, arbitrary: fc.record({ cols: fc.integer({ min: 1, max: 200 }), rows: fc.integer({ min: 1, max: 60 }) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const limits = { history: 4, topics: 12, nodes: 30 };
      const scene = new Scene({ store: new TopicStore(limits), mqtt: true, agent: true });
      for (const each of steps) {
        if ("key" in each) scene.keys(each.key);
        else if ("topic" in each) scene.message(each.topic.join("/"), Buffer.from(each.payload));
        else if ("pins" in each) scene.act({ type: "pins", data: pinsView(each.pins.map(pin), { at: new Date(scene.now).toISOString() }) });
        else if ("units" in each)
          scene.act({ type: "services", data: each.units.map((n) => service(`u${n}.service`, { cpu_ns: n * 1e9 })) });
        else if ("pass" in each) scene.pass(each.pass);
        else if ("cols" in each) scene.act({ type: "resize", ...each });
        else if (each.link === "mqtt-up") scene.online();
        else if (each.link === "mqtt-down") scene.act({ type: "mqtt-offline", problem: "gone" });
        else if (each.link === "agent-up") scene.attach();
        else if (each.link === "agent-down") scene.act({ type: "agent-offline", problem: "gone", absent: true });
        else scene.act({ type: "status", status: status() });
        const { state } = scene;
        const rows = state.topics.store.rows();
        const index = topicIndex(state);
        expect(rows.length === 0 ? index === -1 : index >= 0 && index < rows.length).toBe(true);
        expect(rows.every(({ history }) => history.length <= limits.history)).toBe(true);
        const pins = visiblePins(state);
        const ids = pins.map(({ id }) => id);
        expect(selectedIndex(state.pins.list, pins)).toBe(ids.length === 0 ? -1 : Math.max(0, ids.indexOf(state.pins.list.selected ?? "")));
        const rowsShown = rowsOf(state, scene.now);
        if (state.tab !== "topics") expect(selectedIndex(state[state.tab].list, rowsShown)).toBeLessThan(Math.max(1, rowsShown.length));
        scene.draw();
      }
    }),
    { numRuns: 150 },
  );
});

test("10,000 topics at 5,000 messages stay bounded and a message costs microseconds", () => {
  const scene = new Scene().online();
  for (let n = 0; n < 10_000; n += 1) scene.message(`plant/room${n % 100}/sensor${n}`, `{"value":${n}}`);
  scene.keys("o");
  scene.draw();
  const began = process.cpuUsage();
  for (let n = 0; n < 50_000; n += 1) scene.message(`plant/room${n % 100}/sensor${n % 10_000}`, `{"value":${n}}`);
  const perMessageUs = process.cpuUsage(began).user / 50_000;
  // 5,000 a second at 20 µs are a tenth of a core on this machine; a slow one gets ten times that.
  expect(perMessageUs).toBeLessThan(200);
  expect(scene.state.topics.store.bytes).toBeLessThanOrEqual(bounds.bytes + bounds.messageBytes);
});
