import { describe, expect, it } from "vitest";
import { driveSafe } from "../../agent/safe-outputs.ts";
import { createLog } from "../../agent/shell/log.ts";
import { openSimPwm, SimPwmBoard } from "../../gpio/pwm-sim.ts";
import { openSim } from "../../gpio/sim.ts";
import { loadedOf } from "./doctor/world.ts";

const text = `
gpio: { driver: sim, board: pi4 }
outputs:
  lamp: { line: 27, on_exit: off, on_crash: on }
  fan: { line: 6, on_crash: keep }
  gate: { line: 5 }
  mister: { plug: mister_plug, max_on: 2m }
`;

/** Entries as journald gets them. */
async function driven(crashed: boolean) {
  const entries: { message: string; priority: number; fields: Record<string, string> }[] = [];
  const log = createLog({ level: "info", secrets: [], journal: (entry) => entries.push(entry) });
  const driver = openSim();
  // Somebody else has it.
  openSim(driver.board).openOutput(
    { chip: "pinctrl-bcm2711", offset: 5, active: "high", consumer: "other", initial: false },
    { gone() {} },
  );
  const pwm = openSimPwm(new SimPwmBoard([]));
  const failures = await driveSafe(loadedOf(text).config, { lines: driver, pwm }, crashed, log);
  return { failures, entries };
}

describe("outputs without an agent", () => {
  it("go to on_crash after a crash, as a warning with the fields that the agent's own entries have", async () => {
    const { entries } = await driven(true);
    expect(entries.find(({ fields }) => fields.PINBUS_OUTPUT === "lamp")).toMatchObject({
      message: "lamp on: on_crash",
      priority: 4,
      fields: {
        MESSAGE_ID: expect.stringMatching(/^[0-9a-f]{32}$/),
        PINBUS_EVENT: "made-safe",
        PINBUS_STATE: "ON",
        PINBUS_CAUSE: "on_crash",
      },
    });
    expect(entries.some(({ fields }) => fields.PINBUS_OUTPUT === "fan")).toBe(false);
  });

  it("go to on_exit after a stop, as a remark", async () => {
    const { entries } = await driven(false);
    expect(entries.find(({ fields }) => fields.PINBUS_OUTPUT === "lamp")).toMatchObject({ message: "lamp off: on_exit", priority: 6 });
  });

  it("that are plugs end by their own failsafe, which is told", async () => {
    const { entries } = await driven(true);
    expect(entries.find(({ fields }) => fields.PINBUS_OUTPUT === "mister")?.message).toBe(
      "mister is a plug, which is not reached from here; it ends by its failsafe",
    );
  });

  it("that cannot be driven are an error and counted, and the others go on", async () => {
    const { failures, entries } = await driven(false);
    expect(failures).toBe(1);
    expect(entries.find(({ fields }) => fields.PINBUS_OUTPUT === "gate")).toMatchObject({
      message: expect.stringContaining("gate could not be driven off: "),
      priority: 3,
      fields: { PINBUS_EVENT: "output-failed" },
    });
  });
});
