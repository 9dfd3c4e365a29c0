import { writeFileSync } from "node:fs";
import { board } from "./board.ts";
import { type Case, eventually, pause } from "./cases.ts";
import { run } from "./commands.ts";
import { gpio, journal, madeSafeAndRestarted, said, start, switchTo, withAgent, yaml } from "./ordeal-world.ts";
import type { Recorder } from "./recorder.ts";
import { kill, mainPid, show } from "./unit.ts";
import { lineKey } from "./wires.ts";

const cgroup = "/sys/fs/cgroup/system.slice/pinbus.service";

/** A stop, a hang and a death, each while pulses run. */
export function endCases(recorder: Recorder): Case[] {
  /** All outputs in a pulse of this length. */
  async function pulsing(ms: number): Promise<void> {
    await withAgent(async (agent) => {
      for (const output of ["lamp", "alarm", "fan", "bell"] as const) {
        await agent.request("set", { output, state: "PULSE", for_ms: ms });
        await board.reaches(gpio[output], 1);
      }
    });
  }

  /** The levels to which a line was driven since the mark, in order. */
  function drivenTo(line: number): string {
    const key = lineKey({ chip: "pinctrl-rp1", offset: line });
    return recorder
      .touches()
      .flatMap((touch) => (touch.line === key && touch.did === "driven" ? touch.level : []))
      .join("");
  }

  return [
    {
      name: "systemctl stop during a pulse: each output as its on_exit says, and a pulse is never what `keep` keeps",
      run: async () => {
        await start(yaml());
        await pulsing(60_000);
        recorder.mark();
        const before = performance.now();
        await run("systemctl", "stop", "pinbus.service");
        console.log(`# stopped after ${Math.round(performance.now() - before)} ms`);
        recorder.check();
        // By the agent, then once more by `safe`, but for what is kept.
        for (const [output, expected] of Object.entries({ lamp: /^0+$/, alarm: /^0+$/, fan: /^1*$/, bell: /^0$/ }))
          if (!expected.test(drivenTo(gpio[output as keyof typeof gpio])))
            throw new Error(`${output} was driven to ${drivenTo(gpio[output as keyof typeof gpio])}`);
        const { Result } = await show("Result");
        if (Result !== "success") throw new Error(Result ?? "");
        await said(/^fan on: on_exit$/m);
        await said(/^lamp off: on_exit$/m);
      },
    },
    {
      name: "kill -STOP for 2 minutes: SIGABRT by the watchdog after 30 s, `safe` ends the pulses, restarted once",
      run: async () => {
        await start(yaml());
        await pulsing(600_000);
        const pid = await mainPid();
        recorder.mark();
        const at = await kill("SIGSTOP");
        await said(/Watchdog timeout \(limit 30s\)!/);
        const after = performance.now() - at;
        // Fed at least every 10 s; the rest is the emulated processor.
        if (after < 15_000 || after > 45_000) throw new Error(`after ${Math.round(after)} ms`);
        console.log(`# the watchdog's verdict after ${Math.round(after)} ms`);
        await said(/code=(killed|dumped), status=6\/ABRT/);
        await madeSafeAndRestarted(pid);
        if (!/^0/.test(drivenTo(gpio.lamp)) || !/^1/.test(drivenTo(gpio.alarm)))
          throw new Error(`lamp ${drivenTo(gpio.lamp)}, alarm ${drivenTo(gpio.alarm)}`);
        const restartedAs = await mainPid();
        await pause(Math.max(0, 120_000 - (performance.now() - at)));
        if ((await mainPid()) !== restartedAs) throw new Error("it was restarted once more");
      },
    },
    {
      name: "out of memory: the kernel kills the agent, systemd says oom-kill, `safe`, restarted",
      run: async () => {
        await start(yaml());
        const pid = await mainPid();
        await withAgent(async (agent) => {
          await switchTo(agent, "lamp", "ON");
          await switchTo(agent, "alarm", "ON");
        });
        recorder.mark();
        // The kernel takes back what it can and kills for the rest, before the write returns.
        writeFileSync(`${cgroup}/memory.max`, "4M");
        await eventually("its death", async () => (await mainPid()) !== pid);
        writeFileSync(`${cgroup}/memory.max`, String(192 * 1024 * 1024));
        await said(/killed by the OOM killer/);
        await said(/Failed with result 'oom-kill'/);
        await madeSafeAndRestarted(pid);
        console.log(`# ${/^.*memory peak.*$/m.exec(await journal())?.[0] ?? "no word about memory"}`);
      },
    },
  ];
}
