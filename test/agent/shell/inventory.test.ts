import { describe, expect, it } from "vitest";
import { gatherMachine } from "../../../agent/doctor/gather/system.ts";
import { machineOf } from "../../../agent/shell/inventory.ts";

describe("what the machine is", () => {
  it("is taken from what the process prints, in words that are safe on a terminal, and as far as it is known", () => {
    const text = '{"model":" Pi\\u001b[2J ","os":"","kernel":7,"secret":"x","disks":["sda 1 GB",{"serial":"y"},""],"network":"eth0"}';
    expect(machineOf(text)).toEqual({ model: "Pi\ufffd[2J", disks: ["sda 1 GB"] });
    expect(machineOf("no JSON")).toBeUndefined();
    expect(machineOf(JSON.stringify({ model: "x".repeat(5000), disks: Array(500).fill("d") }))).toEqual({
      model: "x".repeat(100),
      disks: Array(16).fill("d"),
    });
  });

  it("is not checked where the process does not answer, and nothing fails by that", async () => {
    expect(await gatherMachine(AbortSignal.timeout(60_000), async () => undefined)).toMatchObject({ unknown: expect.anything() });
  });
});
