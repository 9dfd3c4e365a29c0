// Inside the box, as root: services.js <package.tar> <folder for evidence>
// Journals, log files and actions of units under the host's own systemd, journald, dbus and polkit, through the installed agent.
import { appendFileSync, chmodSync, copyFileSync, mkdirSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Client, connectAgent } from "../../agent/command/client.ts";
import type { LogLine, LogView, ServiceVerb, ServiceView } from "../../agent/protocol.ts";
import { type Case, eventually, runCases } from "./cases.ts";
import { attempt, run } from "./commands.ts";
import { configure, dropIn, install, installBroker, wipe } from "./install.ts";
import { journalCursor, journalSince, journalTail, mainPid, restarted } from "./unit.ts";

const [tar = "", evidence = "build/evidence"] = process.argv.slice(2);
const logFile = "/var/log/mosquitto/mosquitto.log";
const yaml = `node: machine
gpio: { driver: sim, board: pi5 }
mqtt: { server: 127.0.0.1 }
services:
  - { unit: mosquitto.service, log_file: ${logFile}, control: [start, stop, restart] }
  - { unit: ticking.service, control: [restart] }
  - failing.service
  - waiting.service
  - masked.service
  - nope.service
  - { unit: person.service, manager: user }
  - { unit: pinbus.service, control: [restart] }
`;

const units = {
  ticking: "ExecStart=/bin/sh -c 'while :; do echo tick; printf \"<3>trouble\\\\n\"; sleep 0.2; done'",
  failing: "ExecStart=/bin/sh -c 'echo the last words; exit 3'",
  waiting: "ExecStart=/bin/sh -c 'kill -9 $$$$'\nRestart=always\nRestartSec=1min 30s",
};

const told: string[] = [];
let cursor = "";

function must(condition: boolean, problem: string): void {
  if (!condition) throw new Error(problem);
}

async function withAgent<T>(work: (client: Client) => Promise<T>): Promise<T> {
  const client = await connectAgent("/run/pinbus/control.sock");
  try {
    return await work(client);
  } finally {
    client.close();
  }
}

async function viewOf(unit: string): Promise<ServiceView> {
  const view = (await withAgent((client) => client.request("services", {}))).find((each) => each.unit === unit);
  if (view === undefined) throw new Error(`${unit} is not shown`);
  told.push(JSON.stringify(view));
  return view;
}

/** Follows a log, as the terminal does, until `enough` says so. */
async function follow(unit: string, from: LogView["from"], enough: (lines: LogLine[], view: LogView) => boolean): Promise<LogLine[]> {
  return withAgent(async (client) => {
    const lines: LogLine[] = [];
    let view: LogView | undefined;
    await eventually(
      `the ${from} of ${unit}`,
      async () => {
        view = await client.request("service-log", { unit, from, ...(view && { run: view.run, after: view.last }) });
        lines.push(...view.lines);
        return enough(lines, view);
      },
      30_000,
    );
    told.push(`${unit} ${from}: ${JSON.stringify(lines.slice(-3))} ${view?.problem ?? ""}`);
    return lines;
  });
}

const has = (text: string) => (lines: readonly LogLine[]) => lines.some((line) => line.text.includes(text));

/** What the agent answers: "" when it was done, else why not. */
async function control(unit: string, verb: ServiceVerb): Promise<string> {
  const said = await withAgent((client) => client.request("control-service", { unit, verb, by: "tester@box" })).then(
    () => "",
    (error: Error) => error.message,
  );
  told.push(`${verb} ${unit}: ${said || "done"}`);
  return said;
}

const pidOf = async (unit: string) => Number((await run("systemctl", "show", unit, "--property=MainPID", "--value")).trim());

async function readers(): Promise<string[]> {
  const { stdout } = await attempt("pgrep", "-af", "^(journalctl --follow|tail -n)");
  return stdout.split("\n").filter((line) => line !== "");
}

/** mosquitto writes a line into its log when somebody connects. */
async function knock(): Promise<void> {
  await run("mosquitto_pub", "-h", "127.0.0.1", "-t", "knock", "-m", "1");
}

const cases: Case[] = [
  {
    name: "units that run, failed, wait, are masked or not there say so",
    run: async () => {
      const ticking = await viewOf("ticking.service");
      must(ticking.active === "active" && ticking.pid === (await pidOf("ticking.service")), JSON.stringify(ticking));
      const failing = await viewOf("failing.service");
      must(failing.active === "failed" && failing.exit === "exited with 3" && failing.result === "exit-code", JSON.stringify(failing));
      const waiting = await eventually("the wait for a restart", async () => {
        const view = await viewOf("waiting.service");
        return view.restart_at !== undefined && view;
      });
      const wait = Date.parse(waiting.restart_at ?? "") - Date.now();
      must(waiting.exit === "killed by SIGKILL" && wait > 0 && wait <= 90_000, JSON.stringify(waiting));
      must((await viewOf("masked.service")).problem === "the unit is masked", "masked");
      must((await viewOf("nope.service")).problem === "no such unit is installed", "nope");
      must((await viewOf("person.service")).problem !== null, "there is no user manager of the user pinbus");
      must((await viewOf("pinbus.service")).own === true, "the agent does not know itself");
    },
  },
  {
    name: "the journal of a unit arrives line by line, from inside the sandbox, and is read by nobody afterwards",
    run: async () => {
      const lines = await follow("ticking.service", "journal", (seen) => seen.filter(({ text }) => text === "tick").length > 20);
      must(
        lines.some(({ priority, text }) => priority === 3 && text === "trouble"),
        "no priority",
      );
      must(
        lines.every(({ number }, index) => number === index + 1),
        "a line is missing or came twice",
      );
      await follow("failing.service", "journal", (seen) => has("the last words")(seen) && has("code=exited, status=3")(seen));
      must((await readers()).length > 0, "who has read it?");
      await eventually("the end of the readers", async () => (await readers()).length === 0);
    },
  },
  {
    name: "polkit lets the agent restart what its rule names, and the journal says who asked",
    run: async () => {
      const before = await pidOf("mosquitto.service");
      must((await control("mosquitto.service", "restart")) === "", told.at(-1) ?? "");
      must((await pidOf("mosquitto.service")) !== before, "it was not restarted");
      must((await control("mosquitto.service", "stop")) === "", told.at(-1) ?? "");
      must((await viewOf("mosquitto.service")).active === "inactive", "it was not stopped");
      must((await control("mosquitto.service", "start")) === "", told.at(-1) ?? "");
      await eventually("who it was", async () =>
        (await journalSince(cursor)).some((line) => line.includes("mosquitto.service: restart, asked for by tester@box")),
      );
    },
  },
  {
    name: "a unit that no rule names is refused with the reason, one that the configuration does not allow before that",
    run: async () => {
      const before = await pidOf("ticking.service");
      must(/no polkit rule lets the agent restart ticking\.service/.test(await control("ticking.service", "restart")), told.at(-1) ?? "");
      must(/does not allow to stop failing\.service/.test(await control("failing.service", "stop")), told.at(-1) ?? "");
      must((await pidOf("ticking.service")) === before, "it was restarted");
      // The rule itself, without the agent in between.
      const as = (...args: string[]) => attempt("setpriv", "--reuid", "pinbus", "--regid", "pinbus", "--clear-groups", ...args);
      must((await as("systemctl", "--no-ask-password", "stop", "pinbus.service")).code !== 0, "the agent may stop itself");
      must((await as("systemd-run", "--no-ask-password", "true")).code !== 0, "the agent may run anything as root");
    },
  },
  {
    name: "without polkit's rule nothing can be done, and everything is still shown",
    run: async () => {
      renameSync("/usr/share/polkit-1/rules.d/50-pinbus.rules", "/root/50-pinbus.rules");
      await eventually("polkit without the rule", async () => /no polkit rule lets/.test(await control("mosquitto.service", "restart")));
      must((await viewOf("mosquitto.service")).active === "active", "it is not shown");
      renameSync("/root/50-pinbus.rules", "/usr/share/polkit-1/rules.d/50-pinbus.rules");
    },
  },
  {
    name: "a log file that may not be read says so; with the group of the file it is followed through rename and truncation",
    run: async () => {
      await follow("mosquitto.service", "file", (_, { problem }) => /may not read/.test(problem ?? ""));
      await dropIn("SupplementaryGroups=mosquitto");
      await run("systemctl", "restart", "pinbus.service");
      const seen = follow("mosquitto.service", "file", has("after the truncation"));
      // It may fail before it is waited for.
      seen.catch(() => undefined);
      await follow("mosquitto.service", "file", (lines) => lines.length > 0 && lines.every(({ at }) => at !== undefined));
      // As logrotate does it with `create`: mosquitto opens the new file at SIGHUP.
      renameSync(logFile, `${logFile}.1`);
      await run("install", "-o", "mosquitto", "-g", "mosquitto", "-m", "0640", "/dev/null", logFile);
      await run("systemctl", "kill", "--signal=HUP", "mosquitto.service");
      await eventually("a line in the new file", async () => {
        await knock();
        return (await run("cat", logFile)) !== "";
      });
      await follow("mosquitto.service", "file", has("a new file"));
      // And with `copytruncate`.
      copyFileSync(logFile, `${logFile}.2`);
      truncateSync(logFile);
      await follow("mosquitto.service", "file", has("emptied"));
      appendFileSync(logFile, "1639229562: after the truncation\n");
      const lines = await seen;
      must(has("a new file")(lines), "the rename was not seen");
      must(lines.at(-1)?.at === "2021-12-11T13:32:42.000Z", JSON.stringify(lines.at(-1)));
    },
  },
  {
    name: "the agent restarts itself, and is there again",
    run: async () => {
      const before = await mainPid();
      must((await control("pinbus.service", "restart")) === "", told.at(-1) ?? "");
      await restarted(before);
      await eventually("its socket", async () => (await viewOf("pinbus.service").catch(() => undefined))?.active === "active");
      must(/cannot start itself again|does not allow/.test(await control("pinbus.service", "stop")), told.at(-1) ?? "");
    },
  },
];

async function prepare(): Promise<void> {
  await install(tar);
  mkdirSync(dirname(logFile), { recursive: true });
  await run("chown", "mosquitto:mosquitto", dirname(logFile));
  chmodSync(dirname(logFile), 0o750);
  rmSync(logFile, { force: true });
  await run("install", "-o", "mosquitto", "-g", "mosquitto", "-m", "0640", "/dev/null", logFile);
  await installBroker("allow_anonymous true", `log_dest file ${logFile}`, "log_timestamp true");
  for (const [name, text] of Object.entries(units)) writeFileSync(`/etc/systemd/system/${name}.service`, `[Service]\n${text}\n`);
  await run("systemctl", "daemon-reload");
  await run("systemctl", "mask", "masked.service");
  await wipe();
  await configure(yaml);
  await dropIn();
  for (const name of Object.keys(units)) await attempt("systemctl", "start", `${name}.service`);
  await run("systemctl", "start", "mosquitto.service");
  cursor = await journalCursor();
  await run("systemctl", "start", "pinbus.service");
}

await prepare();
const code = await runCases("services", cases, journalTail);
mkdirSync(evidence, { recursive: true });
writeFileSync(join(evidence, "services.txt"), `${told.join("\n")}\n`);
await wipe();
process.exit(code);
