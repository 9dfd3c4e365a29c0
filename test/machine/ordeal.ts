// Inside the machine, as root: ordeal.js <package.tar> <folder for evidence>
// What happens to the installed service when the machine around it fails: network, disk, clock, journal, memory, a port. On kernel lines,
// under the hardened unit; asserted from the wire and from the journal.
import { join } from "node:path";
import { board } from "./board.ts";
import { P, set } from "./bus.ts";
import { type Case, eventually, pause, runCases } from "./cases.ts";
import { attempt, run } from "./commands.ts";
import { install, installBroker, wipe } from "./install.ts";
import { Listener } from "./listener.ts";
import { diskCases } from "./ordeal-disk.ts";
import { endCases } from "./ordeal-ends.ts";
import { gpio, prepared, pressUntil, said, start, stillRuns, switchTo, told, withAgent, yaml } from "./ordeal-world.ts";
import { Recorder } from "./recorder.ts";
import { journalTail, mainPid, show } from "./unit.ts";

const [tar = "", evidence = "build/evidence", only = ""] = process.argv.slice(2);
const recorder = new Recorder();
/** An address for documentation (RFC 5737). */
const elsewhere = "192.0.2.10";

const cases: Case[] = [
  {
    name: "no network and no broker: ready, lines work, the journal says why; both come, and the same process is online",
    run: async () => {
      // The broker is elsewhere: there is no way to it but what the case makes.
      await start(yaml(`mqtt: { server: ${elsewhere} }`));
      const { After = "", Wants = "", Requires = "" } = await show("After", "Wants", "Requires");
      if (/network-online/.test(`${After} ${Wants} ${Requires}`)) throw new Error("it waits for a network");
      const pid = await mainPid();
      await withAgent((agent) => pressUntil(agent, 1));
      console.log(`# ${await said(/^.*192\.0\.2\.10:1883 .*$/m)}`);
      await run("ip", "address", "add", `${elsewhere}/32`, "dev", "lo");
      await installBroker("allow_anonymous true", `listener 1883 ${elsewhere}`);
      try {
        await run("systemctl", "start", "mosquitto.service");
        const heard = await Listener.start(`${P}/#`);
        await heard.wait(`${P}/status`, /^online$/);
        await heard.wait(`${P}/out/lamp/state`, /^ON$/);
        await heard.stop();
        await stillRuns(pid);
      } finally {
        await installBroker();
        await run("ip", "address", "del", `${elsewhere}/32`, "dev", "lo");
      }
    },
  },
  {
    name: "the clock says 1970, then jumps to today: buttons, commands and a pulse are as ever, nothing moves by the jump",
    run: async () => {
      const real = Date.now();
      const began = performance.now();
      await prepared(yaml());
      try {
        await run("date", "-s", "1970-01-02");
        await run("systemctl", "start", "mosquitto.service", "pinbus.service");
        const pid = await mainPid();
        const heard = await Listener.start(`${P}/#`);
        await heard.wait(`${P}/status`, /^online$/);
        await withAgent((agent) => pressUntil(agent, 1));
        await set("alarm", "ON");
        await board.reaches(gpio.alarm, 1);
        const { checks } = await withAgent((agent) => agent.request("host", {}));
        console.log(`# clock: ${checks.find(({ name }) => name === "clock")?.problem}`);
        if (!/not set/.test(checks.find(({ name }) => name === "clock")?.problem ?? "")) throw new Error("the clock is said to be set");
        recorder.mark();
        await withAgent((agent) => agent.request("set", { output: "fan", state: "PULSE", for_ms: 10_000 }));
        const pulse = performance.now();
        await run("date", "-s", `@${Math.round((real + performance.now() - began) / 1000)}`);
        await board.reaches(gpio.fan, 0);
        const took = performance.now() - pulse;
        console.log(`# a pulse of 10000 ms lasted ${Math.round(took)} ms over the jump`);
        if (took < 9000) throw new Error("the jump ended the pulse");
        const moved = [...recorder.edges().keys()].filter((line) => !line.endsWith(`:${gpio.fan}`));
        if (moved.length > 0) throw new Error(`moved by the jump: ${moved.join(", ")}`);
        await eventually("the clock set", async () => {
          const view = await withAgent((agent) => agent.request("host", {}));
          return view.checks.find(({ name }) => name === "clock")?.problem === null;
        });
        await stillRuns(pid);
        await heard.stop();
      } finally {
        await run("date", "-s", `@${Math.round((real + performance.now() - began) / 1000)}`);
      }
    },
  },
  {
    name: "a flood of log entries: journald drops what is too much and says how many, commands are served, memory stays bounded",
    run: async () => {
      await start(`${yaml()}log: { level: debug }\n`, "LogRateLimitIntervalSec=5s", "LogRateLimitBurst=50");
      const pid = await mainPid();
      await withAgent(async (agent) => {
        for (let i = 0; i < 40; i++) {
          const fifty = Array.from({ length: 50 }, (_, n) => agent.request("set", { output: "alarm", state: n % 2 === 0 ? "ON" : "OFF" }));
          await Promise.all(fifty);
        }
        await pause(6000); // the journal's interval ends
        await switchTo(agent, "alarm", "ON");
        await switchTo(agent, "alarm", "OFF");
      });
      const suppressed = await eventually("what journald dropped", async () => {
        const { stdout } = await attempt("journalctl", "-q", "-b", "-o", "cat", "--no-pager", "--grep", "Suppressed .* pinbus.service");
        return stdout.trim().split("\n").at(-1) || undefined;
      });
      const { MemoryPeak, MemoryCurrent } = await show("MemoryPeak", "MemoryCurrent");
      console.log(`# ${suppressed}; memory ${MemoryCurrent}, peak ${MemoryPeak} bytes`);
      await stillRuns(pid);
    },
  },
  {
    name: "port 1883 is taken by mosquitto: lines work, health is failing, the journal names it; mosquitto goes, and the broker listens",
    run: async () => {
      await prepared(yaml("broker: { listeners: [{ protocol: mqtt, port: 1883, address: 127.0.0.1 }] }"));
      await run("systemctl", "start", "mosquitto.service");
      await run("systemctl", "start", "pinbus.service");
      const pid = await mainPid();
      await withAgent((agent) => pressUntil(agent, 1));
      console.log(`# ${await said(/^the built-in broker cannot listen on 127\.0\.0\.1:1883: .*mosquitto\.service.*$/m)}`);
      const { health } = await withAgent((agent) => agent.request("status", {}));
      if (health !== "failing") throw new Error(`health is ${health}`);
      await run("systemctl", "stop", "mosquitto.service");
      await said(/^the built-in broker listens on 127\.0\.0\.1:1883/m);
      await run("mosquitto_pub", "-h", "127.0.0.1", "-q", "1", "-t", `${P}/out/lamp/set`, "-m", "OFF");
      await board.reaches(gpio.lamp, 0);
      await stillRuns(pid);
    },
  },
  ...diskCases,
  ...endCases(recorder),
];

await install(tar);
await installBroker();
const chosen = cases.filter(({ name }) => new RegExp(only).test(name));
const code = await runCases(
  "ordeal",
  chosen.map((each) => told(join(evidence, "ordeal.txt"), each)),
  journalTail,
);
await wipe();
process.exit(code);
