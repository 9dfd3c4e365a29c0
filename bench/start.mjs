import { spawn } from "node:child_process";
import { once } from "node:events";
import { startBroker } from "./broker.mjs";
import { goal, median, short } from "./figures.mjs";
import { echoC, echoJs, nodeRed, observe, pinbus, plainEnvironment, start } from "./programs.mjs";

/** Process start → retained `online` at the broker, as an observer sees it. */
export async function run({ rounds, folder, log }) {
  const broker = await startBroker(folder);
  const observer = await observe(broker.port);
  const programs = [pinbus(), echoJs, echoC, nodeRed()].filter(Boolean);
  const times = new Map(programs.map((program) => [program, []]));
  const bare = [];
  try {
    // One round more: the first reads everything from the disk.
    for (let round = 0; round <= rounds; round++) {
      for (const [index, program] of programs.entries()) {
        const running = await start(program, { folder, port: broker.port, node: `start-${index}`, observer });
        await running.stop();
        if (round > 0) times.get(program).push(running.ms);
      }
      const began = performance.now();
      await once(spawn(process.execPath, ["-e", "0"], { env: plainEnvironment() }), "exit");
      if (round > 0) bare.push(performance.now() - began);
      log(`round ${round} of ${rounds}`);
    }
  } finally {
    await observer.close();
    await broker.stop();
  }
  const figure = (program) => median(times.get(program));
  const [own, js] = programs;
  const red = programs[3];
  return {
    title: "Start: process start → retained `online` at the broker",
    columns: ["", "ms", "fastest", "slowest", "× MQTT.js echo"],
    rows: [
      ...programs.map((program) => [
        `${program.name} ${program.version}`,
        short(figure(program)),
        short(Math.min(...times.get(program))),
        short(Math.max(...times.get(program))),
        short(figure(program) / figure(js)),
      ]),
      [
        "bare `node -e 0`, start to exit",
        short(median(bare)),
        short(Math.min(...bare)),
        short(Math.max(...bare)),
        short(median(bare) / figure(js)),
      ],
    ],
    goals: [
      goal("start ÷ MQTT.js echo", figure(own) / figure(js), { most: 0.9 }),
      ...(red ? [goal("start ÷ Node-RED", figure(own) / figure(red), { most: 0.2 })] : []),
    ],
  };
}
