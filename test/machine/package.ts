// Inside the box, as root, in the folder with the packages: package.js <folder for evidence> [pinbus-node]
// The Debian packages from nothing to purged. With `pinbus-node`, Debian's own Node.js is too old here and that package stands in for it.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { join, resolve } from "node:path";
import { P, retained, set } from "./bus.ts";
import { type Case, eventually, runCases } from "./cases.ts";
import { attempt, type Ended, run } from "./commands.ts";
import { configFile, home, installBroker, program } from "./install.ts";
import { Listener } from "./listener.ts";
import { changes, filesOf } from "./snapshot.ts";
import { is, journalTail, mainPid, show } from "./unit.ts";

const [evidence = "build/evidence", nodePackage] = process.argv.slice(2);
const unit = "pinbus.service";
const dropIns = "/run/systemd/system/pinbus.service.d";
const deb = (name: string, folder = ".") => {
  const file = readdirSync(folder).find((entry) => entry.startsWith(`${name}_`) && entry.endsWith(`_${arch}.deb`));
  if (file === undefined) throw new Error(`no ${name} in ${resolve(folder)}`);
  return `./${join(folder, file)}`;
};
const arch = (await run("dpkg", "--print-architecture")).trim();
const node = nodePackage === undefined ? [] : [deb(nodePackage)];
const now = deb("pinbus");
const before = deb("pinbus", "old");
const version = (file: string) => file.split("_")[1] ?? "";

/** What an administrator made of the starter. */
const edited = `# edited by hand
node: machine
gpio: { driver: sim, board: pi5 }
mqtt: { server: 127.0.0.1 }
outputs:
  lamp: { line: 27, on_start: last, on_exit: keep }
  fan: { line: 6 }
`;
const told: string[] = [];

function must(condition: boolean, problem: string): void {
  if (!condition) throw new Error(problem);
}

/** apt-get as a person types it: with the questions of dpkg, to which nobody answers here. */
function apt(...args: string[]): Promise<Ended> {
  return attempt("env", "-u", "DEBIAN_FRONTEND", "sh", "-c", `exec apt-get -y "$@" < /dev/null`, "apt-get", ...args);
}

async function install(...files: string[]): Promise<string> {
  const { code, stdout, stderr } = await apt("install", "--no-install-recommends", "--allow-downgrades", "--reinstall", ...files);
  must(code === 0, `apt-get install ended with ${code}: ${stdout}${stderr}`);
  must(!/conffile|What would you like to do/i.test(stdout + stderr), `a prompt: ${stdout}`);
  return stdout + stderr;
}

/** The agent of this version says `online` and is the one that systemd runs. */
async function online(file: string, prefix = P): Promise<void> {
  await eventually(`online on ${prefix}`, async () => (await retained(`${prefix}/status`)) === "online");
  const info = JSON.parse(await retained(`${prefix}/info`)) as { version: string };
  must(info.version === version(file), `it is ${info.version}, not ${version(file)}`);
}

function caches(): Map<string, number> {
  const folder = join(home, "dist/agent");
  return new Map(readdirSync(folder).flatMap((name) => (name.endsWith(".cache") ? [[name, statSync(join(folder, name)).mtimeMs]] : [])));
}

/** The promise of 10 s is for a machine that has time for it: with more to do than processors, it takes longer by as much. */
function inTime(what: string, began: number): void {
  const took = Math.round(performance.now() - began);
  const share = Math.max(1, (loadavg()[0] ?? 0) / availableParallelism());
  told.push(`apt-get install to online at ${what}: ${took} ms, with ${share.toFixed(1)} times as much to do as there are processors`);
  must(took < 10_000 * share, `it took ${took} ms`);
}

const as = (user: string, ...args: string[]) => attempt("setpriv", "--reuid", user, "--regid", "nogroup", "--init-groups", ...args);
let clean: Map<string, string>;

/** `tooOld`: a case of where Debian's Node.js is too old. */
const cases: (Case & { tooOld?: true })[] = [
  {
    name: "apt refuses to install it without a Node.js that is new enough, and says what is missing",
    tooOld: true,
    run: async () => {
      await run("dpkg", "--purge", "nodejs");
      const { code, stdout, stderr } = await apt("install", "--no-install-recommends", now);
      must(code !== 0 && /Depends: nodejs \(>= 20\.19\)/.test(stdout + stderr), stdout + stderr);
      // What Debian 12 has: too old to run pinbus.
      writeFileSync("/usr/bin/node", "#!/bin/sh\necho this Node is too old >&2; exit 1\n", { mode: 0o755 });
    },
  },
  {
    name: "from nothing to an agent that is online at its own broker within 10 s, with a starter that drives no pin",
    run: async () => {
      await run("systemctl", "stop", "mosquitto.service");
      clean = await filesOf();
      const began = performance.now();
      await install(...node, before);
      await eventually("online", async () => (await retained("pinbus/sdbox/status")) === "online");
      inTime("the built-in broker", began);
      await online(before, "pinbus/sdbox");
      await is("enabled active");
      must((await run("stat", "-c", "%a %U %G", configFile)).trim() === "640 root pinbus", "the configuration has another mode or owner");
      must((await run("pinbus", "check")).includes(`${configFile} is fine.`), "pinbus check finds something");
      must(caches().size === 3, `code caches: ${[...caches().keys()]}`);
      const { result } = JSON.parse((await attempt("pinbus", "doctor", "--json")).stdout);
      must(/^(ok|warning|problem)$/.test(result), `pinbus doctor: ${result}`);
    },
  },
  {
    name: "systemd finds no fault in the unit, and less exposure than in those of the brokers",
    run: async () => {
      const file = `/usr/lib/systemd/system/${unit}`;
      const { code, stderr } = await attempt("systemd-analyze", "verify", file);
      const faults = stderr.split("\n").filter((line) => line.includes("pinbus") && !line.includes("OpenFile"));
      must(code === 0 && faults.length === 0, `verify ended with ${code}: ${stderr}`);
      const systemd = Number(/^systemd (\d+)/.exec(await run("systemctl", "--version"))?.[1]);
      await run("systemd-analyze", "security", "--offline=yes", `--threshold=${systemd < 257 ? 17 : 15}`, file);
      for (const other of [file, "/usr/lib/systemd/system/mosquitto.service", "/opt/rabbitmq-server.service"]) {
        const said = (await attempt("systemd-analyze", "security", "--offline=yes", "--no-pager", other)).stdout;
        told.push(`systemd ${systemd}: ${/Overall exposure level.*/.exec(said)?.[0] ?? said}`);
      }
    },
  },
  {
    name: "the manual pages are there and without faults, bash completes, and the terminal UI and the sensors have all they load",
    run: async () => {
      for (const page of [
        ["1", "pinbus"],
        ["5", "pinbus.yaml"],
      ]) {
        const { code, stdout, stderr } = await attempt("env", "MANROFFSEQ=", "MANWIDTH=80", "man", "--warnings", "-P", "cat", ...page);
        must(code === 0 && stderr === "" && stdout.length > 2000, `man ${page.join(" ")}: ${stderr}`);
      }
      const complete = `. /usr/share/bash-completion/completions/pinbus; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _pinbus; echo "\${COMPREPLY[@]}"`;
      const completed = async (...words: string[]) => (await run("bash", "-c", complete, "bash", "pinbus", ...words)).trim();
      must((await completed("relo")) === "reload", await completed("relo"));
      must((await completed("set", "lamp", "t")) === "toggle", await completed("set", "lamp", "t"));
      must((await completed("check", "--mqtt-serv")).includes("--mqtt-server"), await completed("check", "--mqtt-serv"));
      const own = nodePackage ? "/usr/lib/pinbus-node/bin/node" : program[0];
      for (const part of ["agent/tui-bundle.js", "agent/sensor/reader.js"]) {
        const { code, stderr } = await attempt(own, "--input-type=module", "-e", `await import("${home}/dist/${part}"); process.exit(0)`);
        must(code === 0, `${part}: ${stderr}`);
      }
    },
  },
  {
    name: "an upgrade under load keeps the edited configuration and what a relay shows, and asks nothing",
    run: async () => {
      await run("systemctl", "stop", unit);
      await run("systemctl", "start", "mosquitto.service");
      writeFileSync(configFile, edited);
      await run("systemctl", "start", unit);
      await online(before);
      await set("lamp", "ON");
      const listener = await Listener.start(`${P}/#`);
      await listener.wait(`${P}/out/lamp/state`, /^ON$/);
      listener.forget();
      const pid = await mainPid();
      let busy = true;
      const load = (async () => {
        for (let sent = 0; ; sent++) {
          if (!busy) return sent;
          await set("fan", "TOGGLE");
        }
      })();
      await listener.wait(`${P}/out/fan/state`, /^ON$/);
      const said = await install(now);
      must(!said.includes("going back"), `an upgrade is said to be a way back: ${said}`);
      await online(now);
      const wentOff = listener.find(`${P}/out/lamp/state`, /^OFF$/);
      listener.forget();
      await listener.wait(`${P}/out/fan/state`, /^ON$/);
      busy = false;
      told.push(`commands during the upgrade: ${await load}`);
      must((await mainPid()) !== pid, "the agent is the old one");
      must((await run("pinbus", "get", "lamp")).trim() === "ON", "the lamp is not on");
      must(readFileSync(configFile, "utf8") === edited, "the configuration was changed");
      must((wentOff ?? listener.find(`${P}/out/lamp/state`, /^OFF$/)) === undefined, `the lamp went off: ${listener}`);
      await listener.stop();
      await is("enabled active");
    },
  },
  {
    name: "online at mosquitto within 10 s of apt-get install, with a configuration that was there before",
    run: async () => {
      await run("apt-get", "-y", "remove", "pinbus");
      const began = performance.now();
      await install(now);
      await online(now);
      inTime("mosquitto", began);
    },
  },
  {
    name: "what the administrator has stopped stays stopped, and what is disabled stays disabled",
    run: async () => {
      await run("systemctl", "stop", unit);
      await install(now);
      await is("enabled inactive");
      await run("systemctl", "disable", unit);
      await install(now);
      await is("disabled inactive");
      await run("systemctl", "enable", "--now", unit);
      await online(now);
      await install(now);
      await is("enabled active");
    },
  },
  {
    name: "going back to an older version works and is said; a configuration that it does not know fails the service, not the package",
    run: async () => {
      const said = await install(before);
      must(said.includes(`going back from ${version(now)}`), said);
      await online(before);
      must(readFileSync(configFile, "utf8") === edited, "the configuration was changed");
      writeFileSync(configFile, `${edited}colour: red\n`);
      must((await install(now)).includes("the service did not start"), "nothing is said of the service that did not start");
      must((await show("ExecMainStatus")).ExecMainStatus === "78", "it failed otherwise");
      writeFileSync(configFile, edited);
      await install(now);
      await online(now);
    },
  },
  {
    name: "with another Node.js the code cache is made anew",
    tooOld: true,
    run: async () => {
      const old = caches();
      await install(...node);
      must([...caches()].every(([name, time]) => time > (old.get(name) ?? 0)) && caches().size === 3, "the caches are the old ones");
    },
  },
  {
    name: "a user in pinbus-op may stop, restart and reload the listed units with plain systemctl, nothing else, and others nothing",
    run: async () => {
      await run("useradd", "--groups", "pinbus-op", "op");
      await run("useradd", "stranger");
      const allowed = [
        ["restart", unit],
        ["reload", unit],
        ["stop", unit],
        ["restart", unit],
        ["restart", "mosquitto.service"],
      ];
      const refused = [
        ["restart", "dbus.service"],
        ["restart", "systemd-journald.service"],
        ["start", unit],
        ["kill", unit],
        ["disable", unit],
      ];
      for (const args of allowed) {
        const { code, stderr } = await as("op", "systemctl", ...args);
        must(code === 0, `op may not ${args.join(" ")}: ${stderr}`);
      }
      for (const args of refused) must((await as("op", "systemctl", ...args)).code !== 0, `op may ${args.join(" ")}`);
      for (const args of [...allowed, ...refused])
        must((await as("stranger", "systemctl", ...args)).code !== 0, `others may ${args.join(" ")}`);
      await online(now);
      for (const user of ["op", "stranger"]) await run("userdel", user);
    },
  },
  {
    name: "removed it stops and keeps configuration and state; installed again it goes on with them",
    run: async () => {
      await set("lamp", "ON");
      await eventually("the lamp is on", async () => (await run("pinbus", "get", "lamp")).trim() === "ON");
      await run("apt-get", "-y", "remove", "pinbus");
      must((await retained(`${P}/status`)) === "offline", "it did not say offline");
      must((await show("ActiveState")).ActiveState !== "active", "it still runs");
      must(existsSync(configFile) && existsSync("/var/lib/pinbus"), "configuration or state are gone");
      must(!existsSync(home), `left behind: ${existsSync(home) && readdirSync(home)}`);
      await install(now);
      await online(now);
      must((await run("pinbus", "get", "lamp")).trim() === "ON", "the state is gone");
      await is("enabled active");
    },
  },
  {
    name: "purged it leaves nothing but the user and the groups",
    run: async () => {
      await run("apt-get", "-y", "purge", "pinbus", ...(nodePackage ? [nodePackage] : []));
      await run("systemctl", "stop", "mosquitto.service");
      const left = changes(clean, await filesOf());
      must(left.length === 0, `left behind:\n${left.join("\n")}`);
      for (const group of ["pinbus", "gpio", "pinbus-op", "pinbus-view"]) await run("getent", "group", group);
      told.push("after the purge: no file is new, changed or gone; user pinbus, groups pinbus, gpio, pinbus-op, pinbus-view stay");
    },
  },
];

await installBroker();
// The index of all manual pages of this machine is not what is measured.
rmSync("/var/lib/man-db/auto-update", { force: true });
// What somebody else's pinbus may have left on this machine.
for (const folder of ["/etc/pinbus", "/var/lib/pinbus"]) rmSync(folder, { recursive: true, force: true });
// There is no chip here; a Pi has one.
mkdirSync(dropIns, { recursive: true });
writeFileSync(join(dropIns, "sim.conf"), "[Service]\nEnvironment=PINBUS_GPIO_DRIVER=sim\n");
const code = await runCases(
  "package",
  cases.filter(({ tooOld }) => !tooOld || nodePackage !== undefined),
  journalTail,
);
mkdirSync(evidence, { recursive: true });
const systemd = (await run("systemctl", "--version")).split("\n")[0] ?? "";
writeFileSync(join(evidence, `package-${systemd.split(" ")[1]}.txt`), `${[systemd, ...told].join("\n")}\n`);
console.log(told.map((line) => `# ${line}`).join("\n"));
process.exit(code);
