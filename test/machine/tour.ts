// Inside the box, as root: tour.js <package.tar> <folder for evidence>
// Every key of the terminal UI over a real sshd, beside what a Pi has: the installed agent under systemd, mosquitto, units that run and one
// that has failed, and a second node.
import { appendFileSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeSshd } from "../tui/ssh-settings.ts";
import { Tour } from "../tui/tour.ts";
import { type Case, eventually, runCases } from "./cases.ts";
import { attempt, run } from "./commands.ts";
import { configure, dropIn, install, installBroker, program, wipe } from "./install.ts";
import { journalTail } from "./unit.ts";

const [tar = "", evidence = "build/evidence"] = process.argv.slice(2);
const file = join(evidence, "tour.txt");
const dir = mkdtempSync(join(tmpdir(), "pinbus-tour-"));
const [node, main] = program;
const machines = [
  { host: "garden", port: 2201, socket: "/run/pinbus/control.sock" },
  { host: "shed", port: 2202, socket: join(dir, "shed.sock") },
];
const yaml = `node: garden
gpio: { driver: sim, board: pi5 }
mqtt: { server: 127.0.0.1 }
inputs: { porch: { line: 17, bias: pull-up, active: low } }
outputs: { lamp: { line: 27, pulse: 500ms }, fan: { line: 22 } }
rules: { porch-lamp: { when: { input: porch, gesture: press }, do: [{ output: lamp, set: toggle }] } }
services:
  - { unit: ticking.service, control: [start, stop, restart] }
  - mosquitto.service
  - failing.service
  - ssh.service
  - { unit: pinbus.service, control: [restart] }
`;
const shed = `node: shed
gpio: { driver: sim }
mqtt: { server: 127.0.0.1 }
control: { socket: shed.sock }
state_dir: shed
outputs: { pump: { line: 22 } }
`;
const units = {
  ticking: "ExecStart=/bin/sh -c 'while :; do echo tick; sleep 2; done'",
  failing: "ExecStart=/bin/sh -c 'echo the last words; exit 3'",
  shed: `ExecStart=${node} ${main} run --config ${dir}/shed.yaml`,
};
const rule = `polkit.addRule(function (action, subject) {
  if (action.id === "org.freedesktop.systemd1.manage-units" && subject.user === "pinbus" && action.lookup("unit") === "ticking.service"
      && ["stop", "restart"].indexOf(action.lookup("verb")) >= 0) return polkit.Result.YES;
});
`;

const tour = new Tour({
  dir,
  program: `${node} ${main} tui`,
  bash: "/bin/bash",
  host: "root@garden",
  other: "root@shed",
  unit: "ticking",
  keep: (text) => appendFileSync(file, text),
});

const cases: Case[] = [
  {
    name: "every key that there is, beside running and failed units and a second node",
    run: () => tour.run(),
  },
  {
    name: "what the person did to a unit was done, and the journal says who",
    run: async () => {
      const text = await run("journalctl", "-u", "pinbus.service", "-q", "--no-pager", "-o", "cat");
      for (const verb of ["start", "stop", "restart"])
        if (!text.includes(`ticking.service: ${verb}, asked for by root@`)) throw new Error(`${verb} is not in the journal:\n${text}`);
      appendFileSync(
        file,
        `\n=== the agent's journal\n\n${text
          .split("\n")
          .filter((line) => line.includes("ticking"))
          .join("\n")}\n`,
      );
    },
  },
];

async function prepare(): Promise<void> {
  mkdirSync(evidence, { recursive: true });
  await install(tar);
  await installBroker();
  await wipe();
  await configure(yaml);
  await dropIn();
  writeFileSync(join(dir, "shed.yaml"), shed);
  mkdirSync("/etc/polkit-1/rules.d", { recursive: true });
  writeFileSync("/etc/polkit-1/rules.d/60-tour.rules", rule);
  const sshd = writeSshd(dir, { main, ssh: "/usr/bin/ssh", machines });
  for (const [name, text] of Object.entries({ ...units, "ssh-settingsd": `ExecStart=/usr/sbin/sshd ${sshd.join(" ")}` }))
    writeFileSync(`/etc/systemd/system/${name}.service`, `[Service]\n${text}\n`);
  await run("systemctl", "daemon-reload");
  await run("systemctl", "restart", "mosquitto.service", "pinbus.service", "ticking.service", "shed.service", "ssh-settingsd.service");
  await attempt("systemctl", "start", "failing.service");
  await eventually("the end of failing.service", async () => (await attempt("systemctl", "is-failed", "failing.service")).code === 0);
  const version = (await run("systemctl", "--version")).split("\n")[0];
  writeFileSync(
    file,
    `Every key of tui/keys.ts, pressed in: pinbus tui --host root@garden (tmux 80x24, a real sshd, ${version}: the installed agent, mosquitto,
ticking.service, failing.service, and a second agent called shed), and in a recording of it\n`,
  );
  await tour.start();
}

await prepare();
const code = await runCases("tour", cases, journalTail);
tour.stop();
await attempt("systemctl", "stop", "ticking.service", "shed.service", "ssh-settingsd.service");
await wipe();
process.exit(code);
