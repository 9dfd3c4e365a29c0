import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { it, onTestFinished } from "vitest";
import type { AgentEvent } from "../../agent/core/model.ts";
import { planOf } from "../../agent/core/plan.ts";
import { systemClock } from "../../agent/shell/clock.ts";
import { configOf } from "./core/fixture.ts";
import { eventually, tempFolder } from "./shell/fixture.ts";

const dist = join(dirname(createRequire(import.meta.url).resolve("pinbus/package.json")), "dist/agent/sensors.js");

it("the sensors of the built agent read real files unless the board is simulated", async () => {
  const { createSensors } = (await import(dist)) as typeof import("../../agent/sensors.ts");
  const path = join(tempFolder(), "level");
  writeFileSync(path, "17\n");
  const config = configOf({ sensors: { tank: { path } } });
  const events: AgentEvent[] = [];
  const send = (event: AgentEvent) => events.push(event);
  const { sensors, stop } = createSensors({ plan: planOf(config), config, simulated: false, clock: systemClock, send });
  onTestFinished(stop);
  sensors.read(0);
  await eventually(() => events).toMatchObject([{ type: "sensor-read", sensor: 0, values: [{ name: "value", value: 17, unit: null }] }]);
});
