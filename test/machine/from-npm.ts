// Inside the box, as root: from-npm.js <prefix that npm has installed into> <a Debian package of pinbus>
// `pinbus service install` for a pinbus from npm, and its removal, on the simulated board.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { retained } from "./bus.ts";
import { type Case, eventually, runCases } from "./cases.ts";
import { attempt, run } from "./commands.ts";
import { configFile, dropIn } from "./install.ts";
import { changes, filesOf } from "./snapshot.ts";
import { is, journalTail, mainPid, show } from "./unit.ts";

const [prefix = "", deb = ""] = process.argv.slice(2);
const pinbus = "/usr/local/bin/pinbus";
const home = "/usr/local/lib/node_modules/pinbus";
let clean: Map<string, string>;

function must(condition: boolean, problem: string): void {
  if (!condition) throw new Error(problem);
}

const online = () => eventually("online", async () => (await retained("pinbus/sdbox/status")) === "online");
const as = (user: string, ...args: string[]) => attempt("setpriv", "--reuid", user, "--regid", "nogroup", "--init-groups", ...args);

/** What is there that was not there before the service was installed; what is gone or different is in it, too. */
async function left(): Promise<string[]> {
  return changes(clean, await filesOf()).sort();
}

const cases: Case[] = [
  {
    name: "only root may install the service, and --dry-run changes nothing",
    run: async () => {
      await run("cp", "-a", `${prefix}/.`, "/usr/local/");
      clean = await filesOf();
      const { code, stderr } = await as("nobody", pinbus, "service", "install");
      must(code === 1 && stderr.includes("sudo pinbus service install"), stderr);
      const said = await run(pinbus, "service", "install", "--dry-run");
      must(said.includes("would write /usr/local/lib/systemd/system/pinbus.service"), said);
      must(said.includes("would run systemctl restart pinbus.service"), said);
      must((await left()).length === 0, (await left()).join("\n"));
    },
  },
  {
    name: "installed it is enabled and online at its own broker, with a starter that drives no pin and the rights of the package",
    run: async () => {
      await run(pinbus, "service", "install");
      await online();
      await is("enabled active");
      must((await run("stat", "-c", "%a %U %G", configFile)).trim() === "640 root pinbus", "the configuration has another mode or owner");
      must((await run("stat", "-c", "%G", "/run/pinbus/control.sock")).trim() === "pinbus-op", "the socket has another group");
      must((await run(pinbus, "check")).includes(`${configFile} is fine.`), "pinbus check finds something");
      const command = readFileSync(`/proc/${await mainPid()}/cmdline`, "utf8").split("\0");
      must(
        command.includes("--min-semi-space-size=2") &&
          command.includes("--max-semi-space-size=2") &&
          command.includes(`${home}/dist/agent/main.cjs`),
        command.join(" "),
      );
    },
  },
  {
    name: "systemd finds no fault in the unit, and no more exposure than in that of the package",
    run: async () => {
      const file = "/usr/local/lib/systemd/system/pinbus.service";
      const { code, stderr } = await attempt("systemd-analyze", "verify", file);
      const faults = stderr.split("\n").filter((line) => line.includes("pinbus") && !/OpenFile|man:pinbus|man pinbus/.test(line));
      must(faults.length === 0, `verify ended with ${code}: ${stderr}`);
      const systemd = Number(/^systemd (\d+)/.exec(await run("systemctl", "--version"))?.[1]);
      await run("systemd-analyze", "security", "--offline=yes", `--threshold=${systemd < 257 ? 17 : 15}`, file);
    },
  },
  {
    name: "the journal explains its entries, bash completes, and a user in pinbus-op may restart it",
    run: async () => {
      must((await run("journalctl", "--list-catalog")).includes("pinbus"), "the catalog knows nothing of pinbus");
      const complete = `. /usr/local/share/bash-completion/completions/pinbus; COMP_WORDS=(pinbus relo); COMP_CWORD=1; _pinbus; echo "\${COMPREPLY[@]}"`;
      must((await run("bash", "-c", complete)).trim() === "reload", "bash completes otherwise");
      must(existsSync("/usr/local/share/man/man1/pinbus.1.gz"), "there is no manual page");
      await run("useradd", "--groups", "pinbus-op", "op");
      await run("useradd", "stranger");
      const { code, stderr } = await as("op", "systemctl", "restart", "pinbus.service");
      must(code === 0, `op may not restart it: ${stderr}`);
      must((await as("stranger", "systemctl", "restart", "pinbus.service")).code !== 0, "others may restart it");
      for (const user of ["op", "stranger"]) await run("userdel", user);
      await online();
    },
  },
  {
    name: "installed again it is left alone; another version restarts it, but does not start what somebody has stopped",
    run: async () => {
      const first = await mainPid();
      await run(pinbus, "service", "install");
      must((await mainPid()) === first, "it was restarted");
      const file = join(home, "package.json");
      const own = readFileSync(file, "utf8");
      writeFileSync(file, own.replace(/"version": "[^"]*"/, '"version": "9.9.9"'));
      await run(pinbus, "service", "install");
      must((await mainPid()) !== first, "it was not restarted");
      await online();
      writeFileSync(file, own);
      await run("systemctl", "disable", "--now", "pinbus.service");
      await run(pinbus, "service", "install");
      await is("disabled inactive");
      await run("systemctl", "enable", "--now", "pinbus.service");
      await online();
    },
  },
  {
    name: "the Debian package is not installed beside it, and says what to do",
    run: async () => {
      const { code, stderr } = await attempt("dpkg", "--unpack", deb);
      must(code !== 0 && stderr.includes("pinbus service uninstall"), stderr);
      await is("enabled active");
    },
  },
  {
    name: "removed it stops and leaves the configuration and the state; with --purge nothing but the user and the groups",
    run: async () => {
      await run(pinbus, "service", "uninstall");
      must((await show("ActiveState")).ActiveState === "inactive", "it still runs");
      const stay = (await left()).filter(
        (line) => !/^new: \/(etc|var\/lib)\/pinbus(\/|$)/.test(line) && !line.includes(`${home}/package.json`),
      );
      must(stay.length === 0, `left behind:\n${stay.join("\n")}`);
      must(existsSync(configFile), "the configuration is gone");
      await run(pinbus, "service", "uninstall", "--purge");
      const all = (await left()).filter((line) => !line.includes(`${home}/package.json`));
      must(all.length === 0, `left behind:\n${all.join("\n")}`);
      for (const group of ["pinbus", "gpio", "pinbus-op", "pinbus-view"]) await run("getent", "group", group);
      must((await run(pinbus, "service", "uninstall")).includes("nothing to do"), "there is something left to do");
    },
  },
];

await run("systemctl", "stop", "mosquitto.service");
// What somebody else's pinbus may have left on this machine.
for (const folder of ["/etc/pinbus", "/var/lib/pinbus"]) rmSync(folder, { recursive: true, force: true });
mkdirSync("/usr/local/bin", { recursive: true });
// There is no chip here; a Pi has one.
await dropIn("Environment=PINBUS_GPIO_DRIVER=sim");
process.exit(await runCases("from npm", cases, journalTail));
