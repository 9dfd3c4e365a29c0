import { expect, test } from "vitest";
import { garden, hostView, Scene, status, sysOf } from "../scene.ts";
import { golden } from "./golden.ts";

function scene(): Scene {
  const scene = sysOf(garden());
  scene.act({ type: "mqtt-granted", filter: "#" });
  scene.act({ type: "mqtt-granted", filter: "$SYS/#" });
  scene.act({ type: "mqtt-rtt", ms: 1.6 });
  scene.act({ type: "status", status: status() });
  scene.act({ type: "host", data: hostView({ at: new Date(scene.now).toISOString() }) });
  for (let n = 0; n < 60; n += 1) scene.message(n % 3 === 0 ? "zigbee2mqtt/lamp" : `plant/room1/${n}`, "1");
  scene.pass(1000);
  scene.keys("3");
  return scene;
}

golden("Broker", scene, ["tab"]);

const row = (shown: Scene, label: string) =>
  shown
    .draw(80, 24)
    .lines()
    .find((line) => line.slice(2).startsWith(label)) ?? "";

test("what the broker does not tell reads missing, never 0", () => {
  const shown = new Scene().online();
  shown.keys("3");
  expect(shown.draw().text()).toContain("has said nothing below $SYS/broker yet");
  shown.message("$SYS/broker/clients/connected", "2", true);
  shown.message("$SYS/broker/heap/maximum", "nonsense", true);
  expect(row(shown, "Clients")).toMatch(/connected +2 +disconnected missing +max missing +expired missing/);
  expect(row(shown, "msgs received")).toMatch(/^ {2}msgs received( +missing){4}/);
  expect(row(shown, "Heap")).toMatch(/missing +max missing/);
  expect(shown.draw().text()).toContain("missing = not said since this terminal came");
  expect(scene().draw().text()).not.toContain("missing");
});

test("a speed needs two values that came live; one that no longer changes is 0, and after a reconnect it begins anew", () => {
  const shown = new Scene().online();
  shown.keys("3");
  const say = (received: number, uptime: number) => {
    shown.message("$SYS/broker/messages/received", String(received), true);
    shown.message("$SYS/broker/uptime", `${uptime} seconds`, true);
  };
  say(100, 10);
  shown.pass(1000);
  say(200, 20);
  // The first was retained, nobody knows how long: 100 in a second would be invented.
  expect(row(shown, "msgs received")).toMatch(/received +- +missing/);
  shown.pass(10_000);
  say(300, 30);
  expect(row(shown, "msgs received")).toMatch(/received +10\.0 +missing/);
  shown.pass(16_000);
  expect(row(shown, "msgs received")).toMatch(/received +0\.0 +missing/);
  shown.online();
  shown.pass(1000);
  say(900, 900);
  expect(row(shown, "msgs received")).toMatch(/received +- +missing/);
});

test("it says why there is nothing: no broker, not connected, refused", () => {
  const shown = new Scene();
  shown.keys("3");
  expect(shown.draw().text()).toContain("--broker URL names one");
  shown.act({ type: "mqtt-wanted", server: "mqtt://10.0.0.1:1883" });
  shown.act({ type: "mqtt-offline", problem: "mqtt://10.0.0.1:1883: connect ECONNREFUSED" });
  expect(shown.draw().text()).toContain("not connected to mqtt://10.0.0.1:1883");
  shown.online();
  shown.act({ type: "mqtt-refused", filter: "$SYS/#" });
  const text = shown.draw().text();
  expect(text).toContain("the broker refuses $SYS/#");
  expect(text).toContain("! refused  $SYS/#");
  expect(text).toContain("no agent here: --host");
});

test("figures of a broker that is gone stay, and are called stale", () => {
  const shown = scene();
  shown.act({ type: "mqtt-offline", problem: "connect ECONNREFUSED" });
  shown.pass(12_000);
  const text = shown.draw().text();
  expect(text).toContain("Broker - STALE 12s, not connected");
  expect(row(shown, "Clients")).toMatch(/connected +18 /);
  expect(text).toMatch(/lost 12s ago\n +connect ECONNREFUSED/);
  expect(shown.draw().styles[2]?.[4], "not by the word alone").toBe("selected");
});

test("the agent's link and its outbox, from its status alone, and when it is away", () => {
  const shown = sysOf(garden());
  shown.keys("3");
  shown.act({
    type: "status",
    status: status({
      link: { ...status().link, online: false, problem: "the broker refuses the password", reconnects: 3 },
      outbox: { waiting: 7, oldest_ms: 8000, dropped: 2, telemetry: { waiting: 12, oldest_ms: 9000, dropped: 0 } },
    }),
  });
  const text = shown.draw(100, 24).text();
  expect(text).toMatch(/NOT connected {2}reconnects 3\n +the broker refuses the password/);
  expect(text).toContain("outbox  events 7  dropped 2  readings 12  dropped 0");
  shown.act({ type: "agent-offline", problem: "gone" });
  shown.pass(5000);
  expect(shown.draw(150, 24).text()).toContain("(as of 5s ago: no agent)");
});

test("the figures of the agent that come every two seconds overtake its status", () => {
  const shown = scene();
  expect(shown.draw(100, 24).text()).toContain("connected 1m16s  MQTT 5  rtt 2.1 ms  reconnects 0");
  const { values } = hostView();
  const checks = [{ name: "broker link", problem: "nothing listens at 127.0.0.1:1883", detail: null }];
  const lost = Object.fromEntries(Object.entries(values).filter(([name]) => name !== "connection/since"));
  shown.act({ type: "host", data: hostView({ values: { ...lost, "outbox/depth": "4" }, checks }) });
  const text = shown.draw(100, 24).text();
  expect(text).toMatch(/NOT connected .*\n +nothing listens at 127\.0\.0\.1:1883/);
  expect(text).toContain("outbox  events 4  dropped 3  readings 12  dropped 0");
});

test("messages that the broker drops are a warning", () => {
  const shown = sysOf(garden(), { "load/publish/dropped/5min": "12.00" });
  shown.keys("3");
  expect(shown.draw(100, 24).text()).toContain("! publish dropped  0.00, 0.20, 0.00 /s over 1, 5, 15 min:  a client reads too slowly");
});

test("a frozen table stands still, z lets it go on", () => {
  const shown = scene();
  shown.keys("z");
  const before = shown.draw().lines().slice(1, 12);
  shown.message("$SYS/broker/clients/connected", "99", true);
  shown.pass(5000);
  expect(shown.draw().lines().slice(1, 12)).toEqual(before);
  shown.keys("z");
  expect(row(shown, "Clients")).toMatch(/connected +99 /);
});

test("Enter shows the raw topic, y copies the row, the filter leaves the rows that match", () => {
  const shown = scene();
  shown.keys("j", "j", "j");
  expect(shown.keys("y")).toEqual([{ type: "copy", text: expect.stringMatching(/^msgs sent +811\.9 +806\.3/) }]);
  shown.keys("/", ..."bytes", "enter");
  expect(row(shown, "msgs sent")).toBe("");
  expect(row(shown, "bytes sent")).toContain("130.4 k");
  shown.keys("escape", "g", "/", ..."heap", "enter", "enter");
  expect(shown.state.tab).toBe("topics");
  expect(shown.draw().text()).toMatch(/─\$SYS\/broker\/heap\/current ─/);
});

test("made-up names are not kept, and nonsense figures do no harm", () => {
  const shown = new Scene().online();
  shown.message("$SYS/broker/version", "evil\u001b]0;x\u0007\n".repeat(1000), true);
  shown.message("$SYS/broker/clients/connected", "1e400", true);
  shown.message("$SYS/broker/uptime", "-5 seconds", true);
  for (let n = 0; n < 1000; n += 1) shown.message(`$SYS/broker/made/up/${n}`, "1");
  shown.keys("3");
  shown.draw(150, 44);
  expect(shown.state.broker.figures.values.size).toBeLessThan(10);
});

test("on a wide screen, or zoomed, each speed is a chart of what it was; what was not known is a gap", () => {
  const shown = sysOf(garden());
  shown.keys("3");
  for (const perMinute of [30_000, 36_000, 42_000]) {
    shown.message("$SYS/broker/load/messages/received/1min", String(perMinute), true);
    shown.pass(10_000);
  }
  const text = shown.draw(150, 44).text();
  expect(text).toMatch(/msgs received\/s - 399\.\.700 - last 40s/);
  expect(text).toMatch(/ 700 [⠀-⣿ ]*[⠁-⣿]/);
  expect(shown.draw(80, 24).text(), "no room").not.toContain("msgs received/s");
  shown.keys("+");
  expect(shown.draw(80, 24).text()).toMatch(/msgs received\/s - .*┬─msgs sent\/s/);
  shown.keys("/", ..."connections", "enter");
  const one = shown.draw(80, 24).text();
  expect(one).toContain("connections/s - ");
  expect(one).not.toContain("msgs sent/s");
  shown.act({ type: "mqtt-offline", problem: "gone" });
  shown.pass(10_000);
  shown.pass(10_000);
  shown.online();
  shown.pass(10_000);
  shown.pass(10_000);
  expect(shown.draw(80, 24).text()).toMatch(/ 0\.1 [⠁-⣿]+ +[⠁-⣿]+\n/);
});

test("s sorts the speeds as listed, by name, the fastest first, what was said last first; the selection stays", () => {
  const shown = scene();
  const labels = () =>
    shown
      .draw(80, 24)
      .lines()
      .flatMap(
        (line) => /^[ >] (msgs|bytes|publish|connections|Heap|Clients|Subs)( received| sent| dropped)?/.exec(line)?.[0].slice(2) ?? [],
      );
  const listed = labels();
  expect(listed.slice(0, 3)).toEqual(["Clients", "Subs", "msgs received"]);
  shown.keys("j", "j", "j", "s");
  expect(labels()).toEqual([
    ...["Clients", "Heap", "Subs"],
    ...["bytes received", "bytes sent", "connections", "msgs received", "msgs sent", "publish dropped"],
  ]);
  expect(shown.draw(80, 24).text()).toContain("by name");
  expect(shown.keys("y")).toEqual([{ type: "copy", text: expect.stringMatching(/^msgs sent/) }]);
  shown.keys("s");
  expect(labels().slice(3, 7)).toEqual(["bytes sent", "bytes received", "msgs sent", "msgs received"]);
  shown.pass(5000);
  shown.message("$SYS/broker/publish/messages/dropped", "1", true);
  shown.keys("s");
  expect(labels()[3]).toBe("publish dropped");
  shown.keys("s");
  expect(labels()).toEqual(listed);
});
