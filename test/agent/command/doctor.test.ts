import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { exit } from "../../../agent/exit.ts";
import { describeMosquitto, freePort, mosquittoUsers, startMosquitto } from "../../brokers.ts";
import { eventually } from "../shell/fixture.ts";
import { type AgentProcess, type Finished, pinbus, start, startAgent } from "./agent-process.ts";

interface Told {
  result: string;
  findings: { check: string; level: string; what: string; why: string; mend: string[] }[];
}
const told = ({ stdout }: Finished) => JSON.parse(stdout) as Told;
const about = (finished: Finished, check: string) =>
  told(finished)
    .findings.filter((finding) => finding.check === check)
    .map(({ level, what }) => `${level}: ${what}`);

function folderWith(yaml: string): string {
  const folder = mkdtempSync(join(tmpdir(), "pinbus-doctor-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "pinbus.yaml"), `state_dir: .\ncontrol: { socket: control.sock }\n${yaml}`, { mode: 0o600 });
  return join(folder, "pinbus.yaml");
}

describe("beside a running agent", () => {
  let agent: AgentProcess;
  beforeAll(async () => {
    agent = await startAgent(
      "node: garage\ngpio: { driver: sim }\nbroker: { listeners: [{ protocol: mqtt, port: 0 }] }\noutputs: { lamp: { line: 27 } }\n",
    );
  });
  afterAll(() => agent.clean());

  it("goes the way to its built-in broker, and asks for its sockets", async () => {
    const finished = await pinbus(["doctor", "--json", "--config", agent.config]);
    expect(about(finished, "broker")).toEqual([
      expect.stringMatching(/^ok: 127\.0\.0\.1:\d+ with MQTT 3\.1\.1: tcp \d+ ms, connack .* read-back \d+ ms$/),
    ]);
    expect(about(finished, "sockets")).toEqual([
      expect.stringMatching(/^ok: .*control\.socket/),
      expect.stringMatching(/^ok: .*control\.view/),
    ]);
    expect(about(finished, "gpio")).toEqual([expect.stringMatching(/^note: gpio\.driver is sim/)]);
    // The agent has lost nothing by it.
    expect((await agent.client.request("status", {})).link).toMatchObject({ online: true, reconnects: 0 });
  });

  it("a report has what the agent says in numbers, and goes into a new file of its owner's", async () => {
    const file = join(agent.folder, "report.json");
    expect(await pinbus(["diag", file, "--config", agent.config])).toMatchObject({
      code: 0,
      stdout: `${file} is written; read it before you send it\n`,
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const report = JSON.parse(readFileSync(file, "utf8"));
    expect(report).toMatchObject({
      pinbus_report: 1,
      status: { driver: "sim", counts: { outputs: 1 } },
      config: { outputs: { lamp: { line: "GPIO27" } } },
    });
    expect(JSON.stringify(report)).not.toMatch(/garage|127\.0\.0\.1/);
    expect(await pinbus(["diag", file, "--config", agent.config])).toMatchObject({
      code: exit.refused,
      stderr: expect.stringContaining("not overwritten"),
    });
  });

  it("an agent that hangs holds nobody up", async () => {
    agent.child.kill("SIGSTOP");
    const finished = await pinbus(["doctor", "--json", "--config", agent.config]);
    agent.child.kill("SIGCONT");
    expect(about(finished, "sockets")).toContainEqual(expect.stringMatching(/^problem: the agent does not answer on control\.socket/));
    expect(finished.code).toBe(exit.failing);
  });
});

describe("without an agent", () => {
  it("the exit code says how bad it is, and each problem has its reason and its command", async () => {
    const file = folderWith(`mqtt: { server: 127.0.0.1, port: ${await freePort()} }\ngpio: { driver: sim }\n`);
    const finished = await pinbus(["doctor", "--config", file]);
    expect(finished.code).toBe(exit.failing);
    expect(finished.stdout).toMatch(
      /^problem {6}broker: 127\.0\.0\.1:\d+, the port is open: nothing listens at .*\n {13}why: without the broker .*\n {13}→ /m,
    );
    expect(finished.stdout).toMatch(/\n(1 problem|\d+ problems), (1 warning|\d+ warnings), (1 note|\d+ notes), \d+ not checked, \d+ ok\n$/);
  });

  it("a configuration that is wrong is one problem among others", async () => {
    const finished = await pinbus(["doctor", "--json", "--config", folderWith("outputs: { lamp: { lien: 5 } }\n")]);
    expect(finished.code).toBe(exit.failing);
    expect(about(finished, "configuration")).toContainEqual(
      expect.stringMatching(/^problem: .*pinbus\.yaml:3:20: .*lien.*did you mean line\?/),
    );
    expect(about(finished, "node")).toEqual([expect.stringMatching(/^ok: Node.js v/)]);
  });

  it("the drop-in is printed as a file, or nothing", async () => {
    const sysfs = await pinbus(["service", "drop-in", "--config", folderWith("gpio: { driver: sysfs }\n")]);
    expect(sysfs).toMatchObject({ code: 0, stdout: expect.stringMatching(/^# .*\n\[Service\]\n# gpio\.driver is sysfs\nReadWritePaths=/) });
    const plain = folderWith("state_dir: /var/lib/pinbus\n").replace(/$/, "");
    writeFileSync(plain, "state_dir: /var/lib/pinbus\n");
    expect(await pinbus(["service", "drop-in", "--config", plain])).toMatchObject({
      code: 0,
      stdout: "",
      stderr: expect.stringContaining("needs no drop-in"),
    });
    for (const wrong of [["dropin"], ["install", "--purge"], ["uninstall", "--config", plain], ["drop-in", "--dry-run"]])
      expect(await pinbus(["service", ...wrong]), wrong.join(" ")).toMatchObject({ code: exit.usage });
  });
});

describeMosquitto("the password of a broker", () => {
  const secret = "canary-5d2e1f";

  it("is used, and stands neither in what the doctor says nor in a report", async () => {
    const broker = await startMosquitto(mosquittoUsers({ grower: secret }));
    onTestFinished(() => broker.stop());
    const yaml = (password: string) =>
      `gpio: { driver: sim }\nmqtt: { server: 127.0.0.1, port: ${broker.port}, username: grower, password: ${password} }\n`;
    const right = folderWith(yaml("{ env: MQTT_SECRET }"));
    const env = { MQTT_SECRET: secret };
    const good = await pinbus(["doctor", "--json", "--config", right], { env });
    expect(about(good, "broker")).toEqual([expect.stringMatching(/^ok: .* with MQTT 5: /)]);
    const wrong = await pinbus(["doctor", "--json", "--config", folderWith(yaml(`${secret}-wrong`))]);
    expect(about(wrong, "broker")).toEqual([expect.stringMatching(/^problem: .*user grower is not authorised/)]);
    const report = await pinbus(["diag", "--config", right], { env });
    for (const { stdout, stderr } of [good, wrong, report]) expect(`${stdout}${stderr}`).not.toContain(secret);
    expect(report.stdout).not.toMatch(/grower|127\.0\.0\.1/);
    expect(JSON.parse(report.stdout).findings).toContainEqual(expect.objectContaining({ check: "broker", level: "ok" }));
  });
});

describe("--hardware", () => {
  it("runs through on the simulated board, and says each measurement in one table", async () => {
    const file = folderWith("gpio: { driver: sim }\noutputs: { lamp: { line: 23 } }\n");
    const finished = await pinbus(["doctor", "--hardware", "--config", file]);
    expect(finished).toMatchObject({ code: exit.ok, stderr: "" });
    expect(finished.stdout).toMatch(
      /^pinbus .*simulated board, driver sim, chip pinctrl-bcm2711: GPIO24 \(pin 18\) drives, GPIO17 \(pin 11\) listens\n/,
    );
    expect(finished.stdout).toMatch(/^ok {9}the wire .*GPIO17 \(pin 11\) follows GPIO24 \(pin 18\)$/m);
    expect(finished.stdout).toMatch(/\n\d+ ok, 0 not ok, 1 seen, 1 unchecked\n$/);
  });

  it("that is stopped ends after the measurement that runs, and says so", async () => {
    const running = start(["doctor", "--hardware", "--config", folderWith("gpio: { driver: sim }\n")]);
    await eventually(() => running.stdout).toContain("listens\n");
    running.child.kill("SIGINT");
    expect(await running.done).toMatchObject({ code: exit.refused, stderr: "pinbus: ended before everything was measured\n" });
    expect(running.stdout).toMatch(/^ok +nobody drives the wire/m);
    expect(running.stdout).not.toContain("PWM");
  });

  it("touches no line of the configuration, and says what else is wrong with the command", async () => {
    const file = folderWith("gpio: { driver: sim }\noutputs: { lamp: { line: 23 } }\n");
    expect(await pinbus(["doctor", "--hardware", "--out", "23", "--config", file])).toMatchObject({
      code: exit.refused,
      stderr: expect.stringContaining("GPIO23 (pin 16) is output lamp of the configuration: name another line"),
    });
    expect(await pinbus(["doctor", "--hardware", "--in", "?", "--config", file])).toMatchObject({ code: exit.usage });
    expect(await pinbus(["doctor", "--yes", "--config", file])).toMatchObject({ code: exit.usage });
  });
});
