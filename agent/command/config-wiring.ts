import type { Config } from "../../config/schema.ts";
import { headerPinOf } from "../../gpio/header.ts";
import type { LineName } from "../../gpio/line.ts";
import { headerPicture, nearest, type Wire } from "./wiring.ts";

/** Where the kernel's w1-gpio listens unless config.txt says otherwise: GPIO4. */
const w1Pin = 7;

/** The header with everything that a configuration connects to it, in lines for a terminal. Empty on a simulated board. */
export function configWiring(config: Config, cols: number): string[] {
  return config.gpio.driver === "sim" ? [] : headerPicture(wiresOf(config), cols);
}

/** A contact needs a pin for its other side; relays share one module, thermometers one bus. */
function wiresOf({ inputs, outputs, pwm, sensors }: Config): Wire[] {
  const own = [
    ...Object.entries(inputs).flatMap(([id, { line, line_b }]) => [
      ...(line === null ? [] : wire(line, id)),
      ...(line_b === null ? [] : wire(line_b, `${id}, B`)),
    ]),
    ...Object.entries(outputs).flatMap(([id, { line }]) => (line === null ? [] : wire(line, `relay IN: ${id}`))),
    ...Object.entries(pwm).flatMap(([id, { line }]) => (line === null ? [] : wire(line, `signal: ${id}`))),
    ...(Object.values(sensors).some(({ driver }) => driver === "w1") ? [{ pin: w1Pin, to: "1-wire data, 4.7k to 3V3" }] : []),
  ];
  const wires = [...own];
  const add = (what: "GND" | "3V3", near: number | undefined, to: string) => {
    if (near === undefined) return;
    const pin = nearest(what, near, new Set(wires.map((each) => each.pin)));
    if (pin !== undefined) wires.push({ pin, to });
    // There are two pins of 3V3, and eight of ground: two wires share one.
    else share(wires, nearest(what, near, new Set(own.map((each) => each.pin))), to);
  };
  for (const [id, { line, active }] of Object.entries(inputs))
    add(active === "low" ? "GND" : "3V3", line === null ? undefined : wire(line, id)[0]?.pin, `${id}, other side`);
  const relay = Object.values(outputs).flatMap(({ line }) => (line === null ? [] : wire(line, "")))[0]?.pin;
  add("GND", relay, "relay GND");
  add("3V3", relay, "relay VCC");
  const signal = Object.values(pwm).flatMap(({ line }) => (line === null ? [] : wire(line, "")))[0]?.pin;
  add("GND", signal, "signal GND");
  if (own.some(({ pin }) => pin === w1Pin)) {
    add("GND", w1Pin, "1-wire GND");
    add("3V3", w1Pin, "1-wire VDD");
  }
  return wires;
}

function share(wires: Wire[], pin: number | undefined, to: string): void {
  const there = wires.find((each) => each.pin === pin);
  if (there) there.to = `${there.to} + ${to}`;
}

function wire(line: LineName, to: string): Wire[] {
  const pin =
    line.kind === "pin"
      ? line.pin
      : line.kind === "gpio"
        ? headerPinOf(line.gpio)
        : line.kind === "name"
          ? headerPinOf(Number(/^GPIO(\d+)$/.exec(line.name)?.[1] ?? Number.NaN))
          : undefined;
  return pin === undefined ? [] : [{ pin, to }];
}
