import { quantitiesOf } from "../config/derive.ts";
import type { LineAddress } from "../gpio/line.ts";
import type { SimBoard } from "../gpio/sim-board.ts";
import { simKeyAddress } from "../gpio/sim-keys.ts";
import { pressScript } from "../gpio/sim-script.ts";
import type { AgentEvent } from "./core/model.ts";
import type { TopicSource } from "./core/topic-value.ts";
import type { SimReading } from "./protocol.ts";
import type { AgentSensors } from "./sensors.ts";
import type { Clock } from "./shell/clock.ts";
import { type Handlers, Refused } from "./shell/control.ts";
import type { Current } from "./shell/current.ts";
import type { Incoming } from "./shell/link.ts";
import { sensorView } from "./shell/sensor-view.ts";
import { createSimPlayer, isSimReading } from "./sim-player.ts";
import { quoted, unknownId } from "./unknown-id.ts";

export interface SimSources {
  current(): Current;
  driver: { readonly name: string };
  /** Undefined on a real one. */
  board: SimBoard | undefined;
  lines: { address(id: string): LineAddress | undefined };
  simulate: AgentSensors["simulate"];
  send(event: AgentEvent): void;
  receive(message: Incoming): void;
  readClock(): void;
  clock: Clock;
}

/** A simulated press takes at most a minute: it must not outlive its client's patience. */
const maxPressMs = 60_000;

/** What a client lets the simulated board and its sensors do. */
export function createSimHandlers(sources: SimSources): Pick<Handlers, "sim-press" | "sim-sensor" | "sim-play"> {
  const { current, driver, board, lines, clock } = sources;
  const input = (id: string) => {
    const { inputs } = current().config;
    const settings = Object.hasOwn(inputs, id) ? inputs[id] : undefined;
    const key = current().plan.inputs[current().plan.inputIndex.get(id) ?? -1]?.key;
    const address = key ? simKeyAddress(key) : lines.address(id);
    return address && settings && { address, active: settings.active };
  };
  const output = (id: string) => current().plan.outputIndex.get(id);
  const simulate = async (id: string, to: SimReading | "hang" | "ok") => {
    const index = current().plan.sensorIndex.get(id);
    if (index === undefined) return;
    const source = current().plan.sensors[index]?.topic;
    if (source) tell(index, source, to);
    else await sources.simulate(id, index, to);
  };
  /** What would come out of messages, without them. */
  const tell = (sensor: number, { values }: TopicSource, to: SimReading | "hang" | "ok") => {
    const at = clock.now();
    if (to === "hang" || to === "ok") return;
    if (typeof to === "object" && "fail" in to) {
      sources.send({ type: "sensor-failed", sensor, problem: to.fail, at });
      return;
    }
    const told = new Map(typeof to === "number" ? [[values[0]?.name ?? "value", to]] : Object.entries(to.values));
    // Those that are not named keep theirs.
    const before = current().state.sensors[sensor]?.pipeline.read ?? [];
    const all = values.flatMap(({ name, unit }) => {
      const value = told.get(name) ?? before.find((one) => one.name === name)?.value;
      return value === undefined ? [] : [{ name, value, unit }];
    });
    sources.send({ type: "sensor-read", sensor, values: all, at });
  };
  /** Throws for what a sensor does not measure. Of a real chip more may have been recorded than is known of it: `exactly` = not that either. */
  const checkReading = (id: string, to: unknown, exactly: boolean) => {
    const { plan, config } = current();
    const { derive } = plan.sensors[plan.sensorIndex.get(id) ?? -1] ?? {};
    if (derive) throw new Refused("not-simulated", `${quoted(id)} is derived: tell what it is derived from`);
    const driver = Object.hasOwn(config.sensors, id) ? config.sensors[id]?.driver : undefined;
    if (typeof to !== "object" || to === null || !("values" in to) || (!exactly && (driver === "iio" || driver === "hwmon"))) return;
    const known = quantitiesOf(config, id);
    const strange = Object.keys(to.values as object).find((name) => known?.has(name) === false);
    if (known && strange !== undefined)
      throw new Refused("unknown-id", `${quoted(id)} has no ${strange}: name ${[...known.keys()].join(" or ")}`);
  };
  const player = board && createSimPlayer({ ...sources, board, input, output, simulate, checkReading });
  const simulated = <T>(part: T | undefined): T => {
    if (part !== undefined) return part;
    throw new Refused("not-simulated", `the driver is ${driver.name}, and what it reads is real; sim works with gpio.driver: sim`);
  };

  return {
    "sim-press": async ({ input: id, for_ms = 120, bounce_ms = 0 }) => {
      const played = simulated(board);
      const line = input(id);
      if (!line) throw unknownId("input", id, current().plan.inputs);
      if (
        typeof for_ms !== "number" ||
        typeof bounce_ms !== "number" ||
        !(for_ms >= 0 && for_ms <= maxPressMs && bounce_ms >= 0 && bounce_ms <= maxPressMs)
      ) {
        throw new Refused("malformed", `for_ms and bounce_ms must be numbers from 0 to ${maxPressMs}`);
      }
      const { chip, offset } = line.address;
      await played.play(chip, offset, pressScript({ pressed: line.active, forMs: for_ms, bounceMs: bounce_ms }));
      return {};
    },
    "sim-sensor": async ({ sensor: id, to }) => {
      simulated(board);
      const view = () => sensorView(current().plan, current().state, id, clock.now());
      if (!view()) throw unknownId("sensor", id, current().plan.sensors);
      const { topic } = current().plan.sensors[current().plan.sensorIndex.get(id) ?? -1] ?? {};
      if (topic) throw new Refused("not-simulated", `${quoted(id)} is what others say: publish to ${topic.filter}`);
      if (to !== "hang" && to !== "ok" && !isSimReading(to))
        throw new Refused(
          "malformed",
          "a sensor is told a number, {values: {NAME: NUMBER}}, hang, ok or {fail: REASON} with at most 200 characters",
        );
      checkReading(id, to, false);
      await simulate(id, to);
      const after = view();
      if (!after) throw new Refused("unknown-id", `a reload has taken ${quoted(id)} away`);
      return after;
    },
    "sim-play": ({ steps, start, check = false }) => {
      const playing = simulated(player);
      if (!check) return playing.play(steps, start);
      playing.check(steps);
      return { start: clock.now() };
    },
  };
}
