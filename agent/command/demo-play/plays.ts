import { carbot } from "./carbot.ts";
import { mister, plug, vpd } from "./growbuddy.ts";
import { demoPlay, doorbell, garageGate, garden, piHealth, waterMeter } from "./house.ts";
import { broker, hub, jury, referee, timekeeper } from "./owlcms.ts";
import type { Play } from "./play.ts";
import { classroom, course } from "./school.ts";

/** What is played for an example, by its name. One that is not here gets `commonPlay`. */
export const plays: ReadonlyMap<string, Play> = new Map([
  ["carbot", carbot],
  ["classroom-broker", classroom],
  ["course", course],
  ["demo", demoPlay],
  ["doorbell", doorbell],
  ["garage-gate", garageGate],
  ["garden", garden],
  ["growbuddy-mister", mister],
  ["growbuddy-plug", plug],
  ["growbuddy-vpd", vpd],
  ["owlcms-broker", broker],
  ["owlcms-hub", hub],
  ["owlcms-jury", jury],
  ["owlcms-referee", referee],
  ["owlcms-timekeeper", timekeeper],
  ["pi-health", piHealth],
  ["water-meter", waterMeter],
]);
