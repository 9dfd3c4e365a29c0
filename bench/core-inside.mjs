// usage: node --expose-gc --min-semi-space-size=512 --max-semi-space-size=512 core-inside.mjs SIZE; prints one JSON line

import { planOf } from "../dist/agent/core/plan.js";
import { reduce } from "../dist/agent/core/reduce.js";
import { newState } from "../dist/agent/core/state.js";
import { loadConfig } from "../dist/config/load.js";

const size = Number(process.argv[2]);
const text = `
node: core
mqtt: { server: 127.0.0.1 }
inputs: { in-0: { line: 2 } }
outputs: { out-0: { line: 3 } }
rules: { rule-0: { when: { input: in-0, gesture: press }, do: [{ output: out-0, set: toggle }] } }
`;
const loaded = loadConfig({ text, file: "core.yaml", env: {}, args: {}, host: { hostname: "core", machineId: "" } });
if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
const { config } = loaded;
// No board has a thousand lines and no configuration file may be so long: the one of each is repeated here.
const repeat = (name, entry) => Object.fromEntries(Array.from({ length: size }, (_, index) => [`${name}-${index}`, entry(index)]));
const [input, output, rule] = [config.inputs["in-0"], config.outputs["out-0"], config.rules["rule-0"]];
config.inputs = repeat("in", () => input);
config.outputs = repeat("out", () => output);
config.rules = repeat("rule", (index) => ({
  ...rule,
  when: rule.when.map((when) => ({ ...when, input: `in-${index}` })),
  do: rule.do.map((action) => ({ ...action, output: `out-${index}` })),
}));

const plan = planOf(config);
const state = newState(plan, () => 1);
let at = 1_000_000;
for (let index = 0; index < size; index++) {
  reduce(plan, state, { type: "level-read", input: index, active: false, at, why: "start" });
  reduce(plan, state, { type: "output-opened", output: index, active: false, at, why: "start" });
}

/** What the shell would do with the effects: the write succeeds and is observed. Returns the number of events. */
function turn(event) {
  let events = 1;
  for (const effect of reduce(plan, state, event)) {
    if (effect.type !== "setOutput") continue;
    const { output, active, request } = effect;
    reduce(plan, state, { type: "output-written", output, active, request, at: event.at });
    events++;
  }
  return events;
}

function press(index) {
  const { settleKey } = plan.inputs[index];
  at += 50;
  let events = turn({ type: "edge", input: index, edge: "rising", at });
  at += 20;
  events += turn({ type: "timer-due", key: settleKey, at });
  at += 100;
  events += turn({ type: "edge", input: index, edge: "falling", at });
  at += 20;
  return events + turn({ type: "timer-due", key: settleKey, at });
}

function bounce(index) {
  at += 0.05;
  return turn({ type: "edge", input: 0, edge: index % 2 === 0 ? "rising" : "falling", at });
}

function command(index) {
  at += 1;
  return turn({
    type: "command-received",
    output: index,
    payload: "TOGGLE",
    retain: false,
    responseTopic: null,
    correlationData: null,
    at,
  });
}

/** Each for about a second of warmed-up work: `perSecond` and bytes allocated an event. */
function measure(work) {
  const loop = (steps) => {
    let events = 0;
    for (let step = 0, index = 0; step < steps; step++, index = index + 1 === size ? 0 : index + 1) events += work(index);
    return events;
  };
  loop(100_000);
  // Few enough that the young generation, 512 MB, is not collected in between.
  globalThis.gc();
  const heap = process.memoryUsage().heapUsed;
  const counted = loop(20_000);
  const garbage = (process.memoryUsage().heapUsed - heap) / counted;
  // Seconds of CPU, not of the clock: other programs on the machine do not count.
  const cpu = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  };
  const began = cpu();
  let events = 0;
  while (cpu() - began < 1) events += loop(10_000);
  return { perSecond: events / (cpu() - began), garbage };
}

const presses = measure(press);
const bounces = measure(bounce);
const commands = measure(command);
process.stdout.write(
  `${JSON.stringify({
    press: presses.perSecond,
    garbage: presses.garbage,
    bounce: bounces.perSecond,
    bounceGarbage: bounces.garbage,
    command: commands.perSecond,
    commandGarbage: commands.garbage,
  })}\n`,
);
