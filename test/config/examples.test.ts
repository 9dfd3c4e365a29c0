import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../config/load.ts";
import type { OutputConfig } from "../../config/schema.ts";
import { headerPins } from "../../gpio/header.ts";
import type { LineName } from "../../gpio/line.ts";
import { powerOnPull } from "../../gpio/power-on.ts";
import { configOf, host, load, saidAbout } from "./loading.ts";

const folder = join(dirname(createRequire(import.meta.url).resolve("pinbus/package.json")), "config/examples");

/** Settings in comments have a colon after their first word, or are items of a list; prose has neither. */
const switchedOn = (text: string) =>
  text.replaceAll(/^( *)# ( *(?:- )?[a-z_-]+(?::|\.).*)$/gm, "$1$2").replace("{ file: mqtt.password }", "{ env: SECRET }");

function pullOf(line: LineName | null): "up" | "down" | undefined {
  const gpio = line?.kind === "gpio" ? line.gpio : line?.kind === "pin" ? headerPins.get(line.pin) : undefined;
  return typeof gpio === "number" ? powerOnPull("pinctrl-bcm2711", gpio) : undefined;
}

describe("the examples", () => {
  it.each(readdirSync(folder))("are right, without a warning: %s", (file) => {
    expect(saidAbout(loadConfig({ file: join(folder, file), env: {}, args: {}, host }))).toEqual([]);
  });

  it.each(["none", ...readdirSync(folder)])("go to no broker of the internet by themselves (brokers 1): %s", (file) => {
    const { mqtt, broker } = configOf(file === "none" ? "" : readFileSync(join(folder, file), "utf8"), { secrets: "leave" });
    const local = /^(192\.168\.|10\.|127\.)[\d.]+$/;
    expect([...mqtt.server, ...broker.bridge.server].filter((server) => !local.test(server))).toEqual([]);
  });

  // Of a module that is on with low on a line that is held low by then, and of the other kind on one that is held high.
  it.each([...readdirSync(folder), "README.md"])("switch no relay on at boot, before the agent runs: %s", (file) => {
    const text = readFileSync(join(folder, file === "README.md" ? "../../README.md" : file), "utf8");
    const [, shown = text] = file === "README.md" ? (/^```yaml\n(# \/etc\/pinbus.*?)^```$/ms.exec(text) ?? []) : [];
    const { outputs } = configOf(file === "starter.yaml" ? switchedOn(text) : shown, { secrets: "leave" });
    const isOn = ({ line, active }: OutputConfig) => pullOf(line) === (active === "low" ? "down" : "up");
    expect(Object.keys(outputs).filter((id) => outputs[id] && isOn(outputs[id]))).toEqual([]);
  });

  it("on the page about sensors are right, one for each driver", () => {
    const page = readFileSync(join(folder, "../../docs/sensors.md"), "utf8");
    const [, text = ""] = /^```yaml\n(.*?)^```$/ms.exec(page) ?? [];
    expect(saidAbout(load(text))).toEqual([]);
    expect(Object.values(configOf(text).sensors).map(({ driver }) => driver)).toEqual(["w1", "thermal", "iio", "hwmon", "file", "command"]);
  });

  it("on the page about Home Assistant is right", () => {
    const page = readFileSync(join(folder, "../../docs/home-assistant.md"), "utf8");
    const [, text = ""] = /^```yaml\n(.*?)^```$/ms.exec(page) ?? [];
    expect(saidAbout(load(text))).toEqual([]);
    expect(configOf(text).homeassistant.discovery).toBe("true");
  });

  const starter = readFileSync(join(folder, "starter.yaml"), "utf8");

  it("start with a file that drives no pin and changes no default", () => {
    expect(configOf(starter)).toEqual(configOf(""));
  });

  it("start with a file that is right with everything switched on", () => {
    const config = configOf(switchedOn(starter), { env: { SECRET: "x" } });
    expect(Object.keys(config.inputs)).toEqual(["porch"]);
    expect(Object.keys(config.outputs)).toEqual(["lamp", "gate", "pump", "gate-up", "gate-down"]);
    expect(Object.keys(config.sensors)).toEqual(["attic", "cpu", "tank"]);
    expect(config).toMatchObject({
      node: "garage",
      mqtt: { server: ["192.168.1.10"], username: "pinbus", password: "x" },
      services: ["ssh.service"],
    });
    expect(config.interlocks).toEqual({ "gate-motor": { dead_time: 300, mode: "switch" } });
    expect(config.outputs["gate-up"]).toMatchObject({ interlock: "gate-motor", pulse: 500 });
    expect(config.rules["porch-lamp"]?.do).toMatchObject([{ output: "lamp", set: "toggle", for: null }]);
  });

  it("have a broker for owlcms that only those reach who have its password", () => {
    const result = loadConfig({ file: join(folder, "owlcms-broker.yaml"), env: {}, args: {}, host });
    expect(result).toMatchObject({
      ok: true,
      config: { mqtt: { server: [] }, broker: { password_file: join(folder, "owlcms.users"), anonymous: null, persistence: "on" } },
    });
  });

  it("have a demo on the simulated board, on a free port, with its files beside it", () => {
    const result = loadConfig({ file: join(folder, "demo.yaml"), env: {}, args: {}, host });
    expect(result).toMatchObject({
      ok: true,
      config: {
        gpio: { driver: "sim" },
        mqtt: { server: [] },
        broker: { listeners: [{ protocol: "mqtt", address: null, port: 0 }] },
        control: { socket: join(folder, "control.sock"), view: join(folder, "view.sock") },
        state_dir: join(folder, "state"),
      },
    });
  });
});
