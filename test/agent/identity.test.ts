import { expect, it } from "vitest";
import { clientIdOf, deviceIdOf } from "../../agent/identity.ts";
import { nodeName } from "../../config/host.ts";

/** Two hundred Pis as they come from the factory: each has its own machine identity, and all have the same name. */
const machines = Array.from({ length: 200 }, (_, index) => ({ hostname: "raspberrypi", machineId: index.toString(16).padStart(32, "0") }));

it("two hundred machines with factory names share no device of Home Assistant, and no client id", () => {
  expect(new Set(machines.map(deviceIdOf)).size).toBe(200);
  expect(new Set(machines.map((host) => clientIdOf(host, nodeName(host)))).size).toBe(200);
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
