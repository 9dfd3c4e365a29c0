import { checkBridge } from "./bridge.ts";
import { checkCarbot } from "./carbot.ts";
import { checkContracts } from "./contracts.ts";
import { checkControllers } from "./controllers.ts";
import { checkCounting, debounceTime } from "./counting.ts";
import { checkDerived } from "./derive.ts";
import { formatDuration } from "./formats.ts";
import { checkGestures } from "./gestures.ts";
import { checkHomeassistant } from "./homeassistant.ts";
import { checkHomie } from "./homie.ts";
import { checkKeys } from "./keys.ts";
import { checkLines, gpioOf } from "./lines.ts";
import { checkListeners, hasUsers } from "./listeners.ts";
import { checkMistbuddy } from "./mistbuddy.ts";
import { checkMqtt } from "./mqtt.ts";
import { checkMqttio } from "./mqttio.ts";
import { checkOwlcms } from "./owlcms-boxes.ts";
import { checkPair } from "./pairs.ts";
import { checkPeers } from "./peers.ts";
import { checkPlugs, peerIds } from "./plugs.ts";
import type { Place, Problem } from "./problem.ts";
import { checkPwm } from "./pwm.ts";
import { checkIds } from "./references.ts";
import { checkRules } from "./rule-check.ts";
import type { Config } from "./schema.ts";
import { checkSensors } from "./sensors.ts";
import { serviceOf } from "./services.ts";
import { checkTasmota } from "./tasmota.ts";

/** What the checks need to know about where things stand. */
export interface Found {
  /** Ids that stand in the file below `inputs`, `outputs` and `rules`, the faulty ones too. */
  ids: ReadonlyMap<string, ReadonlySet<string>>;
  /** Settings that are named without giving a right value: that was reported already. */
  unread: ReadonlySet<string>;
  /** The place of a path such as `inputs.porch.line`. */
  place(path: string): Place;
}

export type Report = (path: string, message: string, fix: string, severity?: Problem["severity"]) => void;

/** What no single value shows: settings that do not go together. Items that could not be read are not in `config`. */
export function check(config: Config, read: Found): Problem[] {
  const found: Found = { ...read, ids: new Map([...read.ids, ["peers", peerIds(config, read)]]) };
  const problems: Problem[] = [];
  const report: Report = (path, message, fix, severity = "error") => {
    problems.push({ ...found.place(path), message: `${path}: ${message}`, fix, severity });
  };
  checkControl(config, report);
  checkMqtt(config, found, report);
  checkListeners(config, found, report);
  checkBroker(config, found, report);
  checkBridge(config, found, report);
  checkInputs(config, report);
  checkOutputs(config, report);
  checkLines(config, found, report);
  checkIds(found, report);
  checkRules(config, found, report);
  checkControllers(config, found, report);
  checkOwlcms(config, found, report);
  checkCarbot(config, found, report);
  checkContracts(config, found, report);
  checkPeers(config, found, report);
  checkPlugs(config, found, report);
  checkGestures(config, found, report);
  checkCounting(config, found, report);
  checkKeys(config, found, report);
  checkSensors(config, found, report);
  checkTasmota(config, found, report);
  checkMistbuddy(config, found, report);
  checkMqttio(config, found, report);
  checkDerived(config, found, report);
  checkPwm(config, found, report);
  checkServices(config, report);
  checkCommands(config, report);
  checkHomeassistant(config, found, report);
  checkHomie(config, report);
  return problems;
}

/** sockaddr_un.sun_path holds 108 bytes with its NUL (unix(7)). */
const maxSocketPath = 107;

function checkControl({ control }: Config, report: Report): void {
  if (control.socket === control.view) report("control.view", "this is control.socket too", "give it a path of its own");
  for (const key of ["socket", "view"] as const) {
    if (Buffer.byteLength(control[key]) <= maxSocketPath) continue;
    report(`control.${key}`, `the path of a socket has at most ${maxSocketPath} bytes`, "take a shorter path");
    return;
  }
}

function checkBroker({ broker }: Config, { unread }: Found, report: Report): void {
  checkPair("broker", broker, ["username", "password"], { unread }, report);
  if (broker.username !== null && Object.hasOwn(broker.users, broker.username))
    report("broker.username", `user ${JSON.stringify(broker.username)} stands in broker.users too`, "remove one of them");
  if (broker.anonymous === "false" && !hasUsers(broker, unread))
    report("broker.anonymous", "there are no users, so nobody could connect", "add broker.password_file, or remove it");
}

function checkInputs({ inputs, gpio }: Config, report: Report): void {
  for (const [id, input] of Object.entries(inputs)) {
    const path = `inputs.${id}`;
    if (input.kind === "button" && input.hold <= debounceTime(input)) {
      report(`${path}.hold`, `it is not longer than debounce (${formatDuration(debounceTime(input))})`, "write a longer time");
    }
    if (gpio.driver !== "sysfs" || input.bias === "as-is" || input.line === null) continue;
    const pull = { disabled: "pn", "pull-up": "pu", "pull-down": "pd" }[input.bias];
    const fix = `write bias: as-is here and gpio=${gpioOf(input.line) ?? "NUMBER"}=${pull} in /boot/firmware/config.txt`;
    report(`${path}.bias`, "the sysfs driver cannot set a pull", fix);
  }
}

function checkOutputs({ outputs }: Config, report: Report): void {
  for (const [id, { pulse, max_on, on_exit, on_crash }] of Object.entries(outputs)) {
    if (max_on !== null && (on_exit === "keep" || on_crash === "keep")) {
      const key = on_exit === "keep" ? "on_exit" : "on_crash";
      report(`outputs.${id}.${key}`, "without the agent nobody ends max_on", "write off, unless it may stay on for ever", "warning");
    }
    const longest = pulse === null || typeof pulse === "number" ? pulse : (pulse.max ?? pulse.default);
    if (longest === null || max_on === null || longest <= max_on) continue;
    report(`outputs.${id}.pulse`, `it is longer than max_on (${formatDuration(max_on)})`, "write a shorter time or raise max_on");
  }
}

function checkServices({ services }: Config, report: Report): void {
  const taken = new Map<string, number>();
  for (const [index, { unit, control }] of services.map(serviceOf).entries()) {
    if (unit === "pinbus.service" && control.some((verb) => verb !== "restart"))
      report(`services[${index}]`, "the agent that is stopped cannot start itself again", "write control: [restart], or no control");
    const first = taken.get(unit);
    if (first === undefined) taken.set(unit, index);
    else report(`services[${index}]`, `${unit} stands in services[${first}] already`, "remove one of them");
  }
}

function checkCommands({ commands, outputs }: Config, report: Report): void {
  const identifies = commands.includes("identify");
  if (!identifies || Object.values(outputs).some(({ identify }) => identify === "on")) return;
  report("commands", "no output may be blinked by identify", "write identify: on for an output", "warning");
}
