// Inside the machine, as root: end-to-end.js <chardev|sysfs> <pi4|pi5> <package.tar> <folder for evidence>
// A pin, the agent as an installed service, Debian's mosquitto, and everything that may go wrong between them.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { board } from "./board.ts";
import { P, retained, set } from "./bus.ts";
import { type Case, eventually, pause, runCases } from "./cases.ts";
import { attempt, run } from "./commands.ts";
import { allowSysfs, configFile, configure, dropIn, install, installBroker, wipe } from "./install.ts";
import { Listener } from "./listener.ts";
import { journalCursor, journalSince, journalTail, kill, mainPid, restarted, show } from "./unit.ts";

const [driver = "chardev", model = "pi4", tar = "", evidence = "build/evidence"] = process.argv.slice(2);
const label = model === "pi5" ? "pinctrl-rp1" : "pinctrl-bcm2711";
const gpio = { porch: 17, lamp: 27, alarm: 22 };

/** The alarm is on after a crash, the lamp off. sysfs has no bias: there the pull is the world's own. */
const yaml = (extra = "") => `node: machine
gpio: { driver: ${driver} }
mqtt: { server: 127.0.0.1${extra} }
inputs:
  porch: { line: 17, active: low${driver === "chardev" ? ", bias: pull-up" : ""} }
outputs:
  lamp: { line: 27 }
  alarm: { line: pin15, on_crash: on }
rules:
  porch-lamp: { when: { input: porch, gesture: press }, do: [ { output: lamp, set: toggle } ] }
`;
/** The emulated processor is slow, more so beside other work; the unit's own limits are tested in `service.ts`. */
const patience = ["TimeoutStartSec=300s", "TimeoutStopSec=120s"];

let listener: Listener | undefined;
let story = "";
let crash = "";

/** A listener that hears the bus from now on; what the broker retained comes first. */
async function listen(): Promise<Listener> {
  await listener?.stop();
  listener = await Listener.start(`${P}/#`);
  return listener;
}

/** One press, held until the lamp shows it, and let go until the agent has said so: on a slow machine two presses merge into one. */
async function pressUntil(lamp: 0 | 1): Promise<void> {
  const before = await journalCursor();
  board.pull(gpio.porch, "down");
  await board.reaches(gpio.lamp, lamp);
  board.pull(gpio.porch, "up");
  await eventually("the end of the press in the journal", async () =>
    (await journalSince(before)).some((line) => /^porch (click|hold_end)$/.test(line)),
  );
}

/** The service running, online, lamp on and alarm off: the moment before something happens to it. */
async function fresh(mqtt: string, ...settings: string[]): Promise<Listener> {
  await wipe();
  await configure(yaml(mqtt));
  await dropIn(...patience, ...settings);
  await run("systemctl", "start", "mosquitto.service");
  const heard = await listen();
  await run("systemctl", "start", "pinbus.service");
  await heard.wait(`${P}/status`, /^online$/);
  await set("lamp", "ON");
  await heard.wait(`${P}/out/lamp/state`, /^ON$/);
  crash = await journalCursor();
  return heard;
}

/** After the death of the agent the wire shows the safe states, and the journal shows that `safe` drove them. */
async function madeSafe(): Promise<void> {
  await board.reaches(gpio.lamp, 0);
  await board.reaches(gpio.alarm, 1);
  await eventually("safe in the journal, for both outputs", async () => {
    const said = (await journalSince(crash)).join("\n");
    return /^lamp off: on_crash/m.test(said) && /^alarm on: on_crash/m.test(said);
  });
}

const cases: Case[] = [
  {
    name: "the service is ready and serves its lines while there is no broker",
    run: async () => {
      story = await journalCursor();
      await run("systemctl", "start", "pinbus.service");
      await pressUntil(1);
      await pressUntil(0);
    },
  },
  {
    name: "the broker comes: every state and then online, from the same process",
    run: async () => {
      const pid = await mainPid();
      await run("systemctl", "start", "mosquitto.service");
      const heard = await listen();
      await heard.wait(`${P}/status`, /^online$/);
      // A subscriber that came first sees the order; this one is sure to see everything.
      for (const topic of ["in/porch/state", "out/lamp/state", "out/alarm/state"]) await heard.wait(`${P}/${topic}`, /^OFF$/);
      if ((await mainPid()) !== pid) throw new Error("it was restarted");
    },
  },
  {
    name: "a press on the kernel line: input, then output, then its cause; the event at the release",
    run: async () => {
      const heard = await listen();
      heard.forget();
      await pressUntil(1);
      const [, , , , event] = await heard.inOrder(
        [`${P}/in/porch/state`, /^ON$/],
        [`${P}/out/lamp/state`, /^ON$/],
        [`${P}/out/lamp/attr`, /"cause":"[^"]*porch/],
        [`${P}/in/porch/state`, /^OFF$/],
        [`${P}/in/porch/event`, /"event_type":"(press|long_press)_end"/], // long where the machine is slow
      );
      const { duration_ms, seq, ts } = JSON.parse(event?.payload ?? "{}") as { duration_ms: unknown; seq: unknown; ts: unknown };
      if (typeof duration_ms !== "number" || typeof seq !== "number" || typeof ts !== "string")
        throw new Error(`incomplete: ${event?.payload}`);
      if (event?.retained) throw new Error("an event must not be retained");
    },
  },
  {
    name: "mosquitto_pub switches the line, and the state, its cause and the answer come from the write",
    run: async () => {
      const heard = await listen();
      heard.forget();
      await set("lamp", '{"state":"OFF","id":"c1"}');
      await board.reaches(gpio.lamp, 0);
      await heard.inOrder([`${P}/out/lamp/set`, /OFF/], [`${P}/out/lamp/state`, /^OFF$/], [`${P}/out/lamp/attr`, /"cause":"mqtt"/]);
      await heard.wait(`${P}/out/lamp/result`, /"id":"c1".*"ok":true|"ok":true.*"id":"c1"/);
    },
  },
  {
    name: "a retained command does not move the line",
    run: async () => {
      const heard = await listen();
      heard.forget();
      // Delivered live it is served, even with the retain flag set by its publisher; what the broker keeps must never be.
      await set("alarm", "ON", "-r");
      await board.reaches(gpio.alarm, 1);
      await set("alarm", "OFF");
      await board.reaches(gpio.alarm, 0);
      const pid = await mainPid();
      heard.forget();
      await run("systemctl", "restart", "pinbus.service");
      await heard.wait(`${P}/status`, /^online$/);
      if ((await mainPid()) === pid) throw new Error("it was not restarted");
      // What comes after it on the same connection has been served, so the retained one was not.
      await set("lamp", "ON");
      await board.reaches(gpio.lamp, 1);
      if (board.level(gpio.alarm) !== 0) throw new Error("the retained command moved the line");
      await run("mosquitto_pub", "-h", "127.0.0.1", "-r", "-n", "-t", `${P}/out/alarm/set`);
      await set("lamp", "OFF");
      await board.reaches(gpio.lamp, 0);
    },
  },
  {
    name: "without the broker the button still switches; the broker back: online and all states, the same process",
    run: async () => {
      const pid = await mainPid();
      await listener?.stop();
      await run("systemctl", "stop", "mosquitto.service");
      await pressUntil(1);
      await pressUntil(0);
      await pressUntil(1);
      await run("systemctl", "start", "mosquitto.service");
      const heard = await listen();
      await heard.wait(`${P}/status`, /^online$/);
      await heard.wait(`${P}/out/lamp/state`, /^ON$/);
      for (const topic of ["in/porch/state", "out/alarm/state"]) await heard.wait(`${P}/${topic}`, /^OFF$/);
      const { NRestarts } = await show("NRestarts");
      if ((await mainPid()) !== pid || NRestarts !== "0") throw new Error("it was restarted");
    },
  },
  {
    name: "a stop: outputs to on_exit, offline on the bus, success for systemd",
    run: async () => {
      listener?.forget();
      await run("systemctl", "stop", "pinbus.service");
      await listener?.wait(`${P}/status`, /^offline$/);
      await board.reaches(gpio.lamp, 0);
      if ((await retained(`${P}/status`)) !== "offline") throw new Error("offline is not retained");
      const { ActiveState, Result, NRestarts } = await show("ActiveState", "Result", "NRestarts");
      if (ActiveState !== "inactive" || Result !== "success" || NRestarts !== "0") throw new Error(`${ActiveState} ${Result} ${NRestarts}`);
    },
  },
  {
    name: "the journal tells it like a story, in order",
    run: async () => {
      const lines = await journalSince(story);
      mkdirSync(evidence, { recursive: true });
      const full = await journalSince(story, "short-precise");
      writeFileSync(join(evidence, `journal-${driver}-${model}.txt`), `${full.join("\n")}\n`);
      const chapters = [
        /starts/,
        new RegExp(label),
        /127\.0\.0\.1.*(online|5)|online|connected/i,
        /porch.*press/,
        /lamp on.*porch/,
        /lamp off.*mqtt/,
        /stop/i,
      ];
      let from = 0;
      for (const chapter of chapters) {
        const at = lines.findIndex((line, i) => i >= from && chapter.test(line));
        if (at < 0) throw new Error(`no ${chapter} after line ${from}:\n${lines.join("\n")}`);
        from = at;
      }
    },
  },
  {
    name: "entries can be asked for by output and by severity",
    run: async () => {
      const byOutput = await journalSince(story, "cat", "PINBUS_OUTPUT=lamp");
      if (byOutput.length === 0 || byOutput.some((line) => !line.includes("lamp"))) throw new Error(`by output: ${byOutput.join("\n")}`);
    },
  },
];

/** What may go wrong between a service and its lines; minutes each run, so once per driver and once per board. */
const crashes: Case[] = [
  {
    name: "kill -9 on MQTT 5, away longer than the will delay: offline after about 5 s, the line at on_crash all the while",
    run: async () => {
      const heard = await fresh("", "RestartSec=12s");
      const pid = await mainPid();
      heard.forget();
      const at = await kill("SIGKILL");
      await board.reaches(gpio.lamp, 0);
      const after = Math.round(performance.now() - at);
      // The character device lets go at once and the pull takes over: the release edge. sysfs keeps the level until safe comes.
      const byRelease = !(await journalSince(crash)).some((line) => line.startsWith("lamp off: on_crash"));
      console.log(`# lamp off ${after} ms after the kill, ${byRelease ? "by the release edge" : "by safe"}`);
      await madeSafe();
      const offline = await heard.wait(`${P}/status`, /^offline$/);
      if (offline.at - at < 4000 || offline.at - at > 8000) throw new Error(`offline after ${Math.round(offline.at - at)} ms`);
      if (board.level(gpio.lamp) !== 0 || board.level(gpio.alarm) !== 1) throw new Error("a line left its safe state");
      await restarted(pid);
      heard.forget();
      await eventually("online again", async () => (await retained(`${P}/status`)) === "online");
      await board.reaches(gpio.alarm, 0); // on_start
    },
  },
  {
    name: "kill -9 on 3.1.1: offline at once",
    run: async () => {
      const heard = await fresh(', protocol: "3.1.1"', "RestartSec=3s");
      const pid = await mainPid();
      heard.forget();
      const at = await kill("SIGKILL");
      const offline = await heard.wait(`${P}/status`, /^offline$/);
      if (offline.at - at > 1500) throw new Error(`offline after ${Math.round(offline.at - at)} ms`);
      await madeSafe();
      await restarted(pid);
      await heard.wait(`${P}/status`, /^online$/);
    },
  },
  {
    name: "a hung event loop is ended by the watchdog, made safe and restarted",
    run: async () => {
      await fresh("", "WatchdogSec=9s", "RestartSec=100ms");
      const pid = await mainPid();
      await kill("SIGSTOP");
      await eventually("the watchdog's verdict", async () => (await journalSince(crash)).some((line) => /Watchdog timeout/.test(line)));
      await madeSafe();
      await restarted(pid);
    },
  },
  {
    name: "the watchdog is fed while nothing happens",
    run: async () => {
      const pid = await mainPid();
      await pause(20_000); // two limits and more
      if ((await mainPid()) !== pid) throw new Error(`it was restarted:\n${(await journalSince(crash)).join("\n")}`);
    },
  },
  {
    name: "a broken configuration ends with 78, is not tried again, and the journal says where",
    run: async () => {
      await wipe();
      await dropIn(...patience);
      await configure(yaml().replace("toggle", "wobble"));
      const line =
        readFileSync(configFile, "utf8")
          .split("\n")
          .findIndex((text) => text.includes("wobble")) + 1;
      crash = await journalCursor();
      const { code } = await attempt("systemctl", "start", "pinbus.service");
      if (code === 0) throw new Error("systemctl start succeeded");
      const { ActiveState, ExecMainStatus, NRestarts } = await eventually("the service at rest", async () => {
        const now = await show("ActiveState", "ExecMainStatus", "NRestarts");
        return now.ActiveState === "failed" && now;
      });
      if (ActiveState !== "failed" || ExecMainStatus !== "78" || NRestarts !== "0") throw new Error(`${ExecMainStatus} ${NRestarts}`);
      const said = await journalSince(crash);
      if (!said.some((text) => text.includes(`${configFile}:${line}:`) && text.includes("wobble"))) throw new Error(said.join("\n"));
    },
  },
];

await install(tar);
if (driver === "sysfs") await allowSysfs();
await installBroker();
await wipe();
await dropIn(...patience);
await configure(yaml());
board.pull(gpio.porch, "up");
board.pull(gpio.lamp, "down"); // each output gets the pull of its safe state: where the kernel lets go, that is the level
board.pull(gpio.alarm, "up");
const all = (driver === "chardev") === (model === "pi5");
if (!all)
  console.log(`# ${driver} ${model}: the cases of crash, watchdog and broken configuration run on ${model === "pi5" ? "pi4" : "pi5"}`);
const code = await runCases(`${driver} ${model}`, all ? [...cases, ...crashes] : cases, journalTail);
await listener?.stop();
await wipe();
process.exit(code);
