import { expect, it } from "vitest";
import type { Link, Publication } from "../../../agent/shell/link.ts";
import { Statistics } from "../../../agent/shell/statistics.ts";
import { eventually } from "./fixture.ts";

function statistics(sources: (() => Promise<{ topic: string; payload: string; qos: 0 | 1 }[]>)[] = [], every = 5) {
  const sent: string[] = [];
  const world = { online: true, uptime: 1, rounds: 0, accepted: true };
  const link = {
    get view() {
      return { online: world.online };
    },
    publish({ topic, payload, retain }: Publication) {
      if (world.accepted) sent.push(`${topic} ${payload}${retain ? "" : " not retained"}`);
      return world.accepted;
    },
  } as unknown as Link;
  const own = new Statistics({
    link,
    every: () => every,
    own: () => [
      { topic: "S/version", payload: "pinbus 1", qos: 0 },
      { topic: "S/uptime", payload: `${world.uptime} seconds`, qos: 0 },
    ],
    sources,
    afterRound: () => world.rounds++,
  });
  return { own, sent, world };
}

it("each value is published once, and again when it has changed or the broker may have forgotten it", async () => {
  const { own, sent, world } = statistics();
  own.start();
  await eventually(() => world.rounds).toBeGreaterThan(2);
  expect(sent).toEqual(["S/version pinbus 1", "S/uptime 1 seconds"]);
  world.uptime = 2;
  await eventually(() => sent.length).toBe(3);
  own.resend();
  expect(sent.slice(3)).toEqual(["S/version pinbus 1", "S/uptime 2 seconds"]);
  own.stop();
});

it("nothing is sent while the broker is away, and everything that was not taken is tried again", async () => {
  const { own, sent, world } = statistics();
  world.online = false;
  own.start();
  await eventually(() => world.rounds).toBeGreaterThan(1);
  expect(sent).toEqual([]);
  world.online = true;
  world.accepted = false;
  const { rounds } = world;
  await eventually(() => world.rounds).toBeGreaterThan(rounds + 1);
  world.accepted = true;
  await eventually(() => sent).toHaveLength(2);
  own.stop();
});

it("a source that fails takes nothing from the others, and nothing follows a stop", async () => {
  const { own, sent, world } = statistics([
    () => Promise.reject(new Error("no such host")),
    async () => [{ topic: "S/host/load", payload: "0.1", qos: 0 }],
  ]);
  own.start();
  await eventually(() => world.rounds).toBeGreaterThan(1);
  expect(sent).toContain("S/host/load 0.1");
  own.stop();
  const { length } = sent;
  world.uptime = 99;
  own.resend();
  expect(sent).toHaveLength(length);
});

it("a value that there is no more is emptied, once there is a broker, and not because its source fails", async () => {
  const signal = { topic: "S/host/wifi/wlan0/signal", payload: "-60", qos: 0 } as const;
  const answers = { now: async () => [signal] as (typeof signal)[] };
  const { own, sent, world } = statistics([() => answers.now()]);
  const round = async () => {
    const { rounds } = world;
    await eventually(() => world.rounds).toBeGreaterThan(rounds + 1);
  };
  own.start();
  await eventually(() => sent).toContain("S/host/wifi/wlan0/signal -60");
  const { length } = sent;
  answers.now = () => Promise.reject(new Error("not now"));
  await round();
  world.online = false;
  answers.now = async () => [];
  await round();
  expect(sent.slice(length)).toEqual([]);
  world.online = true;
  await round();
  await round();
  expect(sent.slice(length)).toEqual(["S/host/wifi/wlan0/signal "]);
  answers.now = async () => [signal];
  await eventually(() => sent.at(-1)).toBe("S/host/wifi/wlan0/signal -60");
  own.stop();
});

it("a value that there is no more after a restart is emptied", async () => {
  let readings = [{ topic: "S/host/wifi/wlan0/signal", payload: "-60", qos: 0 as const }];
  const { own, sent } = statistics([async () => readings], 3_600_000);
  own.start();
  own.resend();
  await eventually(() => sent).toContain("S/host/wifi/wlan0/signal -60");
  readings = [];
  own.restart();
  await eventually(() => sent.at(-1)).toBe("S/host/wifi/wlan0/signal ");
  own.stop();
});

it("after a restart everything is said again, and a round that was asking by then says nothing", async () => {
  const waiting: ((readings: { topic: string; payload: string; qos: 0 }[]) => void)[] = [];
  const { own, sent } = statistics([() => new Promise((resolve) => waiting.push(resolve))]);
  own.start();
  await eventually(() => waiting).toHaveLength(1);
  own.restart();
  await eventually(() => waiting).toHaveLength(2);
  waiting[0]?.([{ topic: "S/old", payload: "1", qos: 0 }]);
  waiting[1]?.([{ topic: "S/new", payload: "1", qos: 0 }]);
  await eventually(() => waiting).toHaveLength(3);
  expect(sent).toEqual(["S/version pinbus 1", "S/uptime 1 seconds", "S/new 1"]);
  own.stop();
  own.restart();
  expect(waiting).toHaveLength(3);
});

it("the first time, what must be asked for is said as soon as there is a broker, and not asked for before", async () => {
  let asked = 0;
  const source = async () => {
    asked += 1;
    return [{ topic: "S/host/load", payload: "0.1", qos: 0 as const }];
  };
  const { own, sent, world } = statistics([source], 86_400_000);
  world.online = false;
  own.start();
  expect(asked).toBe(0);
  world.online = true;
  own.resend();
  await eventually(() => sent).toContain("S/host/load 0.1");
  own.resend();
  await eventually(() => world.rounds).toBe(1);
  expect(asked).toBe(1);
  own.stop();
});
