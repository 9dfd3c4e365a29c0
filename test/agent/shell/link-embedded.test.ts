import { describe } from "vitest";
import { startEmbedded } from "../../brokers.ts";
import { capabilityProbes } from "./capability-probes.ts";
import { linkContract } from "./link-contract.ts";

describe("the link on the built-in broker", () => {
  linkContract(startEmbedded, "auto", "the built-in broker");
  capabilityProbes(() => startEmbedded(), "the built-in broker");
});
