import type { Config } from "../config/schema.ts";
import type { AgentEvent } from "./core/model.ts";
import type { Plan } from "./core/plan.ts";
import { FileProcess } from "./sensor/file-process.ts";
import { openSensor } from "./sensor/registry.ts";
import { SimSensor, type SimSetting } from "./sensor/sim.ts";
import type { Clock } from "./shell/clock.ts";
import { Sensors } from "./shell/sensors.ts";

export interface AgentSensorsOptions {
  plan: Plan;
  config: Config;
  /** On the simulated board every sensor is simulated, whatever its driver. */
  simulated: boolean;
  clock: Clock;
  send(event: AgentEvent): void;
}

export interface AgentSensors {
  sensors: Sensors;
  /** Tells the simulated sensor at `index` what to read, and has it read; resolves when that was told, or at once for one that hangs. */
  simulate(id: string, index: number, setting: SimSetting): Promise<void>;
  stop(): void;
}

/** The sensors of the configuration, with drivers that nobody has to close one by one. */
export function createSensors({ plan, config, simulated, clock, send }: AgentSensorsOptions): AgentSensors {
  const files = new FileProcess();
  const simSensors = new Map<string, SimSensor>();
  const sensors = new Sensors({
    plan,
    config,
    open(id, sensor) {
      const driver = openSensor(sensor, { sysfs: "/sys", files, programs: files });
      if (!simulated || driver === undefined) return driver;
      // A read of the one before may hang: it would hold the bus.
      simSensors.get(id)?.set("ok");
      const own = new SimSensor(id, driver.quantities);
      simSensors.set(id, own);
      return own;
    },
    clock,
    dispatch: send,
  });
  return {
    sensors,
    async simulate(id, index, setting) {
      simSensors.get(id)?.set(setting);
      const read = sensors.readAnew(index);
      if (setting !== "hang") await read;
    },
    stop() {
      sensors.stop();
      files.close();
    },
  };
}
