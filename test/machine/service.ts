// Inside the box, as root: service.js <package.tar> <folder for evidence>
// The installed unit under the host's own systemd, on the simulated board, with Debian's mosquitto.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { P, retained, set, startedIn } from "./bus.ts";
import { type Case, eventually, pause, runCases } from "./cases.ts";
import { attempt, type Ended, run } from "./commands.ts";
import { configFile, configure, dropIn, install, installBroker, program, wipe } from "./install.ts";
import { Listener } from "./listener.ts";
import { journalCursor, journalSince, journalTail, kill, mainPid, restarted, show } from "./unit.ts";

const [tar = "", evidence = "build/evidence"] = process.argv.slice(2);
const secret = "correct-horse-battery";

const yaml = (mqtt = "") => `node: machine
gpio: { driver: sim, board: pi5 }
mqtt: { server: 127.0.0.1${mqtt} }
inputs:
  porch: { line: 17, bias: pull-up, active: low }
outputs:
  lamp: { line: 27 }
rules:
  porch-lamp: { when: { input: porch, gesture: press }, do: [ { output: lamp, set: toggle } ] }
services: [mosquitto.service, nope.service]
`;

let listener: Listener | undefined;
let cursor = "";

/** What the bus said since `fresh`. */
const heard = (): Listener => {
  if (listener === undefined) throw new Error("nobody listens");
  return listener;
};

/** A pinbus command as root, or as a user of these groups only. */
function pinbus(args: string[], group?: string): Promise<Ended> {
  if (group === undefined) return attempt(program[0], program[1], ...args);
  return attempt("setpriv", "--reuid", "nobody", "--regid", "nogroup", "--groups", group, program[0], program[1], ...args);
}

async function ok(args: string[], group?: string): Promise<string> {
  const { code, stdout, stderr } = await pinbus(args, group);
  if (code !== 0) throw new Error(`pinbus ${args.join(" ")} as ${group ?? "root"} ended with ${code}: ${stderr}`);
  return stdout.trim();
}

function must(condition: boolean, problem: string): void {
  if (!condition) throw new Error(problem);
}

/** The service running and online with this configuration, lamp on, the bus heard from then on. */
async function fresh(config: string, ...settings: string[]): Promise<void> {
  await wipe();
  await configure(config);
  await dropIn(...settings);
  await run("systemctl", "start", "mosquitto.service");
  await listener?.stop();
  listener = await Listener.start(`${P}/#`);
  cursor = await journalCursor();
  await run("systemctl", "start", "pinbus.service");
  await heard().wait(`${P}/status`, /^online$/);
  await set("lamp", "ON");
  await heard().wait(`${P}/out/lamp/state`, /^ON$/);
}

const cases: Case[] = [
  {
    name: "systemctl start returns when the lines are served, without waiting for a broker",
    run: async () => {
      await wipe();
      await configure(yaml());
      await dropIn();
      cursor = await journalCursor();
      await run("systemctl", "start", "pinbus.service");
      const { ActiveState, SubState, StatusText } = await show("ActiveState", "SubState", "StatusText");
      must(ActiveState === "active" && SubState === "running", `${ActiveState} ${SubState}`);
      must(StatusText !== "", "systemctl status says nothing about the agent");
      await ok(["sim", "press", "porch"]);
      must((await ok(["get", "lamp"])) === "ON", "the press did not switch the lamp");
    },
  },
  {
    name: "the broker comes, and the bus hears the press, its cause and the command",
    run: async () => {
      await fresh(yaml());
      heard().forget();
      await ok(["sim", "press", "porch"]);
      await heard().inOrder(
        [`${P}/in/porch/state`, /^ON$/],
        [`${P}/out/lamp/state`, /^OFF$/],
        [`${P}/out/lamp/attr`, /"cause":"[^"]*porch/],
      );
      await heard().wait(`${P}/in/porch/event`, /press_end/);
      // The first command's attributes may have come behind the press.
      heard().forget();
      await set("lamp", "ON");
      await heard().inOrder([`${P}/out/lamp/state`, /^ON$/], [`${P}/out/lamp/attr`, /"cause":"mqtt"/]);
    },
  },
  {
    name: "group pinbus-op operates, group pinbus-view only looks, others do neither",
    run: async () => {
      await ok(["set", "lamp", "off"], "pinbus-op");
      must((await ok(["get", "lamp"], "pinbus-op")) === "OFF", "pinbus-op could not switch");
      const view = ["--socket", "/run/pinbus/view.sock"];
      must((await ok(["get", "lamp", ...view], "pinbus-view")) === "OFF", "pinbus-view could not look");
      must((await pinbus(["set", "lamp", "on", ...view], "pinbus-view")).code === 1, "pinbus-view was not refused on its own socket");
      must((await pinbus(["set", "lamp", "on"], "pinbus-view")).code !== 0, "pinbus-view could switch");
      for (const args of [
        ["get", "lamp"],
        ["set", "lamp", "on"],
      ])
        must((await pinbus(args, "nogroup")).code !== 0, `others could ${args.join(" ")}`);
      must((await ok(["get", "lamp"])) === "OFF", "somebody switched it");
    },
  },
  {
    name: "the states of allow-listed services are read from inside the sandbox",
    run: async () => {
      const probe = `import("/usr/lib/pinbus/dist/systemd/units.js").then(async (m) => console.log(JSON.stringify(await m.readUnits(["mosquitto.service", "nope.service"]))))`;
      const text = await run(
        "systemd-run",
        "--pipe",
        "--wait",
        "-q",
        "-p",
        "User=pinbus",
        "-p",
        "PrivateUsers=yes",
        "-p",
        "ProtectProc=invisible",
        "-p",
        "CapabilityBoundingSet=",
        program[0],
        "-e",
        probe,
      );
      const [mosquitto, nope] = JSON.parse(text) as { active: string; since: string | null; problem: string | null }[];
      must(mosquitto?.active === "active" && mosquitto.since !== null && mosquitto.problem === null, text);
      must(nope?.problem === "no such unit is installed", text);
    },
  },
  {
    name: "systemctl reload applies the changed file, keeps the process and what did not change, and refuses a faulty file",
    run: async () => {
      const pid = await mainPid();
      heard().forget();
      await set("lamp", "ON");
      await heard().wait(`${P}/out/lamp/state`, /^ON$/);
      await heard().wait(`${P}/out/lamp/attr`, /"cause":"mqtt"/);
      heard().forget();
      await configure(yaml().replace("outputs:\n", "outputs:\n  fan: { line: 6, on_start: on }\n"));
      await run("systemctl", "reload", "pinbus.service");
      await heard().wait(`${P}/out/fan/state`, /^ON$/);
      await eventually("the end of the reload", async () => {
        const { ActiveState, SubState, StatusText } = await show("ActiveState", "SubState", "StatusText");
        return ActiveState === "active" && SubState === "running" && /reloaded \(SIGHUP\): 1 change$/.test(StatusText ?? "");
      });
      await configure(`${yaml()}colour: red\n`);
      await run("systemctl", "reload", "pinbus.service");
      await eventually("the refusal", async () => /was refused: .* has 1 problem;/.test((await show("StatusText")).StatusText ?? ""));
      must((await show("ActiveState")).ActiveState === "active", "it is not active");
      must((await mainPid()) === pid, "it was restarted");
      must((await ok(["get", "fan"])) === "ON", "the faulty file took an output away");
      await configure(yaml());
      must((await ok(["reload"])) === "outputs.fan: removed; its line goes off and is released", "pinbus reload says something else");
      must((await ok(["get", "lamp"])) === "ON", "the lamp did not stay on");
      must(heard().find(`${P}/out/lamp/state`, /./) === undefined, `the lamp was published: ${heard()}`);
      await set("lamp", "OFF");
    },
  },
  {
    name: "kill -9 and back before the will delay: no offline on MQTT 5, but a new started in info",
    run: async () => {
      await fresh(yaml());
      const before = startedIn((await heard().wait(`${P}/info`, /started/)).payload);
      const pid = await mainPid();
      heard().forget();
      await kill("SIGKILL");
      const info = await eventually("a new started in info", () =>
        heard().heard.find(({ topic, payload }) => topic === `${P}/info` && startedIn(payload) !== before),
      );
      must(startedIn(info.payload) > before, "started did not grow");
      await restarted(pid);
      await heard().wait(`${P}/status`, /^online$/);
      must(heard().find(`${P}/status`, /^offline$/) === undefined, `offline was published: ${heard()}`);
      must((await show("NRestarts")).NRestarts === "1", "not exactly one restart");
    },
  },
  {
    name: "kill -9 and away longer than the will delay: offline after about 5 s on MQTT 5",
    run: async () => {
      await fresh(yaml(), "RestartSec=8s");
      heard().forget();
      const at = await kill("SIGKILL");
      const offline = await heard().wait(`${P}/status`, /^offline$/);
      must(Math.abs(offline.at - at - 5500) < 1500, `after ${Math.round(offline.at - at)} ms`);
      await heard().wait(`${P}/status`, /^online$/);
    },
  },
  {
    name: "kill -9: offline at once on 3.1.1",
    run: async () => {
      await fresh(yaml(', protocol: "3.1.1"'));
      heard().forget();
      const at = await kill("SIGKILL");
      const offline = await heard().wait(`${P}/status`, /^offline$/);
      must(offline.at - at < 1000, `after ${Math.round(offline.at - at)} ms`);
      await heard().wait(`${P}/status`, /^online$/);
    },
  },
  {
    name: "a hung event loop is ended by the watchdog within its limit and restarted",
    run: async () => {
      await fresh(yaml(), "WatchdogSec=6s", "RestartSec=100ms");
      const pid = await mainPid();
      const at = await kill("SIGSTOP");
      await eventually("the watchdog's verdict", async () => (await journalSince(cursor)).some((line) => /Watchdog timeout/.test(line)));
      must(performance.now() - at < 8000, `after ${Math.round(performance.now() - at)} ms`);
      await restarted(pid);
    },
  },
  {
    name: "the watchdog is fed while nothing happens, also without a broker",
    run: async () => {
      const pid = await mainPid();
      await run("systemctl", "stop", "mosquitto.service");
      await pause(20_000); // three limits
      must((await mainPid()) === pid, "it was restarted");
    },
  },
  {
    name: "a stalled journal does not stop the lines",
    run: async () => {
      await fresh(yaml());
      const journald = Number((await run("systemctl", "show", "systemd-journald.service", "--property=MainPID", "--value")).trim());
      process.kill(journald, "SIGSTOP");
      try {
        for (let i = 0; i < 30; i++) await ok(["set", "lamp", i % 2 === 0 ? "off" : "on"]);
      } finally {
        process.kill(journald, "SIGCONT");
      }
      must((await ok(["get", "lamp"])) === "ON", "the last command was not served");
    },
  },
  {
    name: "a secret from a credential reaches the broker and appears nowhere else",
    run: async () => {
      await run(
        "sh",
        "-c",
        `install -m 0600 /dev/null /etc/pinbus/credentials/mqtt && printf '%s\n' ${secret} > /etc/pinbus/credentials/mqtt`,
      );
      await run("sh", "-c", `mosquitto_passwd -b -c /etc/mosquitto/passwd pi ${secret} && chmod 0644 /etc/mosquitto/passwd`);
      await wipe();
      await installBroker("allow_anonymous true", "password_file /etc/mosquitto/passwd");
      await fresh(yaml(", username: pi, password: { file: /run/credentials/pinbus.service/secrets_mqtt }"));
      const environ = await run(
        "sh",
        "-c",
        `tr '\\0' ' ' < /proc/${await mainPid()}/environ; tr '\\0' ' ' < /proc/${await mainPid()}/cmdline`,
      );
      const status = await ok(["status", "--json"]);
      const journal = (await journalSince(cursor, "json")).join("\n");
      for (const [where, text] of Object.entries({ environ, status, journal, bus: heard().toString() }))
        must(!text.includes(secret), `the secret is in ${where}`);
      await installBroker();
    },
  },
  {
    name: "a stop says offline on the bus and is a success for systemd",
    run: async () => {
      await fresh(yaml());
      heard().forget();
      await run("systemctl", "stop", "pinbus.service");
      await heard().wait(`${P}/status`, /^offline$/);
      must((await retained(`${P}/status`)) === "offline", "offline is not retained");
      const { ActiveState, Result, NRestarts } = await show("ActiveState", "Result", "NRestarts");
      must(ActiveState === "inactive" && Result === "success" && NRestarts === "0", `${ActiveState} ${Result} ${NRestarts}`);
      mkdirSync(evidence, { recursive: true });
      writeFileSync(join(evidence, "journal-service.txt"), `${(await journalSince(cursor, "short-precise")).join("\n")}\n`);
    },
  },
  {
    name: "a broken configuration ends with 78, is not tried again, and the journal says where",
    run: async () => {
      await wipe();
      await dropIn();
      await configure(yaml().replace("toggle", "wobble"));
      const line = yaml()
        .split("\n")
        .findIndex((text) => text.includes("toggle"));
      cursor = await journalCursor();
      must((await attempt("systemctl", "start", "pinbus.service")).code !== 0, "systemctl start succeeded");
      const { ActiveState, ExecMainStatus, NRestarts } = await show("ActiveState", "ExecMainStatus", "NRestarts");
      must(ActiveState === "failed" && ExecMainStatus === "78" && NRestarts === "0", `${ActiveState} ${ExecMainStatus} ${NRestarts}`);
      const said = await journalSince(cursor);
      must(
        said.some((text) => text.includes(`${configFile}:${line + 1}:`) && text.includes("wobble")),
        said.join("\n"),
      );
    },
  },
];

await install(tar);
await installBroker();
const code = await runCases("service", cases, journalTail);
await listener?.stop();
await wipe();
process.exit(code);
