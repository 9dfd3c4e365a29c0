import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { topicLevel } from "../../config/formats.ts";
import { nodeName, readHost } from "../../config/host.ts";

const machineId = "0123456789abcdef0123456789abcdef";

describe("the default of node", () => {
  it("is the host name in lower case, without its domain", () => {
    expect(nodeName({ hostname: "Garage", machineId })).toBe("garage");
    expect(nodeName({ hostname: "attic.example.org", machineId })).toBe("attic");
    expect(nodeName({ hostname: "my_pi 4", machineId })).toBe("my-pi-4");
  });

  it("gets four hex digits of the machine's identity when many machines have the name", () => {
    const names = ["raspberrypi", "debian", "localhost", "RaspberryPi.local"].map((hostname) => nodeName({ hostname, machineId }));
    for (const name of names) expect(name).toMatch(/^(raspberrypi|debian|localhost)-[0-9a-f]{4}$/);
    expect(nodeName({ hostname: "raspberrypi", machineId: "f".repeat(32) })).not.toBe(names[0]);
    expect(nodeName({ hostname: "raspberrypi", machineId })).toBe(names[0]);
    expect(nodeName({ hostname: "raspberrypi", machineId: "" })).toBe("raspberrypi");
  });

  it("does not show the identity itself", () => {
    expect(nodeName({ hostname: "debian", machineId })).not.toContain(machineId.slice(0, 4));
  });

  it("is one topic level for any host", () => {
    fc.assert(fc.property(fc.string(), fc.string(), (hostname, id) => topicLevel.read(nodeName({ hostname, machineId: id })).ok));
    expect(topicLevel.read(nodeName(readHost())).ok).toBe(true);
  });
});
