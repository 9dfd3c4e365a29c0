import { headerChips } from "../../gpio/board.ts";
import type { Flow } from "./flow.ts";
import type { Foreign } from "./foreign.ts";

/** Where a pin is, as `line` of the configuration has it; or why it cannot be reached, and what to do. */
export type Place = { ok: true; line: Flow } | { ok: false; message: string; fix: string };

/** What stands under `gpio_modules`. */
export interface Module {
  readonly name: string;
  readonly module: string;
  readonly entry: Foreign;
  /** An expander whose lines come from its kernel driver: for it a line in config.txt. */
  readonly expander: Expander | undefined;
  /** Whether its pins go back to inputs when the program ends. */
  readonly cleanup: boolean;
  /** Whether an input without a pull has its pull switched off. */
  readonly pulls: "set" | "expander" | "none";
  place(pin: Foreign): Place;
  /** Its own idea of how an input is wired, before `inverted`. */
  input?(entry: Foreign): { bias: "pull-up" | "pull-down"; low: boolean };
  output?(entry: Foreign): { low: boolean | null };
}

export interface Expander {
  chip: string;
  lines: number;
  /** `interrupt` is the GPIO on which it tells that an input has changed. */
  overlay(interrupt: number | null): string;
  /** Whether its overlay knows such a GPIO: without one the kernel tells no edges. */
  interrupts: boolean;
}

const bad = (message: string, fix: string): Place => ({ ok: false, message, fix });
const byHand = "keep it with mqtt-io, or connect it to lines that the kernel knows";

/** Modules without a driver in the kernel that would make lines of their pins, or whose lines cannot be found by what is written here. */
const without: Readonly<Record<string, readonly [message: string, fix: string]>> = {
  beaglebone: [
    "pins of a BeagleBone have other names in the kernel",
    "look for the line in `pinbus pins` and write it as line: {chip: LABEL, offset: N}",
  ],
  dockerpi: ["the kernel has no driver for the DockerPi relay board", byHand],
  piface2: ["the MCP23S17 of a PiFace needs an overlay of its own", "load mcp23s17 for it, and look in `pinbus pins` for its lines"],
  stdio: ["stdio is for tests", "remove it"],
  mock: ["mock is for tests", "remove it; `gpio: {driver: sim}` is the simulated board"],
};

/** What a module of this kind is here; undefined for one that nobody knows. */
export function moduleOf(entry: Foreign): Module | undefined {
  const name = entry.text("name") ?? "";
  const module = entry.text("module") ?? "";
  const cleanup = entry.flag("cleanup") ?? true;
  const common = { name, module, entry, cleanup, expander: undefined };
  switch (module) {
    case "raspberrypi":
      return { ...common, pulls: "set", place: (pin) => header(pin.text("pin") ?? "") };
    case "gpiozero":
      return { ...common, pulls: "set", place: (pin) => gpiozero(pin.text("pin") ?? ""), input: gpiozeroInput, output: gpiozeroOutput };
    case "gpiod": {
      const chip = (entry.text("chip") ?? "/dev/gpiochip0").replace(/^\/dev\//, "");
      return { ...common, pulls: "set", place: (pin) => ofChip(chip, pin.text("pin") ?? "") };
    }
    case "orangepi":
    case "sunxi": {
      entry.text("mode");
      return { ...common, pulls: "set", place: (pin) => allwinner(pin.text("pin") ?? "") };
    }
    case "pcf8574":
    case "pcf8575":
    case "mcp23017":
    case "xl9535":
      return expanderOf(module, common);
    default: {
      const reason = Object.hasOwn(without, module) ? without[module] : undefined;
      return reason && { ...common, pulls: "none", place: () => bad(...reason) };
    }
  }
}

function expanderOf(module: "pcf8574" | "pcf8575" | "mcp23017" | "xl9535", common: Omit<Module, "pulls" | "place">): Module {
  const bus = common.entry.whole("i2c_bus_num") ?? 1;
  const address = common.entry.whole("chip_addr") ?? 0x20;
  const addr = `addr=0x${address.toString(16)}`;
  const lines = module === "pcf8574" ? 8 : 16;
  // How the drivers name their chips: gpio-pcf857x and gpio-pca953x after the device, pinctrl-mcp23s08 after its kind.
  const device = `${bus}-${address.toString(16).padStart(4, "0")}`;
  const kinds: Record<typeof module, { chip: string; overlay(interrupt: number | null): string }> = {
    pcf8574: { chip: device, overlay: () => `dtoverlay=pcf857x,pcf8574,${addr}` },
    pcf8575: { chip: device, overlay: () => `dtoverlay=pcf857x,pcf8575,${addr}` },
    xl9535: { chip: device, overlay: () => `dtoverlay=pca953x,pca9535,${addr}` },
    mcp23017: {
      chip: "mcp23017",
      overlay: (interrupt) => `dtoverlay=mcp23017,${addr},${interrupt === null ? "noints" : `gpiopin=${interrupt}`}`,
    },
  };
  const expander = { ...kinds[module], lines, interrupts: module === "mcp23017" };
  // The libraries of these two count from the other end: their pin 0 is P7, or P17.
  const reversed = module === "pcf8574" || module === "pcf8575";
  if (reversed) {
    const message = `pin 0 of mqtt-io is line ${lines - 1} of the chip, and so on to the other end`;
    common.entry.remarks.say("note", common.entry.spot, message, "try one of them before you rely on it");
  }
  return {
    ...common,
    expander,
    pulls: module === "mcp23017" ? "expander" : "none",
    place(pin) {
      const offset = number(pin.text("pin") ?? "");
      if (offset === undefined || offset >= lines)
        return bad(`pin is not a number from 0 to ${lines - 1}`, "write which pin of the expander it is");
      return { ok: true, line: { chip: expander.chip, offset: reversed ? lines - 1 - offset : offset } };
    },
  };
}

/** Not `010`, which is 8 for PyYAML. */
function number(text: string): number | undefined {
  return /^(?:0|[1-9]\d{0,2})$/.test(text) ? Number(text) : undefined;
}

/** GPIO numbers of the Raspberry Pi. */
function header(text: string): Place {
  const gpio = number(text);
  return gpio === undefined || gpio > 53
    ? bad("pin is not a GPIO number", "write the number behind GPIO, like 17")
    : { ok: true, line: gpio };
}

function gpiozero(text: string): Place {
  const pin = /^(?:BOARD|J8:)(\d{1,2})$/i.exec(text)?.[1];
  return pin === undefined ? header(text.replace(/^(?:GPIO|BCM)/i, "")) : { ok: true, line: `pin${pin}` };
}

/** A Button of gpiozero has a pull-up, and is on while its line is low; `pullup` and `pulldown` have no effect on it. */
function gpiozeroInput(entry: Foreign): { bias: "pull-up" | "pull-down"; low: boolean } {
  const kwargs = entry.map("kwargs");
  const up = kwargs.flag("pull_up") ?? (entry.text("class") ?? "Button") === "Button";
  entry.flag("pulldown");
  kwargs.rest();
  return { bias: up ? "pull-up" : "pull-down", low: up };
}

/** `low` is null when nobody knows. */
function gpiozeroOutput(entry: Foreign): { low: boolean | null } {
  entry.text("class");
  const kwargs = entry.map("kwargs");
  const high = kwargs.flag("active_high");
  kwargs.rest(["initial_value"]);
  return { low: high === undefined && kwargs.has("active_high") ? null : high === false };
}

function ofChip(chip: string, text: string): Place {
  const offset = number(text);
  if (offset === undefined) return bad("pin is not the offset of a line", "write a number");
  // The header is gpiochip0, or gpiochip4 on a Pi 5 with an older kernel.
  if (headerChips.includes(chip) || /^gpiochip[04]$/.test(chip)) return { ok: true, line: offset };
  if (/^gpiochip\d+$/.test(chip))
    return bad(
      `${chip} may be another chip after the next start`,
      "look in `pinbus pins` how it is called, and write line: {chip: LABEL, offset: N}",
    );
  return /^[\w.:@-]{1,64}$/.test(chip) ? { ok: true, line: { chip, offset } } : bad("chip is no name of a chip", "write its label");
}

/** `PA07`: line 7 of the port A. All ports but those behind PL are lines of one chip, 32 for each port. */
function allwinner(text: string): Place {
  const [, port, digits] = /^P([A-I])(\d{1,2})$/i.exec(text) ?? [];
  if (port === undefined || digits === undefined || Number(digits) > 31)
    return bad(
      "which line of the kernel this pin is cannot be told from its number",
      "write it as line: {chip: LABEL, offset: N}; PA7 is 7, PC4 is 68, and `pinbus pins` lists the chips",
    );
  return { ok: true, line: { chip: "1c20800.pinctrl", offset: 32 * (port.toUpperCase().charCodeAt(0) - 65) + Number(digits) } };
}
