import { describe, test } from "vitest";
import { cases } from "./contract/cases.ts";
import { simWorld } from "./contract/sim-world.ts";
import { leftOut } from "./contract/world.ts";

describe.each(["pi1", "pi4", "pi5"] as const)("the contract of a driver, on a simulated %s", (kind) => {
  for (const contract of cases) {
    if (leftOut(contract, simWorld(kind))) continue;
    test(contract.name, async () => {
      const world = simWorld(kind);
      try {
        await contract.run(world);
      } finally {
        world.driver.close();
      }
    });
  }
});
