import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type IPty, spawn } from "@lydell/node-pty";
import { describe, expect, it, onTestFinished } from "vitest";
import { boardOf, hasShortHeader, questions } from "../../../agent/command/init-questions.ts";
import { bootAdvice, wiringPicture } from "../../../agent/command/wiring.ts";
import { loadConfig } from "../../../config/load.ts";
import { host } from "../../config/loading.ts";
import { eventually, tempFolder } from "../shell/fixture.ts";
import { main, pinbus } from "./agent-process.ts";

const place = () => join(tempFolder(), "pinbus.yaml");
const starter = join(dirname(main), "../../config/examples/starter.yaml");

/** Runs a shell line with the program, whose files may have no more than a few hundred bytes. */
function limited(line: string, file: string) {
  return spawnSync("sh", ["-c", `ulimit -f 1; ${line}`, process.execPath, main, file], { encoding: "utf8" });
}

function configIn(file: string) {
  const result = loadConfig({ file, env: {}, args: {}, host });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.config;
}

describe("pinbus init with options", () => {
  it("asks nothing, writes what check accepts, and shows the wiring", async () => {
    const file = place();
    const flags = "--board pi4 --button 11 --relay 13 --relay-active low --relay-max-on 10m --broker 192.168.1.10".split(" ");
    const { code, stdout, stderr } = await pinbus(["init", "--config", file, ...flags]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^ +button, other side <-- {4}GND {2}9\|10 GPIO15$/m);
    expect(stdout).toMatch(/^ +button <-- GPIO17 11\|12 GPIO18$/m);
    expect(stdout).toMatch(/^ +relay module IN <-- GPIO27 13\|14 GND {4}--> relay module GND$/m);
    expect(stdout).toMatch(/^ +relay module VCC <-- {4}3V3 17\|18 GPIO24$/m);
    expect(stdout).toContain("Never connect a relay itself to a pin");
    expect(stdout.split("\n").filter((line) => line.length > 79 && !line.includes(file))).toEqual([]);
    expect(stdout).toMatch(/^[\n -~]*$/);
    expect(configIn(file)).toMatchObject({
      gpio: { driver: "auto", board: "pi4" },
      mqtt: { server: ["192.168.1.10"] },
      outputs: { relay: { active: "low", max_on: 600_000 } },
    });
    expect(await pinbus(["check", "--config", file])).toMatchObject({ code: 0, stderr: "" });
  });

  it("takes what is not said as not there, and never simulates by itself", async () => {
    const file = place();
    const { code, stdout } = await pinbus(["init", "--config", file, "--button", "GPIO4"]);
    expect(code).toBe(0);
    expect(stdout).not.toContain("relay");
    expect(configIn(file)).toMatchObject({ gpio: { driver: "auto" }, mqtt: { server: [] }, outputs: {}, rules: {} });
    expect(configIn(file).inputs.button?.line).toEqual({ kind: "pin", pin: 7 });
  });

  it("says of a relay on a line that is high at power-on what it will do", async () => {
    const { stdout } = await pinbus(["init", "--config", place(), "--board", "pi1", "--relay", "29", "--relay-active", "high"]);
    expect(stdout).toContain("warning: GPIO5 (pin 29) is high from power-on until pinbus runs:\nthis relay switches on at each boot.");
    const advice = (relay: number, some = {}) => bootAdvice({ relay, relayActive: "high", board: "pi4", ...some });
    expect(advice(13)).toEqual([]);
    expect(advice(29, { relayActive: "low" })).toEqual([]);
    expect(advice(13, { relayActive: "low" })).toEqual(["note: GPIO27 (pin 13) is low at boot: a module without a pull-up is on then."]);
    expect(advice(13, { relayActive: "low", board: "pi5" })).toEqual([]);
    expect(advice(29, { board: "sim" })).toEqual([]);
    expect(advice(29, { board: "pi5" })[0]).toContain("on older boards");
    expect(advice(8)[0]).toContain("serial port");
    const said = [
      ...advice(29),
      ...advice(13, { relayActive: "low" }),
      ...advice(29, { board: "pi5" }),
      ...advice(8),
      ...questions.map(({ about }) => about),
    ];
    expect(said.filter((line) => line.length > 79)).toEqual([]);
  });

  it.each([
    [["--board", "pi3"], "--board: "],
    [["--button", "1"], "--button: pin 1 is 3V3, which no program drives"],
    [["--button", "41"], "--button: there is no header pin 41"],
    [["--button", "GPIO40"], "--button: GPIO40 is not on the header"],
    [["--button", "27"], "--button: pin 27 is for the EEPROM of add-on boards"],
    [["--button", "left"], '--button: "left" is not a header pin'],
    [["--button", "11", "--relay", "GPIO17"], "--relay: pin 11 is the button's"],
    [["--relay", "13", "--relay-active", "hi"], "--relay-active: "],
    [["--relay", "13"], "--relay-active: nothing says which level switches the relay on"],
    [["--relay", "13", "--relay-active", "low", "--relay-max-on", "10"], '--relay-max-on: "10" is not a time'],
    [["--relay-active", "low"], "--relay-active says nothing without a relay"],
    [["--broker", "me:secret@host"], "--broker: a user name or a password stands in the address"],
    [["--broker-user", "me"], "--broker-user says nothing without a broker"],
    [["--example", "starter", "--button", "11"], "an example has its own answers"],
  ])("refuses %j with a sentence, and writes nothing", async (flags, said) => {
    const file = place();
    const { code, stdout, stderr } = await pinbus(["init", "--config", file, ...flags]);
    expect([code, stdout]).toEqual([64, ""]);
    expect(stderr).toContain(said);
    expect(stderr).not.toContain("secret");
    expect(readdirSync(dirname(file))).toEqual([]);
  });

  it("needs the file of a password when there is nobody to ask, and takes it as it is", async () => {
    const file = place();
    const flags = ["--config", file, "--broker", "127.0.0.1", "--broker-user", "pi", "--broker-password-file", "secret"];
    const without = await pinbus(["init", ...flags]);
    expect(without).toMatchObject({ code: 1, stdout: "" });
    expect(without.stderr).toContain(`${join(dirname(file), "secret")} is not there: write the password into it`);
    expect(existsSync(file)).toBe(false);
    writeFileSync(join(dirname(file), "secret"), "geheim\n", { mode: 0o600 });
    expect((await pinbus(["init", ...flags])).code).toBe(0);
    expect(configIn(file).mqtt).toMatchObject({ username: "pi", password: "geheim" });
    expect(readFileSync(file, "utf8")).not.toContain("geheim");
  });

  it("does not make a folder for a password", async () => {
    const file = place();
    const flags = ["--config", file, "--broker", "127.0.0.1", "--broker-user", "pi", "--broker-password-file", "sub/secret"];
    const { code, stderr } = await pinbus(["init", ...flags]);
    expect([code, stderr]).toEqual([1, expect.stringContaining(`${join(dirname(file), "sub")} is not there: make it`)]);
    expect(readdirSync(dirname(file))).toEqual([]);
  });

  it("leaves no part of a file behind when the disk takes no more", async () => {
    const file = place();
    const { status, stderr } = limited(`"$0" "$1" init --config "$2" --button 11`, file);
    expect([status, stderr]).toEqual([1, expect.stringContaining(`${file} could not be written: EFBIG`)]);
    expect(readdirSync(dirname(file))).toEqual([]);
  });

  it.runIf(process.getuid?.() === 0)("as root gives the file to the group of its folder, whatever the umask", async () => {
    const file = place();
    chownSync(dirname(file), 0, 65_534);
    const { status } = spawnSync("sh", ["-c", `umask 077; "$0" "$1" init --config "$2" --button 11`, process.execPath, main, file]);
    expect(status).toBe(0);
    expect(statSync(file)).toMatchObject({ uid: 0, gid: 65_534, mode: 0o100640 });
  });

  it("overwrites nothing but the starter file as the package brings it", async () => {
    const file = place();
    writeFileSync(file, readFileSync(starter), { mode: 0o640 });
    chmodSync(file, 0o640);
    expect((await pinbus(["init", "--config", file])).code).toBe(1);
    expect((await pinbus(["init", "--config", file, "--example", "starter"])).code).toBe(1);
    expect((await pinbus(["init", "--config", file, "--button", "11"])).code).toBe(0);
    expect(configIn(file).inputs).toHaveProperty("button");
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect(await pinbus(["init", "--config", dirname(file), "--button", "13"])).toMatchObject({ code: 1, stdout: "" });
    const again = await pinbus(["init", "--config", file, "--button", "13"]);
    expect(again).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("exists and is not overwritten") });
    expect(readdirSync(dirname(file))).toEqual(["pinbus.yaml"]);
  });
});

describe("the picture of the wiring", () => {
  const used = (lines: string[]) => lines.filter((line) => /<--|-->/.test(line)).join("\n");

  it("has a ground pin for each, 3.3 V for the module, and no pin twice", () => {
    for (let button = 3; button <= 40; button += 1)
      for (const relay of [13, 29, 40])
        if (button !== relay) {
          const text = used(wiringPicture({ button, relay }, 78));
          expect(text.match(/<--|-->/g)).toHaveLength(5);
          for (const what of ["button, other side", "relay module IN", "relay module GND", "relay module VCC"])
            expect(text).toContain(what);
        }
  });

  it("ends at the last row that is used, and is empty when nothing is connected", () => {
    expect(wiringPicture({ button: null, relay: null }, 78)).toEqual([]);
    expect(wiringPicture({ button: 3, relay: null }, 78)).toHaveLength(4);
    expect(wiringPicture({ button: 40, relay: null }, 78)).toHaveLength(20);
    for (const line of wiringPicture({ button: 40, relay: 13 }, 40)) expect(line.length).toBeLessThanOrEqual(40);
  });
});

it("knows the board by what the device tree says of it", () => {
  const models = {
    "Raspberry Pi 5 Model B Rev 1.0\0": "pi5",
    "Raspberry Pi 500 Rev 1.0": "pi5",
    "Raspberry Pi Compute Module 5 Rev 1.0": "pi5",
    "Raspberry Pi 4 Model B Rev 1.4": "pi4",
    "Raspberry Pi 400 Rev 1.0": "pi4",
    "Raspberry Pi 3 Model B Plus Rev 1.3": "pi1",
    "Raspberry Pi Zero 2 W Rev 1.0": "pi1",
    "Radxa ROCK 5B": undefined,
  };
  for (const [model, board] of Object.entries(models)) expect(boardOf(model)).toBe(board);
});

it("knows the first boards, whose header has 26 pins", () => {
  for (const model of ["Raspberry Pi Model B Rev 1", "Raspberry Pi Model B Rev 2\0", "Raspberry Pi Model A Rev 2"])
    expect(hasShortHeader(model)).toBe(true);
  for (const model of ["Raspberry Pi Model B Plus Rev 1.2", "Raspberry Pi Model A Plus Rev 1.1", "Raspberry Pi 2 Model B Rev 1.1"])
    expect(hasShortHeader(model)).toBe(false);
});

describe("pinbus init on a terminal", () => {
  /** Answers what is asked, in this order; what is shown in the end. */
  function open(file: string, ...flags: string[]) {
    const terminal: IPty = spawn(process.execPath, [main, "init", "--config", file, ...flags], { cols: 80, rows: 24 });
    onTestFinished(() => terminal.kill());
    let shown = "";
    let seen = 0;
    terminal.onData((text) => {
      shown += text;
    });
    const code = new Promise<number>((resolve) => terminal.onExit(({ exitCode }) => resolve(exitCode)));
    return {
      code,
      shown: () => shown,
      write: (text: string) => terminal.write(text),
      async asked(question: string, answer: string) {
        await eventually(() => shown.indexOf(question, seen)).toBeGreaterThanOrEqual(0);
        seen = shown.indexOf(question, seen) + question.length;
        terminal.write(answer);
      },
    };
  }

  it("asks one thing after the other, explains what is wrong, and asks again", async () => {
    const file = place();
    const terminal = open(file);
    await terminal.asked("Which board is this [", "pi9\r");
    await terminal.asked("did you mean", "");
    await terminal.asked("Which board is this [", "pi4\r");
    await terminal.asked("Button on header pin [11]:", "6\r");
    await terminal.asked("pin 6 is GND, which no program drives", "");
    await terminal.asked("Button on header pin [11]:", "\r");
    await terminal.asked("Relay module on header pin [29]:", "GPIO17\r");
    await terminal.asked("pin 11 is the button's", "");
    await terminal.asked("Relay module on header pin [29]:", "29\r");
    await terminal.asked("Level that switches the relay on [low]:", "high\r");
    await terminal.asked("warning: GPIO5 (pin 29)", "");
    await terminal.asked("Longest time that it stays on [2h]:", "\r");
    await terminal.asked("Broker [built-in]:", "192.168.1.10\r");
    await terminal.asked("User at the broker [none]:", "pi\r");
    await terminal.asked("Password file [mqtt.password]:", "\r");
    await terminal.asked("Password at the broker (not shown):", "geheim\r");
    await terminal.asked("The same again:", "gehein\r");
    await terminal.asked("The two passwords differ", "");
    await terminal.asked("Password at the broker (not shown):", "geheiN\x7fm\r");
    await terminal.asked("The same again:", "geheim\r");
    await terminal.asked("relay module IN <--", "");
    expect(await terminal.code).toBe(0);
    expect(terminal.shown()).not.toContain("gehei");
    expect(configIn(file)).toMatchObject({
      mqtt: { server: ["192.168.1.10"], username: "pi", password: "geheim" },
      outputs: { relay: { active: "high", max_on: 7_200_000 } },
    });
    expect(statSync(join(dirname(file), "mqtt.password")).mode & 0o777).toBe(0o640);
  });

  it("asks only what no option says, and nothing when all is said", async () => {
    const some = place();
    const terminal = open(some, "--board", "pi5", "--relay", "none", "--broker", "built-in");
    await terminal.asked("Button on header pin [11]:", "none\r");
    expect(await terminal.code).toBe(0);
    expect(terminal.shown()).not.toMatch(/Which board|Relay|Broker \[/);
    const all = place();
    const quiet = open(all, "--board", "pi5", "--button", "none", "--relay", "none", "--broker", "built-in");
    expect(await quiet.code).toBe(0);
    expect(quiet.shown()).not.toContain("]: ");
    expect(configIn(all).gpio.board).toBe("pi5");
  });

  it("writes the password where the answer says, also elsewhere than beside the configuration", async () => {
    const file = place();
    const secret = join(tempFolder(), "secret");
    const terminal = open(file, "--board", "pi4", "--button", "none", "--relay", "none", "--broker", "broker.local", "--broker-user", "pi");
    await terminal.asked("Password file [mqtt.password]:", `${secret}\r`);
    await terminal.asked("Password at the broker (not shown):", "geheim\r");
    await terminal.asked("The same again:", "geheim\r");
    expect(await terminal.code).toBe(0);
    expect(readFileSync(secret, "utf8")).toBe("geheim\n");
    expect(configIn(file).mqtt).toMatchObject({ server: ["broker.local"], username: "pi", password: "geheim" });
    expect(readdirSync(dirname(file))).toEqual(["pinbus.yaml"]);
  });

  it.runIf(process.getuid?.() === 0)(
    "as root gives the password to the group of the configuration's folder, wherever it lies",
    async () => {
      const file = place();
      chownSync(dirname(file), 0, 65_534);
      mkdirSync(join(dirname(file), "sub"));
      const before = process.umask(0o077);
      const terminal = open(file, ..."--board pi4 --button none --relay none --broker broker.local --broker-user pi".split(" "));
      process.umask(before);
      await terminal.asked("Password file [mqtt.password]:", "sub/secret\r");
      await terminal.asked("Password at the broker (not shown):", "geheim\r");
      await terminal.asked("The same again:", "geheim\r");
      expect(await terminal.code).toBe(0);
      expect(statSync(join(dirname(file), "sub/secret"))).toMatchObject({ uid: 0, gid: 65_534, mode: 0o100640 });
    },
  );

  it("asks for the level of a relay although the relay is given", async () => {
    const file = place();
    const terminal = open(file, ..."--board pi4 --button none --relay 13 --relay-max-on 2h --broker built-in".split(" "));
    await terminal.asked("Level that switches the relay on [low]:", "high\r");
    expect(await terminal.code).toBe(0);
    expect(configIn(file).outputs.relay?.active).toBe("high");
  });

  it("takes answers that are pasted all at once", async () => {
    const file = place();
    const terminal = open(file);
    await terminal.asked("Which board is this [", "pi4\r15\r16\rlow\rnone\rbuilt-in\r");
    expect(await terminal.code).toBe(0);
    expect(configIn(file).outputs.relay).toMatchObject({ line: { pin: 16 }, max_on: null });
  });

  it.each([
    ["Ctrl-C", "\x03"],
    ["Ctrl-D", "\x04"],
  ])("leaves nothing behind after %s", async (_name, key) => {
    const file = join(tempFolder(), "etc", "pinbus.yaml");
    const terminal = open(file);
    await terminal.asked("Which board is this [", "pi4\r");
    await terminal.asked("Button on header pin [11]:", key);
    expect(await terminal.code).toBe(1);
    expect(terminal.shown()).toContain("ended; nothing was changed");
    expect(existsSync(dirname(file))).toBe(false);
  });

  it("says before the first question that there is a file already", async () => {
    const file = place();
    writeFileSync(file, "# mine\n");
    const terminal = open(file);
    expect(await terminal.code).toBe(1);
    expect(terminal.shown()).toContain("not overwritten");
    expect(terminal.shown()).not.toContain("Which board");
  });
});
