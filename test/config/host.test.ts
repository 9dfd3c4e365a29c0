import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { topicLevel } from "../../config/formats.ts";
import { installedNodeName, nodeFile, nodeName, readHost } from "../../config/host.ts";
import { tempFolder } from "../agent/shell/fixture.ts";

const machineId = "0123456789abcdef0123456789abcdef";

describe("the default of node", () => {
  it("is the host name in lower case, without its domain", () => {
    expect(nodeName({ hostname: "Garage", machineId })).toBe("garage");
    expect(nodeName({ hostname: "attic.example.org", machineId })).toBe("attic");
    expect(nodeName({ hostname: "my_pi 4", machineId })).toBe("my-pi-4");
  });

  it("gets eight hex digits of the machine's identity when many machines have the name", () => {
    const names = ["raspberrypi", "debian", "localhost", "RaspberryPi.local"].map((hostname) => nodeName({ hostname, machineId }));
    for (const name of names) expect(name).toMatch(/^(raspberrypi|debian|localhost)-[0-9a-f]{8}$/);
    expect(nodeName({ hostname: "raspberrypi", machineId: "f".repeat(32) })).not.toBe(names[0]);
    expect(nodeName({ hostname: "raspberrypi", machineId })).toBe(names[0]);
    expect(nodeName({ hostname: "raspberrypi", machineId: "" })).toBe("raspberrypi");
  });

  describe("where an agent may have run before", () => {
    const host = { hostname: "raspberrypi", machineId };
    const former = nodeName(host).slice(0, -4);
    const folder = (files: Record<string, string>) => {
      const dir = tempFolder();
      for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
      return dir;
    };
    it.each([
      ["nothing", {}, nodeName(host)],
      ["what a version left that did not write the name down", { "seq.json": "{}" }, former],
      ["the name with four digits", { "seq.json": "{}", node: `${former}\n` }, former],
      ["the name with eight digits", { "seq.json": "{}", node: `${nodeName(host)}\n` }, nodeName(host)],
      ["the name of another machine", { "seq.json": "{}", node: "raspberrypi-ffff\n" }, nodeName(host)],
    ])("is what the topics already have: %s", (_, files, expected) => {
      expect(installedNodeName(host, folder(files))).toBe(expected);
    });

    it("is nobody's business while the host name is one of its own", () => {
      const dir = folder({ "seq.json": "{}" });
      expect(installedNodeName({ hostname: "garage", machineId }, dir)).toBe("garage");
      expect(nodeFile(dir)).toBe(join(dir, "node"));
    });
  });

  it("does not show the identity itself", () => {
    expect(nodeName({ hostname: "debian", machineId })).not.toContain(machineId.slice(0, 4));
  });

  it("is one topic level for any host", () => {
    fc.assert(fc.property(fc.string(), fc.string(), (hostname, id) => topicLevel.read(nodeName({ hostname, machineId: id })).ok));
    expect(topicLevel.read(nodeName(readHost())).ok).toBe(true);
  });
});
