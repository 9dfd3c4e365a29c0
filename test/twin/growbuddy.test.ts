import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { printed, wellFormed } from "../agent/core/sniffer.ts";
import { Mistbuddy } from "./mistbuddy.ts";
import { PassedClock } from "./owlcms.ts";
import { Plug } from "./plug.ts";
import { Snifferbuddy } from "./snifferbuddy.ts";

const lines = readFileSync(new URL("recordings/mistbuddy-wire.txt", import.meta.url), "utf8").split("\n");
const recorded = lines.flatMap((line) => {
  const [, time, topic, payload] = /^(\d+\.\d+) r0 q0 ([^=]+)=\[(.*)\]$/.exec(line) ?? [];
  return topic === undefined || payload === undefined ? [] : [{ at: Number(time) * 1000, topic, payload }];
});

it("the twin of mistbuddy-simple says what the real one said: the same words in the same order, each within 50 ms", () => {
  const clock = new PassedClock();
  const said: typeof recorded = [];
  const [topic, light] = ["tent_one/mistbuddy_1", "snifferbuddy/tent_one/sunshine"];
  const controller = new Mistbuddy({
    topic,
    light,
    plugs: [`${topic}/fan`, `${topic}/mister`],
    say: (to, payload) => said.push({ at: clock.now, topic: to, payload }),
    after: (ms, run) => clock.after(ms, run),
  });
  const isAnswer = (to: string) => to.endsWith("/ONOFF") || to === `stat/${light}/RESULT`;
  const [{ at: began } = { at: 0 }] = recorded;
  for (const { at, topic: to, payload } of recorded) {
    clock.goTo(at - began);
    if (isAnswer(to)) controller.hear(to, payload);
  }
  clock.goTo(clock.now + 50);
  const own = recorded.filter(({ topic: to }) => !isAnswer(to));
  expect(said.map(({ topic: to, payload }) => `${to}=${payload}`)).toEqual(own.map(({ topic: to, payload }) => `${to}=${payload}`));
  for (const [index, { at }] of own.entries()) expect(Math.abs(at - began - (said[index]?.at ?? 0))).toBeLessThan(50);
});

describe("the twin of a SnifferBuddy", () => {
  function sniffer() {
    const clock = new PassedClock();
    const said: string[] = [];
    const twin = new Snifferbuddy({
      topic: "snifferbuddy",
      period: 20_000,
      measure: () => ({ temperature: (71.8 - 32) / 1.8, humidity: 61.6, light: 542 }),
      say: (topic, payload, retain) => said.push(`${topic}${retain ? " retained" : ""} ${payload}`),
      after: (ms, run) => clock.after(ms, run),
    });
    return { clock, said, twin };
  }

  it("says what is written of it, each TelePeriod while it is there", () => {
    const { clock, said, twin } = sniffer();
    twin.start();
    clock.goTo(40_000);
    const reading = `tele/snifferbuddy/SENSOR ${JSON.stringify(JSON.parse(wellFormed))}`;
    expect(said).toEqual(["tele/snifferbuddy/LWT retained Online", reading, reading, reading]);
    twin.sayMalformed();
    expect(said.at(-1)).toBe(`tele/snifferbuddy/SENSOR ${printed}`);
    twin.die();
    clock.goTo(120_000);
    expect(said.slice(5)).toEqual(["tele/snifferbuddy/LWT retained Offline"]);
  });

  it("says whether there is light when it is asked, and nothing when it is gone", () => {
    const { said, twin } = sniffer();
    twin.hear("cmnd/snifferbuddy/Mem1", "");
    twin.start();
    twin.hear("cmnd/snifferbuddy/Mem1", "");
    expect(said.filter((line) => line.startsWith("stat/"))).toEqual(['stat/snifferbuddy/RESULT {"Mem1":"1"}']);
  });
});

it("the twin of a plug goes off by its PulseTime, and by that of its last ON", () => {
  const clock = new PassedClock();
  const said: string[] = [];
  const plug = new Plug({
    topic: "mister",
    say: (topic, payload) => said.push(`${clock.now} ${topic} ${payload}`),
    after: (ms, run) => clock.after(ms, run),
  });
  plug.hear("cmnd/mister/PulseTime", "112");
  plug.hear("cmnd/mister/POWER", "ON");
  clock.goTo(5000);
  plug.hear("cmnd/mister/POWER", "ON");
  clock.goTo(60_000);
  expect(said).toEqual(["0 stat/mister/POWER ON", "5000 stat/mister/POWER ON", "17000 stat/mister/POWER OFF"]);
});
