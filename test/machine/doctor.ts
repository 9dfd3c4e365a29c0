// Inside the box, as root: doctor.js <package.tar> <folder for evidence>
// What `pinbus doctor` finds on an installed machine, and that what it prints mends it.
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { type Case, eventually, runCases } from "./cases.ts";
import { attempt, type Ended, run } from "./commands.ts";
import { configure, dropIn, install, installBroker, program, wipe } from "./install.ts";
import { journalTail, show } from "./unit.ts";

const [tar = "", evidence = "build/evidence"] = process.argv.slice(2);
const secret = "canary-93c1d7";
const credential = "/etc/pinbus/credentials/broker";
const printedUnit = "/etc/systemd/system/pinbus.service.d/configuration.conf";
const told: string[] = [];

const base = "node: greenhouse\ngpio: { driver: sim }\n";
const external = `${base}mqtt: { server: 127.0.0.1, username: grower, password: { credential: broker } }\noutputs: { lamp: { line: 27 } }\n`;

interface Finding {
  check: string;
  level: string;
  what: string;
  mend: string[];
}

function pinbus(...args: string[]): Promise<Ended> {
  return attempt(program[0], program[1], ...args);
}

/** As a user of these groups only. */
function pinbusAs(group: string, ...args: string[]): Promise<Ended> {
  return attempt("setpriv", "--reuid", "nobody", "--regid", "nogroup", "--groups", group, program[0], program[1], ...args);
}

function must(condition: boolean, problem: string): void {
  if (!condition) throw new Error(problem);
}

/** All findings as `level check: what`; the words for people go into the evidence. */
async function doctor(title: string): Promise<{ code: number; lines: string[] }> {
  const { code, stdout } = await pinbus("doctor", "--json");
  const { findings } = JSON.parse(stdout) as { findings: Finding[] };
  told.push(`$ sudo pinbus doctor    # ${title}`, (await pinbus("doctor")).stdout, "");
  return { code, lines: findings.map(({ level, check, what }) => `${level} ${check}: ${what}`) };
}

function has(lines: readonly string[], pattern: RegExp): void {
  must(
    lines.some((line) => pattern.test(line)),
    `nothing like ${pattern} among\n${lines.join("\n")}`,
  );
}

async function start(config: string): Promise<void> {
  await attempt("systemctl", "stop", "pinbus.service");
  await attempt("systemctl", "reset-failed", "pinbus.service");
  await configure(config);
  await attempt("systemctl", "start", "pinbus.service");
}

async function healthy(): Promise<void> {
  await start(external);
  await eventually("the agent is online", async () => (await pinbus("status", "--json")).code !== 3);
}

/** Puts in place what `pinbus service drop-in` prints, as the doctor says. */
async function mendUnit(): Promise<void> {
  const { stdout } = await pinbus("service", "drop-in");
  mkdirSync("/etc/systemd/system/pinbus.service.d", { recursive: true });
  writeFileSync(printedUnit, stdout);
  told.push("$ pinbus service drop-in", stdout);
  await run("systemctl", "daemon-reload");
}

async function unmendUnit(): Promise<void> {
  rmSync(printedUnit, { force: true });
  await run("systemctl", "daemon-reload");
}

/** The drop-in is asked for by `check` and by the doctor, and asked for no more when it is there. */
async function isMended(title: string): Promise<void> {
  has((await pinbus("check")).stderr.split("\n"), /^warning: pinbus\.service lacks /);
  const before = await doctor(`${title}, without the drop-in`);
  has(before.lines, /^problem drop-in: the unit lacks /);
  must(before.code === 2, `the doctor ended with ${before.code}`);
  await mendUnit();
  must(!(await pinbus("check")).stderr.includes("lacks"), "check still says that the unit lacks something");
  has((await doctor(`${title}, with it`)).lines, /^ok drop-in: /);
}

const cases: Case[] = [
  {
    name: "a service that is well has no problem, its broker is gone through with the credential of the unit",
    run: async () => {
      await healthy();
      const { lines } = await doctor("all is well");
      const bad = lines.filter((line) => line.startsWith("problem"));
      must(bad.length === 0, bad.join("\n"));
      has(lines, /^ok service: the service is active \(running\)/);
      has(lines, /^ok broker: 127\.0\.0\.1:1883 with MQTT 5: tcp .* read-back \d+ ms$/);
      has(lines, /^ok sockets: the agent answers on control\.socket, which belongs to the group pinbus-op/);
      has(lines, /^ok permissions: /);
      must((await show("NRestarts")).NRestarts === "0", "the agent was restarted");
    },
  },
  {
    name: "somebody who may only look is told what he could not see, and no secret",
    run: async () => {
      const { stdout, stderr, code } = await pinbusAs("pinbus-view", "doctor");
      must(code !== 70, stderr);
      must(/not checked {2}configuration, .*: this user may not read/.test(stdout), stdout);
      must(/→ sudo pinbus doctor/.test(stdout), stdout);
      must(!`${stdout}${stderr}`.includes(secret), "the password is in it");
      told.push("$ pinbus doctor    # as a user in pinbus-view", stdout);
    },
  },
  {
    name: "a report has neither the password nor the user, the broker and the node, also when the journal has them",
    run: async () => {
      const file = "/root/report.json";
      rmSync(file, { force: true });
      await run("systemd-cat", "-t", "pinbus", "echo", secret);
      must((await pinbus("diag", file)).code === 0, "it was not written");
      const text = readFileSync(file, "utf8");
      for (const word of [secret, "grower", "127.0.0.1", "greenhouse", "/var/lib"]) must(!text.includes(word), `${word} is in the report`);
      const { journal, status, config } = JSON.parse(text);
      must(journal.length > 3 && status.link.online === true && config.outputs.lamp.line === "GPIO27", text);
      told.push("$ sudo pinbus diag report.json", text.slice(0, 6000));
    },
  },
  {
    name: "a wrong password, a secret that everybody may read, and a service that does not start at boot are found",
    run: async () => {
      writeFileSync(credential, `${secret}-wrong\n`);
      chmodSync("/etc/pinbus/credentials", 0o755);
      chmodSync(credential, 0o644);
      await run("systemctl", "disable", "pinbus.service");
      const { lines, code } = await doctor("wrong password, open secret, disabled");
      has(lines, /^problem broker: .*CONNACK.*user grower is not authorised/);
      has(lines, /^problem permissions: everybody may read a credential/);
      has(lines, /^warning service: the service does not start at boot \(disabled\)/);
      must(code === 2, `the doctor ended with ${code}`);
      must(!lines.join("\n").includes(secret), "the password is in it");
      writeFileSync(credential, `${secret}\n`);
      chmodSync(credential, 0o600);
      chmodSync("/etc/pinbus/credentials", 0o700);
      await run("systemctl", "enable", "pinbus.service");
    },
  },
  {
    name: "a service that failed for its configuration is said to, with the line",
    run: async () => {
      await start(`${external}inputs: { porch: { lien: 17 } }\n`);
      await eventually("the service has failed", async () => (await show("ActiveState")).ActiveState === "failed");
      const { lines } = await doctor("a configuration that is wrong");
      has(lines, /^problem configuration: .*pinbus\.yaml:5:20: .*did you mean line\?/);
      has(lines, /^problem service: the service has failed: exit-code, exit status 78/);
    },
  },
  {
    name: "sysfs: the printed drop-in is what the unit lacked",
    run: async () => {
      await configure("gpio: { driver: sysfs }\n");
      if ((await pinbus("check")).code === 78) return void told.push("left out: sysfs, onoff is not installed here");
      await isMended("sysfs");
      await unmendUnit();
    },
  },
  {
    name: "another state_dir, a file at home and a port below 1024 work with the printed drop-in, and not without it",
    run: async () => {
      mkdirSync("/srv/my state", { recursive: true });
      await run("chown", "pinbus:", "/srv/my state");
      mkdirSync("/home/pi", { recursive: true });
      writeFileSync("/home/pi/users", "");
      const broker = "broker: { password_file: /home/pi/users, anonymous: true, listeners: [{ protocol: mqtt, port: 883 }] }";
      await start(`${base}state_dir: /srv/my state\noutputs: { lamp: { line: 27 } }\n${broker}\n`);
      await eventually("the service fails", async () => (await show("ExecMainStatus")).ExecMainStatus === "78");
      must(readdirSync("/srv/my state").length === 0, "it writes without the drop-in");
      await isMended("state_dir, a file at home, a port");
      await attempt("systemctl", "reset-failed", "pinbus.service");
      await run("systemctl", "restart", "pinbus.service");
      await eventually("the port is open", () => listens(883));
      must((await pinbus("lock", "lamp")).code === 0, "the lock is not on disk");
      must(readdirSync("/srv/my state").includes("outputs.json"), "it does not write");
      must(!/problem/.test((await pinbus("status")).stdout), "something is still wrong");
      await unmendUnit();
    },
  },
];

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}

async function prepare(): Promise<void> {
  await install(tar);
  await run("mosquitto_passwd", "-c", "-b", "/etc/mosquitto/users", "grower", secret);
  await run("chown", "mosquitto:", "/etc/mosquitto/users");
  await installBroker("allow_anonymous false", "password_file /etc/mosquitto/users");
  mkdirSync("/etc/pinbus/credentials", { recursive: true });
  writeFileSync(credential, `${secret}\n`, { mode: 0o600 });
  await wipe();
  await dropIn();
  await run("systemctl", "enable", "pinbus.service");
  await run("systemctl", "start", "mosquitto.service");
}

await prepare();
const code = await runCases("doctor", cases, journalTail);
mkdirSync(evidence, { recursive: true });
writeFileSync(join(evidence, "doctor.txt"), `${told.join("\n")}\n`);
rmSync(credential);
await wipe();
process.exit(code);
