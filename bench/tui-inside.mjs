// node bench/tui-inside.mjs none PORT: receives what `pinbus tui` receives and keeps what it keeps, but shows only a line a second.
// node bench/tui-inside.mjs none|screen - TOPICS RATE WARM: the same with messages that are made in the process itself, for WARM seconds twice as many;
// with `screen` it shows them.
import { Watcher } from "../dist/tui/client/watcher.js";
import { createState } from "../dist/tui/model.js";
import { openTerminal } from "../dist/tui/shell/terminal.js";
import { update } from "../dist/tui/update.js";
import { drawFrame } from "../dist/tui/view/frame.js";
import { payloadOf, topicOf } from "./tui-topics.mjs";

const [shown, port, topics, rate, warm] = process.argv.slice(2);
const state = createState({ cols: 80, rows: 24, now: Date.now(), mqtt: true });
let terminal;
const act = (action, urgent = false) => {
  const effects = update(state, action, Date.now());
  terminal?.request(urgent);
  if (effects.some(({ type }) => type === "quit")) process.exit(0);
};
const message = (topic, payload, retain, qos) => act({ type: "message", topic, payload, retain, qos });
const on = { online: () => {}, offline: () => {}, granted: () => {}, refused: () => {}, rtt: () => {}, message };

act({ type: "mqtt-wanted", server: "inside" });
act({ type: "mqtt-online", version: "5" });
if (shown === "screen") showIt();
setInterval(() => {
  act({ type: "tick" });
  if (!terminal) process.stdout.write(`\r${state.topics.store.topics} topics - ${Math.round(state.topics.rate)} msg/s   `);
}, 1000);
if (port === "-") makeMessages();
else new Watcher({ filters: ["#", "$SYS/#"], on }).use({ host: "127.0.0.1", port: Number(port), via: "mqtt" });

function showIt() {
  const other = { onPaste() {}, onFocus() {}, onEnd() {} };
  terminal = openTerminal({
    env: process.env,
    draw: (canvas) => drawFrame(state, canvas, Date.now()),
    onKey: ({ name, text }) => act({ type: "key", key: name, text }, true),
    onResize: () => act({ type: "resize", cols: terminal.cols, rows: terminal.rows }, true),
    ...other,
  });
  act({ type: "resize", cols: terminal.cols, rows: terminal.rows });
}

function makeMessages() {
  const names = Array.from({ length: Number(topics) }, (_, index) => topicOf(index));
  const began = performance.now();
  let sent = 0;
  setInterval(() => {
    const passed = (performance.now() - began) / 1000;
    const due = (passed + Math.min(passed, warm)) * rate;
    for (; sent < due; sent++) message(names[sent % names.length], Buffer.from(payloadOf(sent)), false, 0);
  }, 10);
}
