import { expect, it } from "vitest";
import { createHandlers, type HandlerSources } from "../../agent/handlers.ts";
import { configOf } from "./core/fixture.ts";
import { running } from "./running.ts";

it("nothing is simulated on a real board", async () => {
  const { dispatch, lines } = running(configOf({ inputs: { porch: {} }, sensors: { attic: {} } }));
  const sources = { current: () => dispatch.current, lines, driver: { name: "chardev" }, board: undefined };
  const handlers = createHandlers(sources as unknown as HandlerSources);
  const refused = { reason: "not-simulated", message: expect.stringContaining("the driver is chardev") };
  await expect(handlers["sim-press"]({ input: "porch" })).rejects.toMatchObject(refused);
  await expect(handlers["sim-sensor"]({ sensor: "attic", to: 21.4 })).rejects.toMatchObject(refused);
  expect(() => handlers["sim-play"]({ steps: [] })).toThrow("the driver is chardev");
});
