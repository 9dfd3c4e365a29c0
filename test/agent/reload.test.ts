import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../agent/shell/clock.ts";
import type { OutputConfig } from "../../config/schema.ts";
import { configOf, when } from "./core/fixture.ts";
import { chip, good, line, running } from "./running.ts";
import { eventually } from "./shell/fixture.ts";

describe("a reload with 30 changed and 30 unchanged outputs", () => {
  const polarity = (index: number): "high" | "low" => (index % 2 === 0 ? "high" : "low");
  const output = (index: number, offset: number, more: Partial<OutputConfig> = {}): Partial<OutputConfig> => ({
    line: offset < 58 ? line(offset) : { kind: "offset", chip: "raspberrypi-exp-gpio", offset: offset - 58 },
    active: polarity(index),
    on_start: index % 3 === 0 ? "on" : "off",
    on_exit: index % 5 === 0 ? "on" : "off",
    ...more,
  });
  const pins = (from: number, to: number, make: (index: number) => Partial<OutputConfig>) =>
    Object.fromEntries(Array.from({ length: to - from }, (_, at) => [`out-${from + at}`, make(from + at)]));
  const before = configOf({ outputs: pins(0, 60, (index) => output(index, index)) });
  const after = configOf({
    outputs: {
      // New ones on the lines of those that go; those that move swap their lines; the rest turn their polarity around.
      new: output(1, 31),
      ...pins(40, 50, (index) => output(index, 40 + ((index + 1) % 10))),
      ...pins(50, 60, (index) => output(index, index, { active: polarity(index + 1) })),
      ...pins(0, 30, (index) => output(index, index, { max_on: index % 4 === 0 ? 60_000 : null })),
    },
  });
  const wire = (active: "high" | "low" | undefined, on: boolean) => ((active === "high") === on ? "high" : "low");

  it("makes no edge on any wire but those of the exit and start states of the changed ones", async () => {
    const { board, reloader, set, world, isOn } = running(before);
    for (let index = 0; index < 60; index += 7) set(`out-${index}`, "ON");
    for (let index = 3; index < 60; index += 7) set(`out-${index}`, "OFF");
    // What the contract names, line by line: who leaves a line puts it into its exit state, who takes it into its start state.
    const expected: string[] = [];
    const level = new Map(Array.from({ length: 60 }, (_, at) => [at, wire(polarity(at), isOn(`out-${at}`) === true)]));
    const go = (offset: number, to: "high" | "low") => {
      if (level.get(offset) !== to) expected.push(`${offset < 58 ? offset : offset - 58} ${to}`);
      level.set(offset, to);
    };
    for (let at = 30; at < 50; at++) go(at, wire(polarity(at), at % 5 === 0));
    go(31, wire(polarity(1), false));
    for (let at = 40; at < 50; at++) go(40 + ((at + 1) % 10), wire(polarity(at), at % 3 === 0));
    for (let at = 50; at < 60; at++) go(at, wire(polarity(at + 1), at % 3 === 0));
    const untouched = Array.from({ length: 30 }, (_, at) => isOn(`out-${at}`));
    board.edges.length = 0;
    board.claims.length = 0;
    world.file = good(after);
    const result = await reloader.reload("test");
    expect(result).toMatchObject({ applied: true, problems: [], restart: [] });
    expect(board.edges).toEqual(expected);
    expect(expected.length).toBeGreaterThan(20);
    expect(board.claims).toHaveLength(21);
    expect(Array.from({ length: 30 }, (_, at) => isOn(`out-${at}`))).toEqual(untouched);
    expect(board.lines(chip).flatMap(({ holder }) => holder || [])).toHaveLength(30 + 1 + 10 + 8);
    // Every output is the one that its id says, although most have another index now.
    for (const id of ["out-2", "out-45", "out-58", "new"]) {
      const { active, line: name } = after.outputs[id] ?? {};
      const offset = name?.kind === "offset" ? name.offset : -1;
      for (const word of ["ON", "OFF"] as const) {
        set(id, word);
        const label = id === "out-58" ? "raspberrypi-exp-gpio" : chip;
        expect(board.level(label, offset), `${id} ${word}`).toBe(wire(active, word === "ON"));
      }
    }
  });

  it("asks for nothing, writes nothing and publishes nothing when nothing has changed", async () => {
    const { board, reloader, sent, log } = running(before);
    for (const kept of [board.edges, board.claims, sent]) kept.length = 0;
    expect(await reloader.reload("test")).toMatchObject({ applied: true, changes: [] });
    expect([board.edges, board.claims, sent]).toEqual([[], [], []]);
    expect(log.entries.at(-1)).toBe("info: reloaded (test): no setting has changed");
  });
});

describe("a reload", () => {
  const small = configOf({
    inputs: { porch: { line: line(17), debounce: 0 } },
    outputs: { lamp: { line: line(27) }, gate: { line: line(5) } },
    rules: { toggles: when("porch press", ["lamp", "toggle"]) },
  });

  it("that finds a faulty file names every problem, tells the log, and leaves everything", async () => {
    const { board, dispatch, reloader, world, log, told, lines } = running(small);
    const now = dispatch.current;
    board.edges.length = 0;
    const at = { file: "pinbus.yaml", severity: "error" as const };
    const problems = [
      { ...at, line: 3, column: 7, message: "inputs.porch.line: it is not there", fix: "add it" },
      { ...at, line: 9, column: 1, message: 'the key "colour" is not known', fix: "remove it" },
    ];
    world.file = { ok: false, file: "/etc/pinbus.yaml", problems };
    const said = [
      "pinbus.yaml:3:7: inputs.porch.line: it is not there, add it",
      'pinbus.yaml:9:1: the key "colour" is not known, remove it',
    ];
    const refused = { file: "/etc/pinbus.yaml", applied: false, problems: said, restart: [], changes: [] };
    expect(reloader.diff()).toEqual(refused);
    expect(log.entries.filter((entry) => entry.includes("colour"))).toEqual([]);
    expect(await reloader.reload("SIGHUP")).toEqual(refused);
    expect(log.entries.slice(-3)).toEqual([
      ...said.map((line) => `warn: ${line}`),
      "warn: a reload (SIGHUP) was refused: /etc/pinbus.yaml has 2 problems; the configuration before it goes on",
    ]);
    expect(dispatch.current).toBe(now);
    expect(board.edges).toEqual([]);
    expect(lines.read(0)).toBe(false);
    expect(told).toEqual([
      "RELOADING=1\nMONOTONIC_USEC=N\n",
      "READY=1\nSTATUS=a reload (SIGHUP) was refused: /etc/pinbus.yaml has 2 problems; the configuration before it goes on\n",
    ]);
  });

  it("tells the service manager that it reloads before it looks, and that it is ready afterwards", async () => {
    const { reloader, told, world } = running(small);
    world.file = good(configOf({ outputs: { lamp: { line: line(27) } } }));
    await reloader.reload("SIGHUP");
    expect(told).toEqual(["RELOADING=1\nMONOTONIC_USEC=N\n", "READY=1\nSTATUS=lines are served; reloaded (SIGHUP): 3 changes\n"]);
  });

  it("that would need a restart applies nothing and names each setting, without a secret", async () => {
    const { reloader, world, dispatch, log } = running(small);
    const changed = configOf({ outputs: { lamp: { line: line(27), max_on: 1000 } } });
    changed.mqtt = { ...changed.mqtt, server: ["192.168.1.10"], password: "hunter2", username: "pi" };
    changed.gpio = { ...changed.gpio, board: "pi5" };
    changed.mqtt.command_ttl = 5000;
    world.file = good(changed);
    const now = dispatch.current;
    const result = await reloader.reload("cli");
    expect(result).toMatchObject({
      applied: false,
      problems: [],
      restart: [
        "gpio.board: pi4 -> pi5",
        "mqtt.server: none -> 192.168.1.10",
        "mqtt.username: none -> pi",
        "mqtt.password: none -> (hidden)",
      ],
    });
    expect(result.changes).toContain("mqtt.command_ttl: 10s -> 5s");
    expect(dispatch.current).toBe(now);
    expect(JSON.stringify([result, log.entries])).not.toContain("hunter2");
    expect(log.entries.at(-1)).toContain("gpio.board, mqtt.server, mqtt.username, mqtt.password need a restart");
  });

  it("takes a changed dead time at once, and the kind of a button and who is in an interlock at a start only", async () => {
    const pins = (kind: "button" | "switch", interlock: string | null, dead_time: number) =>
      configOf({
        inputs: { porch: { line: line(17), kind } },
        outputs: { lamp: { line: line(27), interlock: "pair" }, gate: { line: line(5), interlock } },
        interlocks: { pair: { dead_time, mode: "switch" } },
      });
    const { reloader, world, dispatch } = running(pins("button", "pair", 100));
    world.file = good(pins("switch", null, 100));
    expect(await reloader.reload("cli")).toMatchObject({
      applied: false,
      restart: ["inputs.porch.kind: button -> switch", "outputs.gate.interlock: pair -> none"],
    });
    world.file = good(pins("button", "pair", 400));
    expect(await reloader.reload("cli")).toMatchObject({ applied: true, changes: ["interlocks.pair.dead_time: 100ms -> 400ms"] });
    expect(dispatch.current.plan.outputs[0]?.interlock?.deadTime).toBe(400);
  });

  it("says in diff what it will do to each line, and moves nothing before", async () => {
    const { reloader, world, board, dispatch } = running(small);
    const now = dispatch.current;
    board.edges.length = 0;
    world.file = good(
      configOf({
        inputs: { bell: { line: line(17), bias: "pull-up" } },
        outputs: {
          lamp: { line: { kind: "pin", pin: 13 } },
          gate: { line: line(6), on_start: "on" },
          fan: { line: line(5), active: "low" },
        },
      }),
    );
    const { changes } = reloader.diff();
    expect(changes).toEqual([
      "inputs.porch: removed; its line is released",
      `inputs.bell: new, { line: ${chip}:17, bias: pull-up }`,
      `outputs.lamp.line: ${chip}:27 -> pin13; the same line, nothing is released`,
      `outputs.gate.line: ${chip}:5 -> ${chip}:6; its line goes off and is released, and the new one is requested, starting on`,
      "outputs.gate.on_start: off -> on",
      `outputs.fan: new, { line: ${chip}:5, active: low }; it starts off`,
      "rules.toggles: removed",
    ]);
    expect([dispatch.current === now, board.edges]).toEqual([true, []]);
    expect((await reloader.reload("test")).changes).toEqual(changes);
    expect(reloader.diff().changes).toEqual([]);
    expect([board.level(chip, 6), board.level(chip, 5)]).toEqual(["high", "high"]);
  });

  it("lets a pulse that is running end once, on the wire of its output", async () => {
    const { board, reloader, set, world } = running(small);
    board.edges.length = 0;
    set("gate", "PULSE", 80);
    world.file = good(configOf({ outputs: { fan: { line: line(27) }, gate: { line: line(5) } } }));
    await reloader.reload("test");
    await eventually(() => board.edges).toEqual(["5 high", "5 low"]);
  });

  it("lets a button work whose index has changed, and one that is new, with event numbers that are reserved", async () => {
    const { board, reloader, world, sent, isOn, folder } = running(small);
    world.file = good(
      configOf({
        inputs: { bell: { line: line(22), debounce: 0 }, porch: { line: line(17), debounce: 0 } },
        outputs: { fan: { line: line(6) }, lamp: { line: line(27) } },
        rules: { toggles: when("porch press", ["lamp", "toggle"]), rings: when("bell press", ["fan", "on"]) },
      }),
    );
    await reloader.reload("test");
    expect(world.cleared).toEqual(["pinbus/garage/out/gate/state", "pinbus/garage/out/gate/attr"]);
    for (const offset of [17, 22]) board.press(chip, offset, "high");
    for (const offset of [17, 22]) board.press(chip, offset, "low");
    await eventually(() => [isOn("lamp"), isOn("fan")]).toEqual([true, true]);
    const events = () => sent.flatMap(({ topic, payload }) => (topic.endsWith("bell/event") ? [JSON.parse(String(payload)).seq] : []));
    await eventually(events).toEqual([1]);
    expect(JSON.parse(readFileSync(join(folder, "seq.json"), "utf8"))).toEqual({ bell: 1001, "rule/rings": 1001 });
    // Taken out and put in again it goes on above what was reserved.
    const both = world.file;
    for (const file of [good(small), both]) {
      world.file = file;
      await reloader.reload("test");
    }
    for (const level of ["high", "low"] as const) board.press(chip, 22, level);
    await eventually(events).toEqual([1, 1001]);
  });

  it("reserves the event numbers of rules that a profile makes, as of others", async () => {
    const { reloader, world, folder } = running(small);
    const { clock, ...box } = small.owlcms;
    world.file = good({ ...small, owlcms: { ...box, clock: { ...clock, horn: ["lamp"] } } });
    await reloader.reload("test");
    const reserved = JSON.parse(readFileSync(join(folder, "seq.json"), "utf8"));
    expect(reserved).toMatchObject({ "rule/owlcms-90-seconds": 1001, "rule/owlcms-ask": 1001 });
  });

  it("keeps a line that is not there a problem of its own, and asks for it until it is", async () => {
    const { board, reloader, world, dispatch } = running(small);
    board.hold(chip, 6, "gpio-led");
    world.file = good(configOf({ outputs: { gate: { line: line(6) }, lamp: { line: line(27) } } }));
    await reloader.reload("test");
    expect(dispatch.state.outputs.map(({ problem }) => problem)).toEqual([expect.stringContaining("gpio-led"), null]);
    board.free(chip, 6);
    await eventually(() => dispatch.state.outputs[0]?.problem).toBeNull();
  });

  it("is done once for all who ask before it begins, one after the other", async () => {
    const { reloader, world, told } = running(small);
    const first = reloader.reload("a");
    expect(reloader.reload("b")).toBe(first);
    await first;
    const all = [reloader.reload("c"), reloader.reload("d")];
    await Promise.all(all);
    expect(world.loads).toBe(2);
    expect(told.map((text) => text.split("=")[0])).toEqual(["RELOADING", "READY", "RELOADING", "READY"]);
  });

  it("is not done by an agent that stops", async () => {
    const { reloader, world, send, board } = running(small);
    send({ type: "stop-requested", at: systemClock.now() });
    board.claims.length = 0;
    world.file = good(configOf({ outputs: { fan: { line: line(6) } } }));
    expect(await reloader.reload("test")).toMatchObject({ applied: false, problems: ["the agent is stopping"] });
    expect(board.claims).toEqual([]);
  });
});
