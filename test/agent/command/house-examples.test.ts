import { describe, expect, it } from "vitest";
import type { SimStep } from "../../../agent/protocol.ts";
import { eventually } from "../shell/fixture.ts";
import { House } from "./house.ts";

describe("the example doorbell", () => {
  it("rings the chime, flashes the lamp and calls the kitchen, once; quiet it only flashes", async () => {
    const house = await House.start("doorbell");
    // A tablet in the kitchen that shows who is there, and takes no old visitor.
    let visitors = 0;
    house.hear((topic, payload) => {
      if (topic === "in/bell/event" && JSON.parse(payload).event_type === "ring") visitors += 1;
    });
    await house.press("bell");
    await eventually(() => house.said("out/chime/state", "ON")).toBe(1);
    await eventually(() => house.last("out/chime/state")).toBe("OFF");
    await eventually(() => house.said("out/lamp/state", "ON")).toBeGreaterThan(2);
    await eventually(() => visitors).toBe(1);
    expect(house.seen.find(({ topic }) => topic === "in/bell/event")).toMatchObject({ retain: false });

    await house.level("quiet", true);
    await eventually(() => house.last("in/quiet/state")).toBe("ON");
    const flashes = house.said("out/lamp/state", "ON");
    await house.press("bell");
    await eventually(() => visitors).toBe(2);
    await eventually(() => house.said("out/lamp/state", "ON")).toBeGreaterThan(flashes);
    expect(house.said("out/chime/state", "ON")).toBe(1);
  });
});

describe("the example garage-gate", () => {
  it("opens and closes a gate from one button, says where it is, and never drives both ways at once", async () => {
    const house = await House.start("garage-gate");
    // The drive: a pulse on OPEN or CLOSE moves it to that end, where a contact closes.
    const on = new Set<string>();
    let both = false;
    const moves: Promise<void>[] = [];
    const move = async (from: string, to: string) => {
      await house.level(from, false);
      await house.level(to, true);
    };
    house.hear((topic, payload) => {
      const relay = /^out\/(gate-(?:open|close))\/state$/.exec(topic)?.[1];
      if (relay === undefined) return;
      if (payload === "ON") {
        on.add(relay);
        moves.push(relay === "gate-open" ? move("closed", "opened") : move("opened", "closed"));
      } else on.delete(relay);
      both ||= on.size > 1;
    });
    await house.level("closed", true);
    await eventually(() => house.last("in/closed/state")).toBe("ON");
    await house.press("button");
    await eventually(() => house.last("in/opened/state")).toBe("ON");
    expect(house.last("in/closed/state")).toBe("OFF");
    await eventually(() => house.last("out/light/state")).toBe("ON");
    await eventually(() => house.last("out/gate-open/state")).toBe("OFF");
    await house.press("button");
    await eventually(() => house.last("in/closed/state")).toBe("ON");
    expect(house.said("out/gate-open/state", "ON")).toBe(1);
    await eventually(() => house.last("out/gate-close/state")).toBe("OFF");
    // A hub that asks for both, one right after the other: the last word counts, after the dead time.
    await house.twin.publishAsync("pinbus/house/out/gate-open/set", "PULSE", { qos: 1 });
    await house.twin.publishAsync("pinbus/house/out/gate-close/set", "PULSE", { qos: 1 });
    await eventually(() => house.said("out/gate-close/state", "ON")).toBe(2);
    await Promise.all(moves);
    expect(both).toBe(false);
  });
});

describe("the example water-meter", () => {
  it("counts litres until a leak closes the valve, and lets nobody but a person open it", async () => {
    const house = await House.start("water-meter");
    expect(await house.agent.ask("set", "meter", "123.456")).toMatchObject({ code: 0 });
    // The main: ten litres a second, while the valve is open.
    const flow = async (litres: number) => {
      if (house.last("out/valve/state") !== "OFF") return;
      const litre = (after_ms: number, active: boolean): SimStep => ({ after_ms, do: "level", input: "meter", active });
      const steps = Array.from({ length: litres }, (_, index) => [litre(index * 100, true), litre(index * 100 + 50, false)]);
      await house.agent.client.request("sim-play", { steps: steps.flat() });
    };
    const total = () => JSON.parse(house.last("counter/meter/state") ?? "{}").total;
    await eventually(() => house.last("out/valve/state")).toBe("OFF");
    await flow(4);
    await eventually(total).toBe(123.46);
    await house.level("leak", true);
    await eventually(() => house.last("out/valve/state")).toBe("ON");
    await eventually(() => house.last("out/alarm/state")).toBe("ON");
    await eventually(() => house.last("home/notify")).toContain("water on the floor");
    await flow(4);
    expect(total()).toBe(123.46);
    await house.level("leak", false);
    await eventually(() => house.last("in/leak/state")).toBe("OFF");
    expect(house.last("out/valve/state")).toBe("ON");
    expect(await house.agent.ask("set", "valve", "off")).toMatchObject({ code: 0 });
    await eventually(() => house.last("out/valve/state")).toBe("OFF");
    await flow(1);
    await eventually(total).toBe(123.461);
  });
});

describe("the example pi-health", () => {
  it("tells a monitor what the Pi is like and what is wrong, and its lamp goes out with the first connection", async () => {
    const house = await House.start("pi-health");
    await eventually(() => house.last("out/trouble/state")).toBe("OFF");
    await eventually(() => house.last("status")).toBe("online");
    await house.agent.ask("sim", "sensor", "cpu", "48.3");
    await eventually(() => JSON.parse(house.last("sensor/cpu/state") ?? "{}").temperature).toBe(48.3);
    await house.agent.ask("sim", "sensor", "cpu", "fail", "no such zone");
    await eventually(() => house.last("health")).toContain("sensor cpu failed: no such zone");
    // A monitor that came later asks for everything again, and for a report.
    house.seen.length = 0;
    await house.twin.publishAsync("pinbus/house/cmd/resync", "", { qos: 1 });
    await eventually(() => house.last("info")).toContain('"sensors":["cpu"]');
    await house.twin.publishAsync("pinbus/house/cmd/diag", "", { qos: 1 });
    await eventually(() => house.last("cmd/diag/result")).toContain('"ok":true');
    await eventually(() => house.last("$SYS/host/load/1min")).toMatch(/^\d/);
  });
});

describe("the example garden", () => {
  it("waters one bed at a time, by hand too, and stops for the rain", async () => {
    const house = await House.start("garden");
    // The pipe: its pressure breaks down when both valves are open.
    const open = new Set<string>();
    let burst = false;
    house.hear((topic, payload) => {
      const valve = /^out\/(beds|lawn)\/state$/.exec(topic)?.[1];
      if (valve === undefined) return;
      if (payload === "ON") open.add(valve);
      else open.delete(valve);
      burst ||= open.size > 1;
    });
    await house.press("beds-button");
    await eventually(() => house.last("out/beds/state")).toBe("ON");
    await house.press("lawn-button");
    await eventually(() => house.last("out/lawn/state")).toBe("ON");
    expect(house.last("out/beds/state")).toBe("OFF");
    const { stdout } = await house.agent.ask("why", "lawn");
    expect(stdout).toContain("lawn-button");
    await house.level("rain", true);
    await eventually(() => house.last("out/lawn/state")).toBe("OFF");
    const { pins } = await house.agent.client.request("pins", {});
    expect(pins.filter(({ kind, state }) => kind === "output" && state !== "OFF")).toEqual([]);
    expect(burst).toBe(false);
  });
});

describe("the example growbuddy-plug", () => {
  it("is switched as plug_fillerup is, by its button too, ends by PulseTime, and never fills a full tank", async () => {
    const house = await House.start("growbuddy-plug");
    // The controller of the tent, and its owner with mosquitto_pub.
    const tell = (command: string, payload: string) => house.twin.publishAsync(`cmnd/plug_fillerup/${command}`, payload, { qos: 1 });
    const power = () => house.last("stat/plug_fillerup/POWER");
    await eventually(() => house.last("tele/plug_fillerup/LWT")).toBe("Online");
    await tell("POWER", "on");
    await eventually(power).toBe("ON");
    expect(house.last("stat/plug_fillerup/RESULT")).toBe('{"POWER":"ON"}');
    await tell("POWER", "toggle");
    await eventually(power).toBe("OFF");
    await house.press("button");
    await eventually(power).toBe("ON");
    await tell("POWER", "off");
    await eventually(power).toBe("OFF");
    await tell("PulseTime", "2");
    const ended = house.said("stat/plug_fillerup/POWER", "OFF");
    await tell("POWER", "on");
    await eventually(() => house.said("stat/plug_fillerup/POWER", "OFF")).toBe(ended + 1);
    await tell("PulseTime", "0");
    await tell("POWER", "on");
    await eventually(power).toBe("ON");
    await house.level("full", true);
    await eventually(power).toBe("OFF");
    const started = house.said("out/pump/state", "ON");
    await tell("POWER", "on");
    await eventually(() => house.said("out/pump/state", "ON")).toBe(started + 1);
    await eventually(() => house.last("out/pump/state")).toBe("OFF");
  });
});
