import { describe } from "vitest";
import { startEmbedded } from "../../brokers.ts";
import { linkContract } from "./link-contract.ts";

describe("the link on the built-in broker", () => {
  linkContract(startEmbedded, "auto", "3.1.1");
});
