import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAsync } from "mqtt";
import { maxCountedHidden } from "../dist/tui/hidden.js";
import { startBroker } from "./broker.mjs";
import { agentMain } from "./compiled.mjs";
import { probed } from "./probed.mjs";
import { pause } from "./process.mjs";
import { openTerminal } from "./terminal.mjs";

/** New topics a second; each second as many messages on a few old ones, whose histories are full from early on. */
const newTopics = 100;
const oldTopics = 50;
const fillWithin = 120_000;
/** What two forced collections of the same state may differ by, in MB. */
const tolerance = { heap: 2, rss: 20 };
/** What it takes to remember that a topic was seen and not kept. */
const hiddenBytes = 40;

/**
 * New topics without an end, for a terminal UI that shows all of them unfolded. Its memory must be flat from the moment on when it has as many as it
 * keeps, and its title say how many it does not show. Returns the exit code.
 */
export async function run(minutes) {
  const folder = mkdtempSync(join(tmpdir(), "pinbus-soak-"));
  const broker = await startBroker(folder);
  const probe = probed(folder);
  const command = [process.execPath, ...probe.flags, agentMain, "tui", "--broker", `mqtt://127.0.0.1:${broker.port}`];
  const terminal = openTerminal([...command, "--socket", join(folder, "none.sock")], { env: probe.env });
  const publisher = await connectAsync(`mqtt://127.0.0.1:${broker.port}`, { protocolVersion: 4 });
  let failures;
  try {
    failures = await soak({ terminal, publisher, minutes, ask: () => probe.ask(terminal.pid) });
  } catch (error) {
    failures = [error.message];
  } finally {
    await terminal.close();
    await publisher.endAsync();
    await broker.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  for (const failure of failures) console.log(`not ok - ${failure}`);
  console.log(failures.length === 0 ? "ok - the memory is flat, and the title says how many topics are not shown" : "FAILED");
  return failures.length === 0 ? 0 : 1;
}

async function soak({ terminal, publisher, minutes, ask }) {
  let made = 0;
  const publish = (index) => publisher.publish(`soak/box${index % 100}/sensor${index}`, `{"t":${(index % 97) / 10},"n":${made}}`);
  const make = (count) => {
    for (let more = 0; more < count; more++) {
      publish(made++);
      publish(made % oldTopics);
    }
  };
  await terminal.until((rows) => rows.at(-1).includes("Help"), "the key hints");
  await terminal.until((rows) => rows.some((row) => /Topics [\d,]+ - [\d,]+ msg/.test(row)), "the title of the topics");
  terminal.type("o");
  // As fast as it goes to what is kept. Of what a terminal is too slow for the broker drops some, QoS 0 as it is.
  for (const tooLate = performance.now() + fillWithin; notShown(terminal.text()) === 0; await pause(5)) {
    if (performance.now() > tooLate) throw new Error(`${made} topics were made, and the title says of none that it is not shown`);
    make(20);
  }
  const samples = [];
  const over = performance.now() + minutes * 60_000;
  const each = Math.max(5_000, minutes * 3_000);
  let [next, due] = [performance.now() + each, performance.now()];
  while (performance.now() < over || samples.length < 3) {
    for (; due < performance.now(); due += 1000 / newTopics) make(1);
    await pause(20);
    if (performance.now() < next) continue;
    next += each;
    terminal.type("j");
    const { heap, rss, gapMs } = await ask();
    const hidden = notShown(terminal.text());
    samples.push({ heap, rss, hidden, made });
    const mb = `heap ${heap.toFixed(1)} MB, RSS ${rss.toFixed(1)} MB`;
    console.log(`${made} topics made, ${hidden} not shown: ${mb}, longest gap of the event loop ${gapMs.toFixed(0)} ms`);
  }
  return judged(samples);
}

/** What the title says; 0 when it does not. */
const notShown = (rows) => Number(/([\d,]+)\+? not shown/.exec(rows.join("\n"))?.[1].replaceAll(",", "") ?? 0);

function judged([first, ...later]) {
  const failures = [];
  const remembered = (maxCountedHidden * hiddenBytes) / 1e6;
  for (const { heap, rss, hidden, made } of later) {
    const check = (what, now, most) =>
      now > most && failures.push(`${made} topics: ${what} ${now.toFixed(1)} MB, at most ${most.toFixed(1)}`);
    check("heap", heap, first.heap + tolerance.heap + remembered);
    check("RSS", rss, first.rss + tolerance.rss + remembered);
    // What was published a moment ago is not on the screen yet.
    const least = Math.min(maxCountedHidden, first.hidden + made - first.made - newTopics);
    if (hidden < least) failures.push(`${made} topics: the title says ${hidden} are not shown, at least ${least} are not`);
  }
  return failures;
}
