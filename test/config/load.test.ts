import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { settingOptions } from "../../config/environment.ts";
import { settingsOf } from "../../config/leaf.ts";
import { configFile, loadConfig } from "../../config/load.ts";
import { schema } from "../../config/schema.ts";
import { configOf, host, load, saidAbout } from "./loading.ts";

const folder = mkdtempSync(join(tmpdir(), "pinbus-config-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("loadConfig", () => {
  it("finds the file by argument, then by variable, then at its usual place", () => {
    const env = { PINBUS_CONFIG: "b.yaml" };
    expect(configFile(env, { config: "a.yaml" })).toBe("a.yaml");
    expect(configFile(env)).toBe("b.yaml");
    expect(configFile({})).toBe("/etc/pinbus/pinbus.yaml");
  });

  it("says which file is missing and what to do", () => {
    const file = join(folder, "missing.yaml");
    expect(saidAbout(loadConfig({ file, env: {}, args: {}, host }))).toEqual([`${file}: there is no such file, create it or name another`]);
    expect(saidAbout(loadConfig({ file: folder, env: {}, args: {}, host }))).toEqual([`${folder}: this is a directory, name a file`]);
  });

  it("resolves paths of the file beside it and those of the environment in the current directory", () => {
    const file = join(folder, "paths.yaml");
    writeFileSync(file, "state_dir: state\ncontrol: { socket: control.sock }\nmqtt: { server: a, ca: ../ca.pem }\n");
    const result = loadConfig({ file, env: { PINBUS_STATE_DIR: "here" }, args: {}, host });
    expect(result).toMatchObject({
      ok: true,
      config: {
        state_dir: join(process.cwd(), "here"),
        control: { socket: join(folder, "control.sock"), view: join(folder, "view.sock") },
        mqtt: { ca: join(folder, "../ca.pem") },
      },
    });
  });

  it("names every problem at once, in the order of the file", () => {
    const text = [
      "nod: garage",
      "gpio: { driver: sym }",
      "mqtt: { server: broker.local, port: 0, username: pi }",
      "inputs:",
      "  porch: { line: 17, debounce: 20 }",
      "  Bell: { line: 18 }",
      "outputs:",
      "  lamp: { line: pin11 }",
      "  lamp: { line: 5 }",
      "rules:",
      "  a: { when: { input: prch, gesture: press }, do: [{ output: lmp, set: on }] }",
      "services: [ssh]",
    ].join("\n");
    const result = load(text, { env: { PINBUS_LOG_LEVEL: "loud", PINBUS_MQTT_SERVR: "x" } });
    expect(saidAbout(result)).toEqual([
      'PINBUS_LOG_LEVEL: log.level: "loud" is not one of error, warn, info, debug, write error, warn, info or debug',
      "PINBUS_MQTT_SERVR: warning: no setting has this variable, did you mean PINBUS_MQTT_SERVER?",
      'pinbus.yaml:1:1: the key "nod" is not known, did you mean node?',
      'pinbus.yaml:2:17: gpio.driver: "sym" is not one of auto, chardev, sysfs, sim, did you mean sim?',
      "pinbus.yaml:3:37: mqtt.port: 0 is not a port to connect to, write a number between 1 and 65535",
      "pinbus.yaml:3:50: mqtt.username: there is no mqtt.password beside it, add mqtt.password",
      "pinbus.yaml:5:32: inputs.porch.debounce: 20 has no unit, write it as 20ms, 20s or 20m",
      'pinbus.yaml:6:3: inputs: "Bell" is not an id, write 1 to 32 of the characters a-z, 0-9 and -',
      "pinbus.yaml:8:17: outputs.lamp.line: pin11 (GPIO17) is used by inputs.porch.line already (line 5), give each a line of its own",
      'pinbus.yaml:9:3: "lamp" stands twice, first in line 8, remove one of them',
      "pinbus.yaml:11:23: rules.a.when.input: there is no input prch, did you mean porch?",
      "pinbus.yaml:11:62: rules.a.do[0].output: there is no output lmp, did you mean lamp?",
      'pinbus.yaml:12:12: services[0]: "ssh" is not a systemd unit, write the whole name of a unit, like ssh.service',
    ]);
  });

  it("reads text as it stands, with its zeros and without guessing", () => {
    const config = configOf("node: 0017\nmqtt: { server: a, username: 007, password: 0x10, client_id: true }");
    expect(config).toMatchObject({ node: "0017", mqtt: { username: "007", password: "0x10", client_id: "true" } });
    expect(configOf("outputs: { a: { line: 17, on_start: on, on_exit: keep } }").outputs.a).toMatchObject({
      on_start: "on",
      on_exit: "keep",
    });
  });

  it("knows the variables that are no settings, and treats an empty one as not set", () => {
    const env = {
      PINBUS_CONFIG: "x",
      PINBUS_REQUIRE_ALL: "1",
      PINBUS_MACHINE_NAME: "gpio",
      PINBUS_CONTROL_SOCKET: "/s",
      PINBUS_NODE: "",
      HOME: "/",
    };
    const result = load("", { env });
    expect(saidAbout(result)).toEqual([]);
    expect(result).toMatchObject({ ok: true, config: { node: "attic", control: { socket: "/s" } } });
  });

  it("offers an option for each setting and none for a secret", () => {
    const options = Object.keys(settingOptions(schema));
    expect(options).toContain("mqtt-command-ttl");
    expect(options).not.toContain("mqtt-password");
    expect(new Set(settingsOf(schema).map(({ env }) => env)).size).toBe(settingsOf(schema).length);
  });

  it("accepts Windows line ends and an alias", () => {
    expect(configOf("node: garage\r\nprefix: x\r\n")).toMatchObject({ node: "garage", prefix: "x" });
    const { outputs } = configOf("outputs:\n  a: { line: 5, max_on: &limit 2h }\n  b: { line: 6, max_on: *limit }\n");
    expect(outputs.b?.max_on).toBe(7_200_000);
  });
});
