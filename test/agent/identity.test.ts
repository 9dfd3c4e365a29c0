import { expect, it } from "vitest";
import { topicsOf } from "../../agent/core/topics.ts";
import { homieFilters } from "../../agent/homie.ts";
import { clientIdOf, deviceIdOf, homieClientOf } from "../../agent/identity.ts";
import { tasmotaAnnounced } from "../../agent/tasmota-names.ts";
import { configOf } from "../config/loading.ts";
import { factoryMachines } from "./machines.ts";

const machines = factoryMachines(200);

it("two hundred machines as they come from the factory share no client id, no topic and no device", () => {
  const configs = machines.map((host) => ({ host, config: configOf("tasmota: { plug: { topic: plug } }\nhomie:\n", { host }) }));
  const distinct = (of: (one: (typeof configs)[number]) => string | string[]) => new Set(configs.flatMap(of)).size;
  expect(distinct(({ config }) => topicsOf(config.prefix, config.node).base)).toBe(200);
  expect(distinct(({ config, host }) => [clientIdOf(host, config.node), homieClientOf(host, config.node)])).toBe(400);
  expect(distinct(({ host }) => deviceIdOf(host))).toBe(200);
  expect(distinct(({ config, host }) => homieFilters(config, host))).toBe(200);
  expect(distinct(({ config, host }) => tasmotaAnnounced(config, host))).toBe(400);
});

it("home-assistant 1.8: the device is known by its machine, whatever it is called, and the machine's identity is not shown", () => {
  const host = { hostname: "garage", machineId: "f".repeat(32) };
  expect(deviceIdOf(host)).toBe(deviceIdOf({ ...host, hostname: "shed" }));
  expect(deviceIdOf(host)).toMatch(/^pinbus-[0-9a-f]{12}$/);
  expect(deviceIdOf(host)).not.toContain("ffffffffffff");
});

it("the client id is never empty, stays the same, and is none that owlcms hides or takes for its own (owlcms 1.6 and 2)", () => {
  const hosts = ["raspberrypi", "mqtt", "a_f_x", "_owlcms_"].map((hostname) => ({ hostname, machineId: "" }));
  const ids = hosts.map((host) => clientIdOf(host, host.hostname));
  expect(hosts.map((host) => clientIdOf(host, host.hostname))).toEqual(ids);
  for (const id of ids) expect(id).toMatch(/^pinbus-[0-9a-f]{12}$/);
});
