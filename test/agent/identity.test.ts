import { expect, it } from "vitest";
import { clientIdOf } from "../../agent/identity.ts";

it("the client id is never empty, stays the same, and is none that owlcms hides or takes for its own (owlcms 1.6 and 2)", () => {
  const hosts = ["raspberrypi", "mqtt", "a_f_x", "_owlcms_"].map((hostname) => ({ hostname, machineId: "" }));
  const ids = hosts.map((host) => clientIdOf(host, host.hostname));
  expect(hosts.map((host) => clientIdOf(host, host.hostname))).toEqual(ids);
  for (const id of ids) expect(id).toMatch(/^pinbus-[0-9a-f]{12}$/);
});
