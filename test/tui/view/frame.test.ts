import { beforeAll, describe, expect, test } from "vitest";
import { linkState } from "../../../tui/view/header.ts";
import { garden, input, noon, output, pinsView, Scene, status } from "../scene.ts";

beforeAll(() => {
  // The clocks on the screen are those of the person's own time zone.
  process.env.TZ = "UTC";
});

const facts = { kind: "mqtt", source: "mqtt", id: null, chain: [] };
const changes = [
  { at: new Date(noon - 5000).toISOString(), state: "ON" as const, cause: "cmd mqtt 4f2", detail: null, ...facts, text: "ON", until: null },
  {
    at: new Date(noon - 9000).toISOString(),
    state: "REFUSED" as const,
    cause: "cmd mqtt",
    detail: "retained",
    ...facts,
    text: "REFUSED",
    until: null,
  },
];

test("Topics at 80x24: tree, value and history", () => {
  const scene = garden();
  scene.keys("o", "/", ..."climate", "enter", "n", "escape");
  expect(`\n${scene.draw(80, 24).text()}`).toMatchInlineSnapshot(`
    "
    [1 Topics] 2 Pins  3 Broker  4 Host  5 Services  6 Trace  7 Fleet     gh-01 LIVE
    ─[Topics 7 - 0 msg/s] ────────────────────┬─plant/room1/climate ────────────────
    v plant                                (5)│ q0  20 B  every 1.0 s  n=5
      v room1                              (4)│ 1s ago  JSON
    >     climate         {"t":21.4,"rh":48.2}│ {
          door                        R closed│   "t": 21.4,             <- charted
          raw                     hex ff000102│   "rh": 48.2
          relay1                          "ON"│ }
      v room2                              (1)│
          climate                           19│
    v site                                 (1)│
        heartbeat                            1│
    v $SYS                                 (1)│─t - 21.0..21.4 - last 4s ───────────
      v broker                             (1)│ ▁▁▁▁▁▁▁▁▁▃▃▃▃▃▃▃▃▅▅▅▅▅▅▅▅▅▆▆▆▆▆▆▆▆█
          uptime                    12 seconds│─History 5 kept ─────────────────────
                                              │ 10:46:06.000    {"t":21.4,"rh":48.2}
                                              │ 10:46:05.000    {"t":21.3,"rh":48.2}
                                              │ 10:46:04.000    {"t":21.2,"rh":48.2}
                                              │ 10:46:03.000    {"t":21.1,"rh":48.2}
                                              │ 10:46:02.000 R  {"t":21.0,"rh":48.2}
                                              │
                                              │

     ? Help / Filter Space Fold p Publish d Diff/hex D Clear-retained W Why q Quit"
  `);
});

test("Topics at 40x12: one pane", () => {
  const scene = garden();
  scene.keys("o");
  expect(`\n${scene.draw(40, 12).text()}`).toMatchInlineSnapshot(`
    "
    [1 Topics] 2 3 4 5 6 7        gh-01 LIVE
    ─[Topics 7 - 0 msg/s] ──────────────────
    v plant                              (5)
      v room1                            (4)
          climate       {"t":21.4,"rh":48.2}
          door                      R closed
          raw                   hex ff000102
          relay1                        "ON"
      v room2                            (1)
          climate                         19

     ? Help / Filter Space Fold W Why q Quit"
  `);
});

test("Topics at 150x44: the pins stand beside them", () => {
  const scene = garden();
  scene.keys("o");
  const lines = scene.draw(150, 44).lines();
  expect(`\n${[...lines.slice(0, 14), ...lines.slice(-2)].join("\n")}`).toMatchInlineSnapshot(`
    "
    [1 Topics] 2 Pins  3 Broker  4 Host  5 Services  6 Trace  7 Fleet                                                                           gh-01 LIVE
    ─[Topics 7 - 0 msg/s] ────────────────────────────┬─plant ────────────────────────────────────────────────────┬─Pins - DISARMED ──────────────────────
    v plant                                        (5)│ 5 topics below, no value here                             │ pump-relay     17 out ON       12m49s
      v room1                                      (4)│                                                           │ gate           24 out PULSE    5s
          climate                 {"t":21.4,"rh":48.2}│─Stream 9 kept - FOLLOW ───────────────────────────────────│ fan            27 out unknown  --
          door                                R closed│ TIME         R  Q   SIZE  TOPIC              PAYLOAD      │ door-reed      22 in  1 active 13s
          raw                             hex ff000102│ 10:46:07.000    0      2  room2/climate      19           │ btn-reset       4 in  0        4d00h
          relay1                                  "ON"│ 10:46:07.000    0      4  room1/raw          hex ff000102 │
      v room2                                      (1)│ 10:46:07.000    0      4  room1/relay1       "ON"         │
          climate                                   19│ 10:46:07.000 R  1      6  room1/door         closed       │
    v site                                         (1)│ 10:46:06.000    0     20  room1/climate      {"t":21.4,"rh│
        heartbeat                                    1│ 10:46:05.000    0     20  room1/climate      {"t":21.3,"rh│
    v $SYS                                         (1)│ 10:46:04.000    0     20  room1/climate      {"t":21.2,"rh│
      v broker                                     (1)│ 10:46:03.000    0     20  room1/climate      {"t":21.1,"rh│

     ? Help  / Filter  Space Fold  p Publish  d Diff/hex  D Clear-retained  W Why  z Freeze  Tab Pane  + Zoom  : Command  y Copy  q Quit"
  `);
});

test("Pins at 80x24: states, why, rules", () => {
  const scene = garden();
  scene.keys("2");
  scene.act({ type: "why", output: "pump-relay", changes });
  expect(`\n${scene.draw(80, 24).text()}`).toMatchInlineSnapshot(`
    "
     1 Topics [2 Pins] 3 Broker  4 Host  5 Services  6 Trace  7 Fleet     gh-01 LIVE
    ─[Pins pinctrl-bcm2835 SIMULATED - 0 edges/s - DISARMED (! arms 60 s)] ─────────
      NAME        LINE DIR BIAS STATE     SINCE   WAVE (30 s)       CAUSE
    > pump-relay    17 out -    ON        12m49s  ----------------  cmd mqtt 4f2
      gate          24 out -    PULSE     5s                   ---  cli 0s left
    ! fan           27 out -    unknown   --                        ! GPIO27 is held
      door-reed     22 in  up   1 active  13s              -------  press !38
      btn-reset      4 in  up   0         4d00h   ________________  -





    ─Why pump-relay (h l other pins) - 2 changes since 10:45:53 ────────────────────
     ON since 10:33:18 (12m49s) by cmd mqtt 4f2
     GPIO17 (header pin 11)  active high
     10:45:53 REFUSED



    ─Rules 1 ───────────────────────────────────────────────────────────────────────
      porch  on   last fired 13s ago    fired 31      door-reed press -> pump-relay

     ? Help / Filter Enter Switch ! Arm i Inject e Edges r Rules b Board q Quit"
  `);
});

test("Pins at 40x12: the table alone, W brings the causes", () => {
  const scene = garden();
  scene.keys("2");
  expect(`\n${scene.draw(40, 12).text()}`).toMatchInlineSnapshot(`
    "
    1 [2 Pins] 3 4 5 6 7          gh-01 LIVE
    ─[Pins - DISARMED (! arms 60 s)] ───────
      NAME       STATE     SINCE   CAUSE
    > pump-relay ON        12m49s  cmd mqtt
      gate       PULSE     5s      cli 0s
    ! fan        unknown   --      ! GPIO27
      door-reed  1 active  13s     press !38
      btn-reset  0         4d00h   -



     ? Help / Filter Enter Switch q Quit"
  `);
  scene.keys("W");
  scene.act({ type: "why", output: "pump-relay", changes });
  expect(`\n${scene.draw(40, 12).text()}`).toMatchInlineSnapshot(`
    "
    1 [2 Pins] 3 4 5 6 7          gh-01 LIVE
    ─[Why pump-relay (h l other pins)] ─────
     ON since 10:33:18 (12m49s) by cmd mqtt
       4f2
     GPIO17 (header pin 11)  active high
     10:45:53 REFUSED





     ? Help / Filter Enter Switch q Quit"
  `);
});

test("the switch dialog says what will be", () => {
  const scene = garden();
  scene.keys("2", "!", "enter");
  const lines = scene.draw(80, 24).lines();
  expect(`\n${lines.slice(1, 17).join("\n")}\n${lines[23]}`).toMatchInlineSnapshot(`
    "
    ─[Pins pinctrl-bcm2835 SIMULATED - 5 used - 0 edges/s - ARMED 60 s] ────────────
      NAME        LINE DIR BIAS STATE     SINCE   WAVE (30 s)       CAUSE
    > pump-relay    17 out -    ON        12m49s  ----------------  cmd mqtt 4f2
      gate          24 out -    PULSE     5s                   ---  cli 0s left
    ! fan           27 out -    unknown   --                        ! GPIO27 is held
      door-reed     22 in  up   1 active  13s              -------  press !38
      btn-reset      4 in  up   0         4d00h   ________________  -
          ┬Switch output ────────────────────────────────────────────────────┬
          │ pump-relay   GPIO17 (header pin 11)   ON -> OFF                  │
          │ Now ON for 12m49s by cmd mqtt 4f2                                │
          │ Armed: 60 s left                                                 │
          │                                                                  │
    ─Why p│ [y] Switch off     [t] Pulse     [Esc] Cancel                    │──────
     ON si│──────────────────────────────────────────────────────────────────│
     GPIO17 (header pin 11)  active high
     asking for the causes
     y Yes  t Pulse  Esc Cancel"
  `);
});

test("Services at 80x24: state, problems, details", () => {
  const scene = garden();
  scene.keys("5", "j");
  expect(`\n${scene.draw(80, 24).text()}`).toMatchInlineSnapshot(`
    "
     1 Topics  2 Pins  3 Broker  4 Host [5 Services] 6 Trace  7 Fleet     gh-01 LIVE
    ─[Units 3 - failed 1] ──────────────────────────────────────────────────────────
      UNIT                     ACTIVE    SUB       SINCE       CPU    MEM  RESTARTS
      pinbus.service           active    running   3d02h         -   58 M         0
    ! zigbee2mqtt.service      failed    failed    4m17s         -      -         5
    ! nope.service             no such unit
    ─zigbee2mqtt.service ───────────────────────────────────────────────────────────
     failed for 4m17s, since 10:41:50
     no main process  restarts 5  memory not known
     actions: none in the configuration (control: under services:)
    ─Journal zigbee2mqtt.service - FOLLOW - prio<=debug - 0 lines ──────────────────
     asking the agent











     ? Help / Filter Enter Actions F Follow w Wrap t Time P Prio v Pager q Quit"
  `);
});

test("help lists the keys of the tab and filters as one types", () => {
  const scene = garden();
  scene.keys("2", "?", ..."arm");
  const lines = scene.draw(80, 24).lines();
  expect(`\n${lines.slice(8, 14).join("\n")}`).toMatchInlineSnapshot(`
    "

        ┬Help ─────────────────────────────────────────────────────────────────┬
        │ ? arm_                                                               │
        │ > !              pins     Arm the outputs for 60 s, or disarm them   │
        │──────────────────────────────────────────────────────────────────────│
    ─Why pump-relay (h l other pins) ───────────────────────────────────────────────"
  `);
});

test("the publish dialog shows field, QoS, retain and what the payload is", () => {
  const scene = garden();
  scene.keys("p", "C-u", ..."a/b", "tab", ...'{"x":1}', "tab", "space");
  expect(`\n${scene.draw(80, 24).lines().slice(6, 16).join("\n")}`).toMatchInlineSnapshot(`
    "
                                              │ 10:46:07 room1/raw       hex ff00010
        ┬Publish ──────────────────────────────────────────────────────────────┬
        │  Topic   a/b                                                         │
        │ >QoS  0 (1) 2       Retain [ ]                                       │.4,"
        │  Payload (text) json  hex                            valid JSON, 7 B │.3,"
        │  {"x":1}                                                             │.2,"
        │                                                                      │.1,"
        │                                                                      │.0,"
        │ Ctrl-S Send  Ctrl-R History  Ctrl-O Presets  Ctrl-T Keep  Esc Cancel │
        │──────────────────────────────────────────────────────────────────────│"
  `);
});

test("below 40x12 there is one line", () => {
  const scene = garden();
  expect(scene.draw(39, 12).text().trimEnd()).toBe("39x12 is too small, 40x12 is needed");
  expect(scene.draw(60, 11).text().trimEnd()).toBe("terminal too small: 60x11, 40x12 is needed");
});

describe("the header names the link that is down", () => {
  const at = (prepare: (scene: Scene) => void) => {
    const scene = new Scene({ agent: true });
    prepare(scene);
    scene.now += 12_000;
    return linkState(scene.state, scene.now).text;
  };
  test.each<[string, (scene: Scene) => void]>([
    ["LIVE", (scene) => scene.online().attach()],
    ["MQTT LOST 12s", (scene) => scene.online().attach().act({ type: "mqtt-offline", problem: "x" })],
    ["AGENT LOST 12s", (scene) => scene.online().attach().act({ type: "agent-offline", problem: "x" })],
    ["MQTT ONLY", (scene) => scene.online().act({ type: "agent-offline", problem: "x", absent: true })],
    ["AGENT ONLY", (scene) => scene.attach()],
    ["OFFLINE 12s", (scene) => scene.act({ type: "agent-offline", problem: "x" })],
    [
      "AGENT LOST 41d",
      (scene) => {
        scene.online().attach().act({ type: "agent-offline", problem: "x" });
        scene.now += 41 * 86_400_000;
      },
    ],
    [
      "OFFLINE 12s",
      (scene) => {
        scene.online().attach();
        scene.act({ type: "mqtt-offline", problem: "x" });
        scene.act({ type: "agent-offline", problem: "x" });
      },
    ],
  ])("%s", (text, prepare) => {
    expect(at(prepare)).toBe(text);
    expect(text.length).toBeLessThanOrEqual(14);
  });
});

describe("beside the node, where there is room", () => {
  const header = (cols: number, sshMs: number | null, perSecond: number | null) => {
    const scene = garden();
    scene.act({ type: "tick", screen: { sshMs, perSecond } });
    return scene.draw(cols, 44).lines()[0]?.slice(69);
  };
  test.each([
    [150, 40.6, 9.8, / gh-01 {2}ssh 41 ms {2}10 fps {2}LIVE$/],
    [100, 40.6, 9.8, / gh-01 {2}ssh 41 ms {2}10 fps {2}LIVE$/],
    [96, 40.6, 9.8, / gh-01 {2}ssh 41 ms {2}LIVE$/],
    [80, 40.6, 9.8, /^ +gh-01 LIVE$/],
    [150, null, 1, /^ +gh-01 {2}1 fps {2}LIVE$/],
    [150, null, null, /^ +gh-01 LIVE$/],
  ])("at %i columns with %d ms and %d frames", (cols, sshMs, perSecond, shown) => {
    expect(header(cols, sshMs, perSecond)).toMatch(shown);
  });
});

test("the longest state of a link fits beside the tabs at 80 columns", () => {
  const scene = garden();
  scene.act({ type: "agent-offline", problem: "gone" });
  scene.pass(12_000);
  expect(scene.draw(80, 24).lines()[0]).toMatch(/ 7 Fleet AGENT LOST 12s$/);
});

test("what is not well with the agent stands in the message line", () => {
  const scene = garden();
  scene.act({ type: "status", status: status({ health: "failing", problems: ["port 1883 is held by mosquitto"] }) });
  expect(scene.draw().lines()[22]).toBe(" ! port 1883 is held by mosquitto");
});

test("values of a lost link stay and are called stale", () => {
  const scene = garden();
  scene.keys("/", ..."door", "enter", "n");
  scene.act({ type: "mqtt-offline", problem: "mqtt://127.0.0.1:1883: connect ECONNREFUSED" });
  scene.pass(60_000);
  const text = scene.draw().text();
  expect(text).toContain("R closed 1m00s stale");
  expect(text).toContain("stale, disconnected");
  scene.keys("2");
  scene.act({ type: "agent-offline", problem: "gone" });
  expect(scene.draw().text()).toContain("STALE 0s, no agent");
});

test("topics beyond the bound are said to be missing", () => {
  const scene = garden();
  for (let n = 0; n < 20_010; n += 1) scene.message(`flood/${n}`, "x");
  expect(scene.draw(80, 24).lines()[1]).toContain("17 not shown");
});

test("a frozen screen does not change while messages keep arriving, but for their number", () => {
  const scene = garden();
  scene.keys("o", "z");
  const before = scene.draw().lines();
  for (let n = 0; n < 100; n += 1) scene.message("plant/room1/climate", `changed ${n}`);
  scene.message("new/topic", "1");
  scene.now += 5000;
  const after = scene.draw().lines();
  const [held = "", ...rest] = after.slice(4, 22);
  expect([...after.slice(2, 4), ...rest]).toEqual([...before.slice(2, 4), ...before.slice(5, 22)]);
  expect(held).toContain("Stream 9 kept - 100 held - FROZEN");
  expect(after[22]).toBe(" FROZEN at 10:46:07.000 - 101 newer messages held - z to resume");
});

test("a locked output says so beside its level", () => {
  const scene = garden();
  scene.keys("2");
  scene.act({ type: "pins", data: pinsView([output("gate", { locked: true }), output("fan", { locked: true, state: "OFF" })]) });
  const lines = scene.draw().lines();
  expect(lines[3]).toMatch(/ ON LOCK /);
  expect(lines[4]).toMatch(/ off LOCK /);
});

test("a running pulse shows what is left of it, an unknown state no level", () => {
  const scene = garden();
  scene.keys("2");
  const until = new Date(scene.now + 2500).toISOString();
  const at = new Date(scene.now).toISOString();
  const pins = [output("gate", { pulsing: true, cause: "cli", until }), output("fan", { state: "UNKNOWN", since: null, cause: "-" })];
  scene.act({ type: "pins", data: pinsView(pins, { at }) });
  const lines = scene.draw().lines();
  expect(lines[3]).toMatch(/PULSE .* cli 2s left$/);
  expect(lines[4]).toMatch(/unknown {3}-- /);
});

test("hostile names and payloads reach the canvas only as text of one cell row", () => {
  const scene = garden();
  scene.message("evil\u001b]0;x\u0007/\u009b2J", "\u001b[2J");
  scene.keys("o");
  // What is put is handed on as it is: making cells of it is the shell's part, and line feeds never move a row.
  for (const line of scene.draw().lines()) expect(line).not.toContain("\n");
});

test("Pins: an input whose contact bounces too long says what to change", () => {
  const scene = new Scene().attach();
  const pins = [
    input("porch", { gesture: "hold_end", glitches: 3, bounce_ms: 40, advice: "bounces 40 ms, set debounce 50ms" }),
    input("bell", { bounce_ms: 3.2 }),
  ];
  scene.act({ type: "pins", data: pinsView(pins) });
  scene.keys("2");
  for (const [cols, cause] of [
    [140, "hold_end ! bounces"],
    [80, "hold_end !3"],
  ] as const) {
    const lines = scene.draw(cols, 24).text().split("\n");
    expect(lines.find((line) => line.startsWith("> porch"))?.trimEnd()).toMatch(new RegExp(`${cause}$`));
    expect(lines).toContainEqual(expect.stringMatching(/^ bounces 40 ms, set debounce 50ms *(│.*)?$/));
  }
  scene.keys("down");
  expect(scene.draw(120, 24).text()).toContain("longest bounce 4 ms");
});

test("Pins: a counter shows its total and its rate, and what it has lost; an encoder its position", () => {
  const scene = new Scene().attach();
  const meter = { total: 12.345, unit: "kWh", rate: 0.42, rate_unit: "kWh/h", pulses: 12_345, lost: 0 };
  const knob = { total: -3, unit: null, rate: null, rate_unit: null, pulses: -3, lost: 2 };
  const unknown = { state: "UNKNOWN", since: null } as const;
  scene.act({
    type: "pins",
    data: pinsView([input("meter", { ...unknown, counter: meter }), input("knob", { ...unknown, counter: knob, gesture: "left" })]),
  });
  scene.keys("2");
  const lines = scene.draw(80, 24).text().split("\n");
  expect(lines.find((line) => line.startsWith("> meter"))).toMatch(/ 12\.345 .* 0\.42 kWh\/h *$/);
  expect(lines.find((line) => line.startsWith("  knob"))).toMatch(/ -3 .* left ! 2 lost *$/);
  expect(lines).toContainEqual(expect.stringMatching(/^ 12\.345 kWh {2}GPIO22/));
  expect(lines).toContainEqual(expect.stringMatching(/^ 12\D?345 counted {3}0\.42 kWh\/h {3}lost and not counted 0/));
});
