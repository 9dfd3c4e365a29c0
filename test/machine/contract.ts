// Inside the machine, as root: contract.js <package.tar>
// What buttons and outputs promise, on kernel lines, with the kernel's own trace as the witness: bounce, fast presses, the times that
// `pinbus check` prints, and no edge that nobody named, however the agent ends. Sensors, by the kernel's drivers on simulated registers. Keys of
// input devices that uinput makes. And the boxes of a competition.

import { P } from "./bus.ts";
import { runCases } from "./cases.ts";
import { run } from "./commands.ts";
import { buttonCases, buttonsYaml } from "./contract-buttons.ts";
import { competitionCases } from "./contract-competition.ts";
import { countCases } from "./contract-counts.ts";
import { keyMachineCases } from "./contract-keys.ts";
import { outputCases } from "./contract-outputs.ts";
import { sensorCases } from "./contract-sensors.ts";
import { configure, dropIn, install, installBroker, wipe } from "./install.ts";
import { Listener } from "./listener.ts";
import { Recorder } from "./recorder.ts";
import { journalTail } from "./unit.ts";

const [tar = ""] = process.argv.slice(2);
const recorder = new Recorder();
await install(tar);
await installBroker();
await wipe();
// The emulated processor is slow, more so beside other work; the unit's own limits are tested in `service.ts`.
await dropIn("TimeoutStartSec=300s", "TimeoutStopSec=120s", "WatchdogSec=120s", "RestartSec=100ms");
await configure(buttonsYaml);
await run("systemctl", "start", "mosquitto.service", "pinbus.service");
const listener = await Listener.start(`${P}/status`);
await listener.wait(`${P}/status`, /^online$/);
await listener.stop();
const code = await runCases(
  "contract",
  [
    ...buttonCases(recorder),
    ...countCases(recorder),
    ...outputCases(recorder),
    ...sensorCases(),
    ...keyMachineCases(),
    ...competitionCases(recorder),
  ],
  journalTail,
);
await wipe();
process.exit(code);
