/** The Raspberry Pi's header lines that are free for use: 2 to 27, and the second bank. */
const lines = Array.from({ length: 56 }, (_, index) => index + 2);

/**
 * Inputs in-0 …, outputs out-0 …, rules from the first inputs to the first outputs, on the simulated board. The last `interlocked` outputs are of the
 * interlock `gate`; `more` are further sections.
 */
export function agentConfig({
  folder,
  port,
  node,
  inputs = 20,
  outputs = 20,
  rules = 10,
  interlocked = 0,
  more = "",
  protocol = "5",
  level = "info",
}) {
  const free = lines.filter((line) => line < 28 || line > 29);
  const map = (count, entry) => (count === 0 ? " {}" : `\n${Array.from({ length: count }, (_, index) => `  ${entry(index)}`).join("\n")}`);
  return `node: ${node}
prefix: bench
gpio: { driver: sim, board: pi4 }
state_dir: ${folder}/state-${node}
control: { socket: ${folder}/${node}.sock, view: ${folder}/${node}-view.sock }
mqtt: { server: 127.0.0.1, port: ${port}, protocol: "${protocol}" }
inputs:${map(inputs, (index) => `in-${index}: { line: GPIO${free[index]} }`)}
outputs:${map(outputs, (index) => `out-${index}: { line: GPIO${free[inputs + index]}${index < outputs - interlocked ? "" : ", interlock: gate"} }`)}
rules:${map(rules, (index) => `rule-${index}: { when: { input: in-${index}, gesture: press }, do: [{ output: out-${index}, set: toggle }] }`)}
${interlocked > 0 ? "interlocks: { gate: {} }\n" : ""}${more}log: { level: ${level}, format: text }
`;
}
