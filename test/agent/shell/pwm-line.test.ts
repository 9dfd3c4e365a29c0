import { describe, expect, it, onTestFinished } from "vitest";
import type { AgentEvent } from "../../../agent/core/model.ts";
import { planOf } from "../../../agent/core/plan.ts";
import { systemClock } from "../../../agent/shell/clock.ts";
import { Lines } from "../../../agent/shell/lines.ts";
import { openOnceGiven, udevTries } from "../../../agent/shell/pwm-line.ts";
import { LineError } from "../../../gpio/errors.ts";
import type { PwmDriver } from "../../../gpio/pwm.ts";
import { boardPwms } from "../../../gpio/pwm-board.ts";
import { openSimPwm, SimPwmBoard } from "../../../gpio/pwm-sim.ts";
import { openSim } from "../../../gpio/sim.ts";
import { configOf } from "../core/fixture.ts";
import { eventually, silent } from "./fixture.ts";

const chip = boardPwms.pi4.device;

/** The simulated PWM, of which udev gives a channel away after so many tries. */
function lateDriver(refusals: number): PwmDriver & { tries: number } {
  const driver = openSimPwm(new SimPwmBoard([boardPwms.pi4]));
  const late = {
    ...driver,
    tries: 0,
    open(...request: Parameters<PwmDriver["open"]>) {
      if (++late.tries <= refusals) throw new LineError("permission", "the files are root's");
      return driver.open(...request);
    },
  };
  return late;
}

describe("a channel whose files are root's at first", () => {
  const eventsOf = (driver: PwmDriver) => {
    const config = configOf({ pwm: { vent: { on_start: 30 } } });
    const events: AgentEvent[] = [];
    const sim = openSim();
    const lines = new Lines({
      plan: planOf(config),
      config,
      driver: sim,
      pwm: { driver, resolve: () => ({ chip, channel: 0 }), startLevel: () => 30 },
      resolve: () => ({ chip: "pinctrl-bcm2711", offset: 18 }),
      startLevel: () => false,
      clock: systemClock,
      log: silent,
      dispatch: (event) => events.push(event),
    });
    onTestFinished(() => lines.stop());
    lines.start();
    return events;
  };

  it("is no problem while udev may still give it away", async () => {
    const events = eventsOf(lateDriver(2));
    await eventually(() => events).toMatchObject([{ type: "output-opened", active: true, level: 30, why: "start" }]);
  });

  it("is a problem when it stays so", async () => {
    const events = eventsOf(lateDriver(1000));
    await eventually(() => events).toMatchObject([{ type: "output-lost", problem: "the files are root's" }]);
  });

  it.each([
    [0, "opened"],
    [udevTries - 1, "opened"],
    [udevTries, "permission"],
  ])("is waited for by `safe`: after %d refusals it is %s", async (refusals, outcome) => {
    const driver = lateDriver(refusals);
    const request = { chip, channel: 0, periodNs: 1000, inverted: false, dutyNs: 0, consumer: "" };
    const open = () => driver.open(request, { gone() {} });
    const opened = await openOnceGiven(open as never, () => Promise.resolve()).then(
      () => "opened",
      (error: LineError) => error.code,
    );
    expect(opened).toBe(outcome);
  });
});
