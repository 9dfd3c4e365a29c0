import type { Config } from "../config/schema.ts";
import { findLine, readOnce } from "../gpio/board.ts";
import type { Driver } from "../gpio/driver.ts";
import { openPwmDriver, resolvePwm } from "../gpio/pwm-registry.ts";
import { openDriver, openKeyDriver } from "../gpio/registry.ts";
import { SimBoard } from "../gpio/sim-board.ts";
import type { AgentEvent } from "./core/model.ts";
import type { Plan } from "./core/plan.ts";
import { startDutyLevel, startLevel } from "./core/start.ts";
import type { Clock } from "./shell/clock.ts";
import type { Current } from "./shell/current.ts";
import { Lines } from "./shell/lines.ts";
import type { Log } from "./shell/log.ts";

export interface AgentLinesOptions {
  plan: Plan;
  config: Config;
  current(): Current;
  clock: Clock;
  log: Log;
  send(event: AgentEvent): void;
}

export interface AgentLines {
  lines: Lines;
  driver: Driver;
  /** The simulated one, where the configuration wants it. */
  board: SimBoard | undefined;
  /** Requests every line, and logs where it is. */
  start(): void;
  stop(): void;
}

/**
 * The lines of the configuration, with the drivers of lines, PWM and keys. No line is requested before `start`. Rejects with LineError when no
 * driver can be used.
 */
export async function openLines({ plan, config, current, clock, log, send }: AgentLinesOptions): Promise<AgentLines> {
  const board = config.gpio.driver === "sim" ? new SimBoard(config.gpio.board) : undefined;
  const driver = await openDriver(config.gpio.driver, board ? { board } : {});
  const chips = driver.chips().map(({ label, lines }) => `${label} (${lines} lines)`);
  log.info(`driver ${driver.name}: ${chips.join(", ") || "no GPIO chip is here"}`);
  const known = readOnce(driver);
  const pwm = openPwmDriver(board?.pwm);
  const keys = openKeyDriver(board);
  const lines = new Lines({
    plan,
    config,
    driver,
    keys,
    pwm: {
      driver: pwm,
      resolve: (place) => resolvePwm(place, known, pwm),
      startLevel: (output) => startDutyLevel(current().plan, current().state, output, clock.now()),
    },
    resolve: (line) => findLine(line, known),
    startLevel: (output, found) => startLevel(current().plan, current().state, output, found, clock.now()),
    clock,
    log,
    dispatch: send,
  });
  return {
    lines,
    driver,
    board,
    start() {
      lines.start();
      for (const { id } of [...plan.outputs, ...plan.inputs]) {
        const address = lines.address(id);
        if (address) log.info(`${id} is line ${address.offset} of ${address.chip}`);
      }
      for (const { id, key } of plan.inputs) {
        if (key) log.info(`${id} is ${key.key} of ${key.device}`);
      }
    },
    stop() {
      lines.stop();
      pwm.close();
      keys.close();
      driver.close();
    },
  };
}
