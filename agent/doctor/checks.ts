import { broker } from "./check/broker.ts";
import { certificates, configuration, permissions } from "./check/files.ts";
import { bootLevels, busy, gpio, groups, overlays, programs } from "./check/lines.ts";
import { agent, dropIn, sockets, unit } from "./check/service.ts";
import { card, clock, disk, journal, machine, node, supply } from "./check/system.ts";
import type { Check } from "./finding.ts";

/** Every check, in the order of the report; docs/doctor.md is generated from it. */
export const checks: readonly Check[] = [
  node,
  machine,
  configuration,
  unit,
  dropIn,
  sockets,
  agent,
  groups,
  permissions,
  gpio,
  busy,
  overlays,
  bootLevels,
  programs,
  broker,
  certificates,
  supply,
  clock,
  disk,
  card,
  journal,
];
