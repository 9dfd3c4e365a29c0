import { describe, expect, it } from "vitest";
import { headerPinOf, headerPins } from "../../gpio/header.ts";
import { load, saidAbout } from "./loading.ts";

const said = (text: string): string[] => saidAbout(load(text));

describe("check", () => {
  it("warns of the wheels of a car that do not stop, or start, as one", () => {
    const servo = (line: number, more: string) => `{ line: ${line}, kind: servo${more} }`;
    const lost = (level: string) => `on_broker_lost: { after: 1s, do: ${level} }`;
    expect(
      said(
        `pwm:\n  left: ${servo(18, `, max_on: 5s, ${lost("release")}`)}\n  right: ${servo(19, `, pulse: [1010, 2010], neutral: 1510, ${lost("1510")}`)}\ncarbot: { servos: [left, right] }\n`,
      ),
    ).toEqual([
      "pinbus.yaml:2:42: warning: pwm.left.max_on: right has another one: one wheel may turn while the other one stands, write the same for both",
    ]);
    const motor = (name: string, line: number, more = "") =>
      `  ${name}-ahead: { line: ${line}, interlock: ${name}${more} }\n  ${name}-back: { line: ${line + 1}, interlock: ${name}, max_on: 3s }\n`;
    const outputs = `outputs:\n${motor("l", 5, ", max_on: 5s, on_broker_lost: { after: 1s, do: off }")}${motor("r", 22, ", max_on: 5s")}interlocks: { l: {}, r: {} }\n`;
    const motors = "carbot: { motors: [{ forward: l-ahead, backward: l-back }, { forward: r-ahead, backward: r-back }] }\n";
    expect(said(`${outputs}${motors}`)).toEqual([
      "pinbus.yaml:2:65: warning: outputs.l-ahead.on_broker_lost: r-ahead has another one: one wheel may turn while the other one stands, write the same for both",
    ]);
  });

  it("warns of settings that only another kind of input uses, and of a driver that misses edges without a word", () => {
    const text = [
      "inputs:",
      "  porch: { line: 17, per_unit: 10, steps_per_detent: 2, report: 5s }",
      "  meter: { line: 22, kind: counter, hold: 1s, line_b: 23 }",
    ].join("\n");
    expect(said(text).map((line) => line.slice(line.indexOf("inputs.")))).toEqual([
      "inputs.porch.per_unit: it is not used by a button, remove it or write kind: counter",
      "inputs.porch.steps_per_detent: it is not used by a button, remove it or write kind: encoder",
      "inputs.porch.report: it is not used by a button, remove it or write kind: counter",
      "inputs.meter.hold: it is not used by a counter, remove it",
      "inputs.meter.line_b: it is not used by a counter, remove it or write kind: encoder",
    ]);
    expect(said("gpio: { driver: sysfs }\ninputs: { meter: { line: 22, kind: counter } }")).toEqual([
      "pinbus.yaml:2:11: warning: inputs.meter: the sysfs driver cannot tell how many edges it missed, write gpio.driver: chardev",
    ]);
  });

  it("home-assistant 6: refuses a relay that Home Assistant would find by Tasmota's discovery as well", () => {
    const both = (discovery: string) =>
      `outputs: { pump: { line: 27 } }\nhomeassistant: { discovery: true }\ntasmota: { plug: { topic: plug, relays: [pump]${discovery} } }`;
    expect(load(both("")).ok).toBe(false);
    expect(said(both(""))).toEqual([
      expect.stringMatching(/^pinbus\.yaml: tasmota\.plug\.discovery: .* a second time .*, write discovery: off$/),
    ]);
    expect(said(both(", discovery: off"))).toEqual([]);
  });

  it("takes no debounce for what counts, unless the file says so, and kernel alone as the usual time", () => {
    const result = load(
      "inputs: { a: { line: 17, kind: counter }, b: { line: 22, kind: counter, debounce: 5ms }, c: { line: 23, debounce: kernel }, d: { line: 24, line_b: 25, kind: encoder, debounce: { kernel: 1ms } } }",
    );
    const { a, b, c, d } = result.ok ? result.config.inputs : {};
    expect([a?.debounce, b?.debounce, c?.debounce, d?.debounce]).toEqual([0, 5, { kernel: 20 }, { kernel: 1 }]);
    expect([a?.report, d?.report]).toEqual([1000, 200]);
  });

  it("warns of what says nothing of a key, of a counter that may miss presses, and of a device that is another one tomorrow", () => {
    const text = [
      "inputs:",
      "  pedal: { evdev: /dev/input/event3, key: KEY_F1, bias: pull-up }",
      "  presses: { evdev: Pedal, key: KEY_F1, kind: counter }",
    ].join("\n");
    expect(said(text)).toEqual([
      "pinbus.yaml:2:19: warning: inputs.pedal.evdev: its number is another one after the next start, write the path or name that `pinbus keys` prints",
      "pinbus.yaml:2:57: warning: inputs.pedal.bias: it says nothing of a key, remove it",
      "pinbus.yaml:3:3: warning: inputs.presses: an input device does not tell how many presses were lost, take a line where each one counts",
    ]);
  });

  it("takes no debounce for a key, unless the file says so", () => {
    const result = load("inputs: { a: { evdev: Pedal, key: KEY_F1 }, b: { evdev: Pedal, key: KEY_F2, debounce: 5ms } }");
    const { a, b } = result.ok ? result.config.inputs : {};
    expect([a?.debounce, b?.debounce]).toEqual([0, 5]);
  });

  it("warns of settings that only another driver of a sensor uses", () => {
    const text = [
      "sensors:",
      "  attic: { driver: w1, id: 28-0316a2795bff, zone: cpu-thermal, name: x, scale: 2, offset: 1 }",
      "  tank: { driver: file, path: /run/level, unit: l, scale: 0.1, quantities: { level: { offset: 1 } } }",
    ].join("\n");
    expect(said(text).map((line) => line.slice(line.indexOf("sensors.")))).toEqual([
      "sensors.attic.zone: it is not used by the driver w1, remove it",
      "sensors.attic.name: it is not used by the driver w1, remove it",
      "sensors.tank.quantities: it is not used by the driver file, remove it",
    ]);
  });

  it("warns of a quantity that a known chip is not known to measure, and takes any of one that nobody knows", () => {
    const text = [
      "sensors:",
      "  tent: { driver: iio, device: bme280@77, only: [humidity, co2], quantities: { presure: { offset: 1 } } }",
      "  odd: { driver: hwmon, device: odd, only: [flow_1], scale: 2 }",
    ].join("\n");
    const fix = "known are temperature, humidity, pressure";
    expect(said(text).map((line) => line.slice(line.indexOf("sensors.")))).toEqual([
      `sensors.tent.only: bme280 is not known to measure co2, ${fix}`,
      `sensors.tent.quantities.presure: bme280 is not known to measure presure, ${fix}`,
    ]);
  });

  it("warns of what works but is probably not meant", () => {
    const text = ["mqtt: { ca: /ca.pem, tls: off }", "outputs:", "  lamp: { line: 42 }"].join("\n");
    expect(load(text).ok).toBe(true);
    expect(said(text)).toEqual([
      "pinbus.yaml:1:13: warning: mqtt.ca: it is not used, because the built-in broker is started, name the broker in mqtt.server",
      "pinbus.yaml:3:17: warning: outputs.lamp.line: GPIO42 is not on the header, the board itself may use it, take one of GPIO2 to GPIO27, unless this is a Compute Module",
    ]);
  });

  it("refuses a pull that the sysfs driver cannot set, and names the line of config.txt that does", () => {
    const text = [
      "gpio: { driver: sysfs }",
      "inputs:",
      "  porch: { line: 17, bias: pull-up }",
      "  bell: { line: pin15, bias: pull-down }",
      "  door: { line: 5, bias: as-is }",
    ].join("\n");
    expect(said(text)).toEqual([
      "pinbus.yaml:3:28: inputs.porch.bias: the sysfs driver cannot set a pull, write bias: as-is here and gpio=17=pu in /boot/firmware/config.txt",
      "pinbus.yaml:4:30: inputs.bell.bias: the sysfs driver cannot set a pull, write bias: as-is here and gpio=22=pd in /boot/firmware/config.txt",
    ]);
  });

  it("warns of an output that may stay on for ever without the agent", () => {
    expect(said("outputs: { heater: { line: 5, max_on: 2h, on_exit: keep }, pump: { line: 6, max_on: 1h, on_crash: keep } }")).toEqual([
      "pinbus.yaml:1:52: warning: outputs.heater.on_exit: without the agent nobody ends max_on, write off, unless it may stay on for ever",
      "pinbus.yaml:1:99: warning: outputs.pump.on_crash: without the agent nobody ends max_on, write off, unless it may stay on for ever",
    ]);
  });

  it("warns of identify without an output that may be blinked", () => {
    const text = "commands: [identify]\noutputs: { lamp: { line: 27";
    expect(said(`${text} } }`)).toEqual([
      "pinbus.yaml:1:11: warning: commands: no output may be blinked by identify, write identify: on for an output",
    ]);
    expect(said(`${text}, identify: on } }`)).toEqual([]);
  });

  it("notes that listeners are not used beside a server", () => {
    expect(said("mqtt: { server: a }\nbroker: { listeners: [{ port: 0 }] }")).toEqual([
      "pinbus.yaml:2:22: note: broker.listeners: it is not used, because mqtt.server names a broker, remove one of them",
    ]);
  });

  it("takes a port that starts with 8 for TLS unless its protocol is written, and warns of what is for TLS only", () => {
    const tls = "cert: /c, key: /k";
    expect(said(`broker: { listeners: [{ port: 8883 }], ${tls} }`)).toEqual([]);
    expect(said("broker: { listeners: [{ protocol: mqtt, port: 8883 }, { protocol: ws, port: 8080 }] }")).toEqual([]);
    expect(said(`broker: { ${tls}, require_certificate: false, tls_min: 1.3 }`)).toEqual(
      ["cert", "require_certificate", "tls_min"].map((name) =>
        expect.stringContaining(
          `warning: broker.${name}: it is not used, because no listener speaks TLS, add one with protocol: mqtts, or remove it`,
        ),
      ),
    );
    expect(said(`broker: { listeners: [{ port: 8883 }], ${tls}, ca: /a }`)).toEqual([
      expect.stringContaining("warning: broker.ca: it is not used, because no client needs a certificate, write require_certificate: true"),
    ]);
  });

  it("takes a listener that wants certificates for closed", () => {
    const secure = "cert: /c, key: /k, ca: /a, require_certificate: true";
    expect(said(`broker: { listeners: [{ port: 8883, address: 0.0.0.0 }], ${secure} }`)).toEqual([]);
    expect(said(`broker: { listeners: [{ port: 8883, address: 0.0.0.0 }, { port: 1883, address: 0.0.0.0 }], ${secure} }`)).toEqual([
      expect.stringContaining("broker.listeners[1].address: it lets in everybody in the network"),
    ]);
  });

  it("accepts several free ports, and one port on two addresses", () => {
    expect(said("broker: { listeners: [{ port: 0 }, { port: 0 }] }")).toEqual([]);
    expect(said("broker: { listeners: [{ address: 127.0.0.1, port: 1884 }, { address: '::1', port: 1884 }] }")).toEqual([]);
  });

  it("does not complain twice: a rule may name an output whose own settings are wrong", () => {
    const text =
      "inputs: { a: { line: 17 } }\noutputs: { b: { line: pin6 }, c: {} }\nrules: { r: { when: { input: a, gesture: press }, do: [{ output: b, set: on }, { output: c, set: off }] } }";
    expect(said(text)).toEqual([
      "pinbus.yaml:2:23: outputs.b.line: header pin 6 is GND, not a line, take a pin with a GPIO number",
      "pinbus.yaml:2:31: outputs.c: it has neither line nor plug, add `line: 17`, or `plug: mister_plug`",
    ]);
  });

  it("takes the same number on different chips for different lines", () => {
    expect(
      said("inputs: { a: { line: { chip: pcf8574, offset: 3 } }, b: { line: { chip: mcp23017, offset: 3 } }, c: { line: 3 } }"),
    ).toEqual([]);
  });

  it("knows one line by each of its names", () => {
    const names = ["27", "pin13", "GPIO27", "{ chip: pinctrl-bcm2835, offset: 27 }", "{ chip: pinctrl-bcm2711, offset: 27 }"];
    for (const name of names) {
      const text = `inputs: { a: { line: '27' } }\noutputs: { b: { line: ${name} } }`;
      expect(said(text)).toHaveLength(1);
      expect(said(text)[0]).toContain("is used by inputs.a.line already (line 1)");
    }
  });

  it("compares a rule's time with the output's longest one", () => {
    const rule = "rules: { r: { when: { input: a, gesture: press }, do: [{ output: b, set: on, for: 2m }] } }";
    expect(said(`inputs: { a: { line: 17 } }\noutputs: { b: { line: 5, max_on: 1m } }\n${rule}`)).toEqual([
      "pinbus.yaml:3:83: rules.r.do[0].for: it is longer than the output's max_on (1m), write a shorter time or raise max_on",
    ]);
  });
});

describe("check of gestures", () => {
  const rule = (input: string, when: string) =>
    `outputs: { lamp: { line: 27 } }\nrules: { r: { when: { input: ${input}, ${when} }, do: [{ output: lamp, set: toggle }] } }`;

  it("warns of times that no rule uses, and is quiet when one does", () => {
    const inputs = "inputs: { porch: { line: 17, window: 250ms, repeat: 100ms } }\n";
    expect(said(`${inputs}${rule("porch", "gesture: click")}`)).toEqual([
      "pinbus.yaml:1:38: warning: inputs.porch.window: it is not used, because no rule waits for several clicks, remove it or add such a rule",
      "pinbus.yaml:1:53: warning: inputs.porch.repeat: it is not used, because no rule has gesture: repeat, remove it or add such a rule",
    ]);
    const both = "inputs: { porch: { line: 17, repeat: 100ms }, bell: { line: 22, window: 1s, events: [multi_press] } }\n";
    expect(said(`${both}${rule("porch", "gesture: repeat")}`)).toEqual([]);
    for (const when of ["gesture: double", "gesture: triple", "clicks: 5"])
      expect(said(`inputs: { porch: { line: 17, window: 250ms } }\n${rule("porch", when)}`)).toEqual([]);
  });

  it("warns of what a switch and a doorbell do not use, and lets them have press and release", () => {
    for (const kind of ["switch", "doorbell"]) {
      const inputs = `inputs: { door: { line: 17, kind: ${kind}, debounce: 2s, hold: 1s, events: [press_start] } }\n`;
      expect(said(`${inputs}${rule("door", "gesture: release")}`).map((line) => line.slice(line.indexOf("warning")))).toEqual([
        `warning: inputs.door.hold: it is not used, because a ${kind} has no gestures, remove it or write kind: button`,
        `warning: inputs.door.events: it is not used, because a ${kind} has no gestures, remove it or write kind: button`,
      ]);
      expect(said(`inputs: { door: { line: 17, kind: ${kind} } }\n${rule("door", "gesture: press")}`)).toEqual([]);
    }
  });

  it("does not complain of a gesture twice when its word is wrong", () => {
    expect(said(`inputs: { porch: { line: 17 } }\n${rule("porch", "clicks: 9")}`)).toHaveLength(1);
    expect(said(`inputs: { porch: { line: 17, kind: swich } }\n${rule("porch", "gesture: hold")}`)).toHaveLength(1);
  });

  it("minds a debounce longer than window only where clicks are counted", () => {
    const inputs = "inputs: { porch: { line: 17, debounce: 400ms } }\n";
    expect(said(`${inputs}${rule("porch", "gesture: click")}`)).toEqual([]);
    expect(said(`${inputs}${rule("porch", "clicks: 2")}`)).toHaveLength(1);
  });
});

describe("the header", () => {
  it("has 40 pins, of which 28 are GPIO 0 to 27, each once", () => {
    const gpios = [...headerPins.values()].filter((what) => typeof what === "number");
    expect([...headerPins.keys()]).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    expect(gpios.sort((a, b) => a - b)).toEqual(Array.from({ length: 28 }, (_, index) => index));
    for (const [pin, what] of headerPins) if (typeof what === "number") expect(headerPinOf(what)).toBe(pin);
    expect(headerPinOf(28)).toBeUndefined();
  });
});
