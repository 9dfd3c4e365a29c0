import { readFileSync } from "node:fs";
import { anyText, bad, ok, oneOf, path } from "../../config/formats.ts";
import type { Reading } from "../../config/leaf.ts";
import { outputSchema } from "../../config/outputs.ts";
import { server } from "../../config/server.ts";
import type { Answers } from "../../config/starter.ts";
import { type HeaderPin, headerPins, reservedGpios } from "../../gpio/header.ts";
import { bootAdvice } from "./wiring.ts";

/** One thing that `pinbus init` wants to know: by a flag, or asked on a terminal. */
export interface Question {
  /** `relay-active`: the argument that answers it. */
  flag: string;
  /** Why it is asked, in one line. */
  about: string;
  ask: string;
  /** What Enter says. */
  enter(before: Partial<Answers>, here: Partial<Answers>): string;
  /** What counts when nobody is asked and the flag is not given; or why it has to be given then. */
  absent(before: Partial<Answers>, here: Partial<Answers>): Reading<string>;
  /** Whether it makes sense after the answers before it. */
  applies(before: Partial<Answers>): boolean;
  read(text: string, before: Partial<Answers>): Reading<Partial<Answers>>;
  /** What somebody should know at once who answered so. */
  remarks?(answers: Partial<Answers>): string[];
}

const boards = oneOf("pi1", "pi4", "pi5", "sim");
const levels = oneOf("low", "high");
const none = "none";
const always = () => true;
const hasRelay = ({ relay }: Partial<Answers>) => typeof relay === "number";
const hasBroker = ({ broker }: Partial<Answers>) => typeof broker === "string";
const hasUser = ({ user }: Partial<Answers>) => typeof user === "string";
const say = (text: string) => () => text;
const counts = (text: string) => () => ok(text);

/** In the order in which they are asked. */
export const questions: readonly Question[] = [
  {
    flag: "board",
    about: "pi1 = Pi 1 A+/B+ to 3, Zero; pi4 = 4, 400; pi5 = 5, 500; sim = simulated.",
    ask: "Which board is this",
    enter: (_, here) => here.board ?? "sim",
    // Nothing is simulated unless somebody says so.
    absent: (_, here) => ok(here.board ?? "pi4"),
    applies: always,
    read: (text) => as(boards.read(text), (board) => ({ board })),
  },
  {
    flag: "button",
    about: "From this header pin to a ground pin; a GPIO as GPIO17. none = no button.",
    ask: "Button on header pin",
    enter: say("11"),
    absent: counts(none),
    applies: always,
    read: (text) => as(readPin(text), (button) => ({ button })),
  },
  {
    flag: "relay",
    about: "To the input of a relay module, never to a relay itself. none = no relay.",
    ask: "Relay module on header pin",
    // High at boot, as most modules want it.
    enter: ({ button }) => (button === 29 ? "31" : "29"),
    absent: counts(none),
    applies: always,
    read: (text, { button }) => {
      const reading = as(readPin(text), (relay) => ({ relay }));
      return reading.ok && reading.value.relay !== null && reading.value.relay === button
        ? bad(`pin ${button} is the button's`, "take another pin")
        : reading;
    },
  },
  {
    flag: "relay-active",
    about: "low for most modules, high for some: the leaflet of the module says it.",
    ask: "Level that switches the relay on",
    enter: say("low"),
    // Of a wrong guess nobody hears: each off, that of `pinbus safe` too, would be on, and never be too long.
    absent: () =>
      bad(
        "nothing says which level switches the relay on, and with the wrong one off is on",
        "write low or high, as the leaflet of the module says",
      ),
    applies: hasRelay,
    read: (text) => as(levels.read(text), (relayActive) => ({ relayActive })),
    remarks: bootAdvice,
  },
  {
    flag: "relay-max-on",
    about: "Then it is switched off, whatever switched it on: 30s, 10m, 2h. none = never.",
    ask: "Longest time that it stays on",
    enter: say("2h"),
    absent: counts("2h"),
    applies: hasRelay,
    read: (text) => (text === none ? ok({ maxOn: null }) : as(outputSchema.max_on.reads.read(text), (maxOn) => ({ maxOn }))),
  },
  {
    flag: "broker",
    about: "An address such as 192.168.1.10. built-in = one of its own, for this machine.",
    ask: "Broker",
    enter: say("built-in"),
    absent: counts("built-in"),
    applies: always,
    read: (text) => (text === "built-in" ? ok({ broker: null }) : as(server.read(text), (broker) => ({ broker }))),
  },
  {
    flag: "broker-user",
    about: "Your name at the broker. none = it asks for none.",
    ask: "User at the broker",
    enter: say(none),
    absent: counts(none),
    applies: hasBroker,
    read: (text) => (text === none ? ok({ user: null }) : as(anyText.read(text), (user) => ({ user }))),
  },
  {
    flag: "broker-password-file",
    about: "Relative to the configuration. If it is not there, the password is asked for.",
    ask: "Password file",
    enter: say("mqtt.password"),
    absent: counts("mqtt.password"),
    applies: hasUser,
    read: (text) => as(path.read(text), (passwordFile) => ({ passwordFile })),
  },
];

/** What nobody was asked, because it makes no sense after the other answers. */
export const unasked: Answers = {
  board: "pi4",
  button: null,
  relay: null,
  relayActive: "low",
  maxOn: 7_200_000,
  broker: null,
  user: null,
  passwordFile: null,
};

function as<T>(reading: Reading<T>, wrap: (value: T) => Partial<Answers>): Reading<Partial<Answers>> {
  return reading.ok ? ok(wrap(reading.value)) : reading;
}

/** `11`, `pin11` or `GPIO17` → the header pin; `none` → null. */
function readPin(text: string): Reading<number | null> {
  if (text === none) return ok(null);
  const [, word = "", digits] = /^(pin|gpio)? ?(\d{1,3})$/i.exec(text) ?? [];
  const number = Number(digits);
  if (digits === undefined) return bad(`${JSON.stringify(text)} is not a header pin`, "write a number between 1 and 40, or none");
  const pin = word.toLowerCase() === "gpio" ? pinOf(number) : number;
  const what = pin === undefined ? undefined : headerPins.get(pin);
  if (pin === undefined) return bad(`GPIO${number} is not on the header`, "write one of GPIO2 to GPIO27, or a header pin");
  if (what === undefined) return bad(`there is no header pin ${pin}`, "write a number between 1 and 40, or none");
  return usable(pin, what);
}

function pinOf(gpio: number): number | undefined {
  return [...headerPins].find(([, what]) => what === gpio)?.[0];
}

function usable(pin: number, what: HeaderPin): Reading<number> {
  if (typeof what === "string") return bad(`pin ${pin} is ${what}, which no program drives`, "take a GPIO such as pin 11");
  if (reservedGpios.has(what)) return bad(`pin ${pin} is for the EEPROM of add-on boards`, "take a GPIO such as pin 11");
  return ok(pin);
}

/** What the device tree says; empty without one: no Raspberry Pi. */
export function modelHere(): string {
  try {
    return readFileSync("/proc/device-tree/model", "utf8").replace(/\0$/, "");
  } catch {
    return "";
  }
}

/** The board by the text of `/proc/device-tree/model`; undefined for what is no Raspberry Pi. */
export function boardOf(model: string): Answers["board"] | undefined {
  if (!model.startsWith("Raspberry Pi")) return undefined;
  if (/^Raspberry Pi (?:Compute Module )?(?:5|500)\b/.test(model)) return "pi5";
  return /^Raspberry Pi (?:Compute Module )?(?:4|400|4S)\b/.test(model) ? "pi4" : "pi1";
}

/** The first boards have 26 pins, and of the oldest ones some are other GPIOs: pin 13 is GPIO21. By the same text. */
export function hasShortHeader(model: string): boolean {
  return /^Raspberry Pi Model [AB] Rev\b/.test(model);
}
