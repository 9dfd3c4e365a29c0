import type { Host } from "../../config/host.ts";

/** Pis as they come from the factory: each has its own machine identity, and all have the same name. */
export function factoryMachines(count: number): Host[] {
  return Array.from({ length: count }, (_, index) => ({ hostname: "raspberrypi", machineId: index.toString(16).padStart(32, "0") }));
}
