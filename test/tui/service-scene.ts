import type { LogLine, LogView, ServiceView } from "../../agent/protocol.ts";
import { ago, garden, type Scene, service } from "./scene.ts";

const zigbee: ServiceView = service("zigbee2mqtt.service", {
  active: "failed",
  sub: "failed",
  since: ago(252_000),
  cpu_ns: null,
  memory: null,
  restarts: 5,
  exit: "exited with 1",
  result: "exit-code",
  control: ["start", "restart"],
});

const mosquitto = service("mosquitto.service", {
  since: ago(1_051_860_000),
  memory: 11_000_000,
  pid: 812,
  control: ["start", "stop", "restart"],
  log_file: "/var/log/mosquitto/mosquitto.log",
});

/** The tab Services of the garden house: a unit that runs, one with a log file, one that failed, one of the user that waits, one that is not there. */
export function services(): Scene {
  const scene = garden();
  scene.keys("5");
  scene.act({
    type: "services",
    data: [
      service("pinbus.service", { pid: 611, own: true, control: ["restart"] }),
      mosquitto,
      zigbee,
      service("sync.service", {
        active: "activating",
        sub: "auto-restart",
        user: true,
        since: ago(2000),
        exit: "killed by SIGKILL",
        result: "signal",
        restart_at: ago(-28_000),
      }),
      service("nope.service", {
        active: "unknown",
        sub: "-",
        since: null,
        memory: null,
        restarts: null,
        problem: "no such unit is installed",
      }),
    ],
  });
  return scene;
}

/** What an answer of the agent has besides its lines. */
export function answer(unit: string, lines: LogLine[], some: Partial<LogView> = {}): LogView {
  return { unit, from: "journal", run: 1, last: lines.at(-1)?.number ?? 0, lines, problem: null, ...some };
}

export function lines(count: number, some: Partial<LogLine> = {}, first = 1): LogLine[] {
  return Array.from({ length: count }, (_, n) => ({
    number: first + n,
    at: ago(252_000 - n),
    priority: 6,
    text: `line ${first + n}`,
    ...some,
  }));
}

/** The journal of the picture in the specification. */
export function failing(): Scene {
  const scene = services();
  scene.keys("j", "j");
  const entries: [number, string][] = [
    [6, "Zigbee2MQTT started"],
    [4, "adapter: no response, retry 3/3"],
    [3, "Error: Failed to connect to the adapter (ENOENT /dev/ttyUSB0), and this line is longer than the screen is wide"],
    [3, "Main process exited, code=exited, status=1/FAILURE"],
    [5, 'zigbee2mqtt.service: Failed with result "exit-code".'],
    [6, "zigbee2mqtt.service: Scheduled restart job, counter is at 5."],
    [7, "a detail"],
    [3, "Start request repeated too quickly."],
  ];
  const told = entries.map(([priority, text], n) => ({ number: n + 1, at: ago(252_000 - n * 1000), priority, text }));
  scene.act({ type: "service-log", answer: answer("zigbee2mqtt.service", told) });
  return scene;
}

/** The unit that has a log file, with a line in each of its logs. */
export function withFile(): Scene {
  const scene = services();
  scene.keys("j");
  const unit = "mosquitto.service";
  scene.act({ type: "service-log", answer: answer(unit, lines(1, { text: "Started mosquitto.service." })) });
  const file: LogLine[] = [
    { number: 1, at: "2026-11-19T23:59:58.000Z", text: "mosquitto version 2.0.11 running" },
    { number: 2, text: "(a new file has taken its place)", note: true },
    { number: 3, at: ago(1000), text: "New connection from 192.168.1.7:40112 on port 1883." },
  ];
  scene.act({ type: "service-log", answer: answer(unit, file, { from: "file", run: 2 }) });
  return scene;
}
