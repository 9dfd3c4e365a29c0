import { expect, test } from "vitest";
import { ago, fleetOf, Scene, status } from "../scene.ts";
import { golden } from "./golden.ts";

function scene(): Scene {
  const shown = fleetOf(new Scene().online().attach());
  shown.keys("7");
  return shown;
}

golden("Fleet", () => {
  const shown = scene();
  shown.keys("j", "j");
  return shown;
}, ["tab"]);

const row = (shown: Scene, name: string) =>
  shown
    .draw(100, 24)
    .lines()
    .find((line) => line.slice(2).startsWith(name)) ?? "";
const title = (shown: Scene) => shown.draw(100, 24).lines()[1] ?? "";
const names = (shown: Scene) =>
  shown
    .draw(100, 24)
    .lines()
    .slice(3, 8)
    .map((line) => line.slice(2).split(" ")[0])
    .filter((name) => name !== "");

test("up, late and DOWN: by the will, and by three times the usual silence", () => {
  const shown = scene();
  expect(title(shown)).toContain("Fleet 4 nodes - 2 up - 1 late - 1 down");
  expect(row(shown, "gh-01")).toMatch(/gh-01 +up +1s +0\.1\.0 +48 C +0\.61 +44% +58% +371\.0/);
  expect(row(shown, "pump-north")).toMatch(/ late +41s .* late$/);
  expect(row(shown, "farm/hall")).toMatch(/^! .* DOWN +- .* last will, or stopped$/);
  expect(row(shown, "gh-02")).toContain("2 problems: sensor soi");
  shown.message("pinbus/gh-01/status", "offline", true);
  expect(row(shown, "gh-01")).toMatch(/^[!>] .* DOWN /);
  shown.keys("j");
  expect(shown.draw(100, 24).text()).toContain("offline for 0s");
  shown.message("pinbus/pump-north/$SYS/uptime", "86500 seconds", true);
  expect(row(shown, "pump-north")).toMatch(/ up +0s /);
});

test("what the broker had kept tells no time: it is seen when something comes live", () => {
  const shown = new Scene().online();
  shown.message("pinbus/a/info", JSON.stringify({ version: "1", started: ago(0), driver: "sim" }), true);
  shown.message("pinbus/a/status", "online", true);
  shown.message("pinbus/a/$SYS/uptime", "5 seconds", true);
  shown.keys("7");
  expect(row(shown, "a ")).toMatch(/ up +- /);
  for (let minute = 0; minute < 4; minute += 1) shown.pass(60_000);
  expect(row(shown, "a ")).toMatch(/ late +- .* never heard$/);
});

test("other devices with a status, and JSON that is no node's, are not in the list", () => {
  const shown = scene();
  shown.message("some/info", JSON.stringify({ version: 3 }));
  shown.message("some/other/info", "{ broken");
  shown.message("tele/plug/info", JSON.stringify([1, 2]));
  shown.message("info", "{}");
  expect(names(shown)).toEqual(["farm/hall/pump-south", "gh-01", "gh-02", "pump-north"]);
});

test("a node whose description is cleared is gone; one that is invented a thousand times stays within bounds, and never in place of a real one", () => {
  const shown = scene();
  shown.message("pinbus/gh-02/info", "", true);
  expect(row(shown, "gh-02")).toBe("");
  for (let n = 0; n < 5000; n += 1) shown.message(`evil/${n}/status`, "online");
  expect(shown.state.fleet.nodes.size).toBeLessThanOrEqual(500);
  expect(names(shown)).toEqual(["farm/hall/pump-south", "gh-01", "pump-north"]);
  const info = JSON.stringify({ version: "9".repeat(10_000), started: "x", driver: "温".repeat(500), inputs: "no list" });
  for (let n = 0; n < 5000; n += 1) shown.message(`evil/${n}/info`, info);
  expect(shown.state.fleet.nodes.size).toBeLessThanOrEqual(500);
  expect(shown.state.fleet.nodes.has("pinbus/gh-01")).toBe(true);
  expect(title(shown)).toContain("500 nodes (no more are kept)");
  expect(shown.state.fleet.nodes.get("evil/0")?.info?.version.length).toBe(100);
});

test("a node that comes in above does not move the selection", () => {
  const shown = scene();
  shown.keys("j", "k", "j");
  shown.message("pinbus/aaa/info", JSON.stringify({ version: "1", started: ago(0), driver: "sim" }), true);
  expect(row(shown, "gh-01")).toMatch(/^>/);
});

test("without the broker the nodes stay and are called stale, and nobody gets later by it", () => {
  const shown = scene();
  shown.act({ type: "mqtt-offline", problem: "connect ECONNREFUSED" });
  for (let minute = 0; minute < 10; minute += 1) shown.pass(60_000);
  expect(title(shown)).toContain("Fleet - STALE 10m00s, not connected - 4 nodes");
  expect(row(shown, "gh-01")).toContain(" up ");
  const lonely = new Scene();
  lonely.keys("7");
  expect(lonely.draw().text()).toContain("--broker URL names one");
});

test("s sorts by name, by state and by rate; the selection stays with its node", () => {
  const shown = scene();
  shown.keys("j", "s");
  expect(names(shown)).toEqual(["farm/hall/pump-south", "pump-north", "gh-01", "gh-02"]);
  expect(row(shown, "gh-01")).toMatch(/^>/);
  shown.keys("s");
  expect(names(shown)[0]).toBe("gh-02");
  expect(title(shown)).toContain("by rate");
  expect(row(shown, "gh-01")).toMatch(/^>/);
});

test("r asks the broker once more, below every prefix that was seen, and what comes then is old", () => {
  const shown = scene();
  const [effect] = shown.keys("r");
  const filters = ["status", "info", "health"].flatMap((name) => [`pinbus/+/${name}`, `farm/hall/+/${name}`]);
  expect(effect?.type === "refresh" && effect.filters.toSorted()).toEqual(filters.toSorted());
  shown.message("pinbus/pump-north/status", "online", true);
  expect(row(shown, "pump-north")).toContain(" late ");
  shown.act({ type: "mqtt-offline", problem: "x" });
  expect(shown.keys("r")).toEqual([]);
});

test("what r brings once more is as old as the broker likes on the tab Topics, too, until it comes live; what was not asked for stays live", () => {
  const shown = scene();
  const topic = "pinbus/gh-01/status";
  const age = () => {
    shown.keys("1");
    shown.state.topics.list.selected = topic;
    const line = shown.draw(80, 24).lines()[3]?.slice(43) ?? "";
    shown.keys("7");
    return line;
  };
  shown.keys("1", "o", "j", "7");
  expect(age()).toMatch(/^ 1m01s ago or earlier /);
  shown.keys("r");
  shown.message(topic, "online", true);
  shown.message("pinbus/gh-01/$SYS/uptime", "86470 seconds", true);
  expect(age()).toMatch(/^ 0s ago or earlier /);
  expect(row(shown, "gh-01")).toContain(" up      0s ");
  shown.message(topic, "online", true);
  expect(age()).toMatch(/^ 0s ago {2}/);
});

test("Enter asks where ssh goes for another node; the details name problems and peers", () => {
  const shown = scene();
  const peers = [{ id: "plug", state: "stale" as const, since: null }];
  shown.act({ type: "status", status: status({ peers }) });
  shown.keys("j", "enter");
  expect(shown.draw().lines()[22]).toContain("pinbus/gh-01 is the node of the tabs 2 to 6");
  expect(shown.draw(100, 24).text()).toContain("peers  plug stale");
  shown.keys("j", "enter");
  expect(shown.draw().text()).toMatch(/Attach over ssh[\s\S]*pinbus\/gh-02/);
  shown.keys("escape");
  expect(shown.draw(100, 24).text()).toContain("! sensor soil-2 is stale");
});

test("frozen nodes stand still; the filter finds nodes by name and by problem", () => {
  const shown = scene();
  shown.keys("z");
  const before = shown.draw(100, 24).lines().slice(1, 22);
  shown.message("pinbus/gh-01/status", "offline", true);
  shown.pass(60_000);
  expect(shown.draw(100, 24).lines().slice(1, 22)).toEqual(before);
  shown.keys("z", "/", ..."=soil", "enter");
  expect(names(shown)).toEqual(["gh-02"]);
});
