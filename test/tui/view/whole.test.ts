import { describe, expect, test } from "vitest";
import { entriesOf, type Scope } from "../../../tui/keys.ts";
import { tabs } from "../../../tui/model.ts";
import { ago, garden, hostView, output, pinsView, Scene, service, sysOf } from "../scene.ts";

const sizes = [
  [40, 12],
  [80, 24],
  [150, 44],
] as const;
const words = (text: string) => text.replace(/[│─┌┐└┘├┤┬┴\s]+/g, " ").trim();

/** What is drawn in one style, from top to bottom. */
function styled(scene: Scene, style: string): string {
  const canvas = scene.draw();
  const rows = canvas.lines().map((line, row) =>
    Array.from(line)
      .filter((_, col) => canvas.styles[row]?.[col] === style)
      .join(""),
  );
  return words(rows.join(" "));
}

describe.each(sizes)("at %ix%i", (cols, rows) => {
  test.each(tabs.map(({ id }) => id))("the help of the tab %s has room for every sentence", (tab) => {
    const scene = garden({ cols, rows });
    scene.keys(String(tabs.findIndex(({ id }) => id === tab) + 1), "?");
    for (const { does } of entriesOf(tab as Scope, false)) {
      expect(styled(scene, "selected")).toContain(does);
      scene.keys("down");
    }
  });

  test("a sentence that is longer than the message line is there to its end", () => {
    const scene = garden({ cols, rows });
    const text = "user or password refused, no user was given: --broker mqtt://user:password@host, or mqtt.username in the configuration";
    scene.act({ type: "said", text, ok: false });
    expect(styled(scene, "bad")).toContain(text);
  });

  test.each([
    ["a word that is longer than a line", "/a/b".repeat(22), 1],
    ["wide characters", "漢字".repeat(22), 2],
  ])("nor is the end of a notice lost behind %s", (_, long, width) => {
    const scene = garden({ cols, rows });
    scene.act({ type: "said", text: `cannot write ${long}: free the disk`, ok: false });
    const text = styled(scene, "bad");
    expect(text.replaceAll(" ", "")).toContain(`${long}:freethedisk`);
    for (const line of scene.draw().lines()) {
      const wide = Array.from(line).filter((char) => char >= "一" && char < "豈").length;
      expect(line.length + wide * (width - 1)).toBeLessThanOrEqual(cols);
    }
  });

  test("a notice that has no room ends with two dots", () => {
    const scene = garden({ cols, rows });
    scene.act({ type: "said", text: "word ".repeat(200), ok: false });
    expect(styled(scene, "bad")).toMatch(/wo?r?d? ?\.\.$/);
  });

  test("a dialog says which keys it has", () => {
    const scene = garden({ cols, rows });
    scene.keys("2", "!", "enter");
    expect(words(scene.draw().text())).toMatch(/\[y\] Switch off.*\[t\] Pulse.*\[Esc\] Cancel/);
    scene.keys("escape", "j", "j", "j", "i");
    expect(words(scene.draw().text())).toMatch(/\[y\] Press 120 ms.*\[h\] Hold 1 s.*\[Esc\] Cancel/);
  });

  test("without a broker the tree says why, and what to do", () => {
    const scene = new Scene({ cols, rows });
    scene.act({ type: "mqtt-wanted", server: "mqtt://127.0.0.1:1883" });
    scene.act({ type: "mqtt-offline", problem: "not authorised, no user was given: --broker mqtt://user:password@host" });
    expect(styled(scene, "dim")).toContain("no user was given: --broker mqtt://user:password@host");
  });
});

test.each(tabs.map(({ id }) => id))("the hints of the tab %s say how to leave, on a wide screen and on a narrow one", (tab) => {
  const scene = garden();
  scene.keys(String(tabs.findIndex(({ id }) => id === tab) + 1));
  for (const cols of [40, 60, 80, 99, 100, 130, 150]) {
    const hints = scene.draw(cols, 44).lines().at(-1);
    expect(hints).toMatch(/^ \? Help {1,2}\/ Filter .* q Quit$/);
    expect(hints?.length).toBeLessThanOrEqual(cols);
  }
});

test("what freezes the view says to its end how it goes on, however narrow it is", () => {
  process.env.TZ = "UTC";
  const scene = garden();
  scene.keys("z");
  for (let n = 0; n < 12_345; n += 1) scene.message("a", "x");
  const shown = (cols: number) => scene.draw(cols, 24).lines().at(-2);
  expect(shown(80)).toBe(" FROZEN at 10:46:07.000 - 12,345 newer messages held - z to resume");
  expect(shown(60)).toBe(" FROZEN at 10:46:07 - 12,345 newer held - z to resume");
  expect(shown(50)).toBe(" FROZEN 10:46:07 - 12,345 newer - z to resume");
  expect(shown(40)).toBe(" FROZEN - 12,345 newer - z to resume");
});

test("no key is named where it does nothing: the pins beside the topics cannot be armed there", () => {
  expect(garden().draw(150, 44).text()).toMatch(/─Pins - DISARMED ─/);
});

test("nothing is said to be disarmed where there is no agent yet", () => {
  const scene = garden();
  scene.state.pins.data = null;
  expect(scene.draw(150, 44).text()).toMatch(/─Pins ─+\n.* no agent/);
});

test("a long topic is cut in front, where it says least", () => {
  const scene = garden();
  const topic = "zigbee2mqtt/ground_floor/living_room/ceiling_lamp/availability";
  scene.message(topic, "online");
  scene.keys("o", "j");
  scene.state.topics.list.selected = topic;
  expect(scene.draw(80, 24).lines()[1]).toMatch(/─\.\.room\/ceiling_lamp\/availability ─+$/);
  expect(scene.draw(150, 44).lines()[1]).toMatch(/ceiling_lamp\/availability ─/);
});

describe("of what the broker had kept nobody knows how old it is", () => {
  const facts = (scene: Scene) => scene.draw(80, 24).lines()[3]?.slice(43) ?? "";
  const at = (retain: boolean) => {
    const scene = garden();
    scene.message("lamp/state", "ON", retain);
    scene.keys("o", "j");
    scene.state.topics.list.selected = "lamp/state";
    scene.pass(5000);
    return scene;
  };
  test("so its age is a least one until a live message comes", () => {
    const scene = at(true);
    expect(facts(scene)).toMatch(/^ 5s ago or earlier /);
    scene.message("lamp/state", "OFF", true);
    expect(facts(scene)).toMatch(/^ 0s ago {2}text/);
    scene.act({ type: "mqtt-offline", problem: "x" });
    scene.online();
    scene.message("lamp/state", "OFF", true);
    expect(facts(scene)).toMatch(/^ 0s ago or earlier /);
  });
  test("and a frozen screen keeps that word", () => {
    const scene = at(true);
    scene.keys("z");
    scene.message("lamp/state", "OFF", true);
    expect(facts(scene)).toMatch(/^ 5s ago or earlier /);
  });
  test("what came live has its age", () => expect(facts(at(false))).toMatch(/^ 5s ago {2}text/));
});

test("a unit that is active since yesterday has that in the words of all other times, and no word twice", () => {
  process.env.TZ = "UTC";
  const scene = garden();
  scene.keys("5", "j");
  expect(scene.draw(80, 24).text()).toContain(" failed for 4m17s, since 10:41:50\n");
  scene.act({ type: "services", data: [service("old.service", { since: ago(90_000_000) })] });
  expect(scene.draw(80, 24).text()).toMatch(/active \(running\) for 1d01h, since 2026-11-19 09:46:02\n/);
});

test("who goes to the rules reads all of each", () => {
  const scene = garden();
  const text = "door-reed double and not (tent.humidity below 40 %) -> pump-relay pulse 5 s; if the value is stale: pump-relay off";
  const rules = [{ id: "porch", text, fired: 31, last: ago(8000) }];
  scene.act({ type: "pins", data: pinsView([output("pump-relay")], { rules }) });
  scene.keys("2", "r", "+");
  expect(words(scene.draw(80, 24).text())).toContain(text);
});

test("y says how much of a long value the clipboard gets", () => {
  const scene = garden();
  scene.message("big", "x".repeat(20_000));
  scene.keys("o", "j");
  scene.state.topics.list.selected = "big";
  scene.keys("y");
  expect(scene.state.notice?.text).toMatch(/^the first 8\.2 k of 20 k copied at /);
  scene.state.topics.list.selected = "site/heartbeat";
  scene.keys("y");
  expect(scene.state.notice?.text).toMatch(/^copied at /);
});

describe("on a large screen the whole Pi stands beside the topics", () => {
  const side = (scene: Scene, cols = 150, rows = 44) =>
    scene
      .draw(cols, rows)
      .lines()
      .map((line) => line.slice(cols - 39))
      .join("\n");
  test("its machine, broker and units, what has failed first", () => {
    const scene = sysOf(garden());
    scene.act({ type: "host", data: hostView() });
    expect(`\n${side(scene)}`).toMatchInlineSnapshot(`
      "
                                   gh-01 LIVE
      ─Pins - DISARMED ──────────────────────
       pump-relay     17 out ON       13m09s
       gate           24 out PULSE    25s
       fan            27 out unknown  --
       door-reed      22 in  1 active 33s
       btn-reset       4 in  0        4d00h










      ─Host ─────────────────────────────────
       CPU  -
       Temp 51.3 C
       Mem  211 M of 427 M  swap 12 M of 99 M
       Disk 61 %  writes -
       Net  wlan0  -61 dBm  rx -  tx -
      !Pwr
      ─Broker ───────────────────────────────
       clients 18  subs 71
       in 398.7/s  out 806.3/s  drop 0.0/s
                                           █
      ─Units - failed 1 ─────────────────────
      !zigbee2mqtt          failed    4m37s
      !nope                 no such unit
       pinbus               running   3d02h
      ───────────────────────────────────────




      ───────────────────────────────────────





      mmand  y Copy  q Quit"
    `);
  });
  test("which the agent pushes while they are shown", () => {
    const scene = garden();
    const watched = (cols: number, rows: number, ...keys: string[]) => {
      scene.effects.length = 0;
      scene.act({ type: "resize", cols, rows });
      scene.keys(...keys);
      return scene.effects.flatMap((effect) => (effect.type === "watch" ? [effect.views.join(" ")] : []));
    };
    expect(watched(150, 44)).toEqual(["pins host services"]);
    expect(watched(150, 44)).toEqual([]);
    expect(watched(150, 44, "2", "1")).toEqual(["pins", "pins host services"]);
    expect(watched(80, 24)).toEqual(["pins"]);
  });
  test("and says why it does not", () => {
    const scene = garden();
    expect(side(scene)).toMatch(/─Host ─+\n asking the agent/);
    scene.act({ type: "host", data: hostView() });
    scene.act({ type: "agent-offline", problem: "gone" });
    scene.pass(12_000);
    for (const pane of ["Pins", "Host", "Units"]) expect(side(scene)).toContain(`─${pane} - STALE 12s, no agent ─`);
    const { styles } = scene.draw(150, 44);
    const pinbus = scene
      .draw(150, 44)
      .lines()
      .findLastIndex((line) => line.includes("pinbus               running"));
    expect(styles[pinbus]?.[112]).toBe("warn");
  });
  test("and a long reason leaves room for the others", () => {
    const scene = garden();
    scene.act({ type: "host", data: hostView() });
    scene.act({ type: "mqtt-offline", problem: "no luck ".repeat(100) });
    const text = side(scene);
    expect(text).toMatch(/─Pins.*\n pump-relay [\s\S]*(no|luck)\.\.\n/);
    expect(text).toContain("pinbus               running");
  });
  test("on a lower one the pins alone", () => expect(side(garden(), 150, 30)).not.toContain("Host"));
});

test("a title that has no room ends with two dots, and the causes say at least a word", () => {
  const scene = garden({ cols: 40, rows: 12 });
  scene.keys("6");
  expect(scene.draw().lines()[1]).toMatch(/^─\[Packet trace .*\.\.\] ─$/);
  scene.keys("2");
  const lines = scene.draw().lines();
  expect(lines[1]).toMatch(/^─\[Pins - DISARMED \(! arms 60 s\)\] ─+$/);
  expect(lines[3]).toMatch(/^> pump-relay +ON +12m49s +cmd mqtt$/);
  scene.keys("W");
  expect(scene.draw().lines()[1]).toMatch(/^─\[Why pump-relay \(h l other pins\)\] ─*$/);
});

describe("where topics begin alike their ends stay", () => {
  test("in the stream of a branch", () => {
    const scene = garden({ cols: 80, rows: 24 });
    for (const n of [1, 2]) scene.message(`zigbee2mqtt/ground_floor/lamp_${n}/state`, "ON");
    scene.keys("j");
    scene.state.topics.list.selected = "zigbee2mqtt";
    const text = scene.draw().text();
    expect(text).toMatch(/ \.\.\S*lamp_2\/state ON$/m);
    expect(text).toMatch(/ \.\.\S*lamp_1\/state ON$/m);
  });
  test("in the trace", () => {
    const scene = garden({ cols: 40, rows: 12 });
    scene.keys("6");
    const packet = { at: ago(0), direction: "sent" as const, type: "PUBLISH", qos: 0 as const, size: 2 };
    scene.act({
      type: "trace",
      entries: [1, 2].map((number) => ({ ...packet, number, topic: `pinbus/gh-01/$SYS/host/load/${number}min` })),
    });
    expect(scene.draw().text()).toMatch(/ \.\.\S*load\/1min$/m);
  });
});

test("the server is named once where it cannot be reached", () => {
  const scene = new Scene({ cols: 150, rows: 44 });
  scene.act({ type: "mqtt-wanted", server: "mqtt://127.0.0.1:1883" });
  scene.act({ type: "mqtt-offline", problem: "mqtt://127.0.0.1:1883: connect ECONNREFUSED" });
  scene.keys("3");
  expect(scene.draw().text()).toContain(" not connected to mqtt://127.0.0.1:1883: connect ECONNREFUSED");
});

test("with --read-only a key that changes something says why it does not", () => {
  const scene = garden({ readOnly: true });
  for (const keys of ["1p", "1D", "2!", "2i"]) {
    scene.state.notice = null;
    expect(scene.keys(...keys)).toEqual([]);
    expect(scene.state.notice).toMatchObject({ text: "this terminal may only look (--read-only): that key changes something" });
  }
  scene.state.notice = null;
  scene.keys("1", "Q");
  expect(scene.state.notice).toBeNull();
});

test("however full a title is, it says that a file is written", () => {
  const scene = garden({ cols: 80, rows: 24 });
  scene.act({ type: "message-file", path: "/tmp/messages.jsonl" });
  for (let n = 0; n < 1000; n += 1) scene.message(`many/${n}`, "x");
  scene.keys("s");
  scene.pass(1000);
  expect(scene.draw().lines()[1]).toMatch(/^─\[Topics 1,007 - REC 1,000 - by rate/);
  scene.keys("6");
  scene.act({ type: "recording", path: "/tmp/packets.jsonl" });
  scene.act({ type: "agent-offline", problem: "gone" });
  const packet = { at: ago(0), direction: "sent" as const, type: "PINGREQ" };
  scene.act({ type: "trace", entries: [{ ...packet, number: 1 }] });
  expect(scene.draw(60, 24).lines()[1]).toMatch(/ - REC 1 - /);
});
