import { describe } from "vitest";
import { describeRabbit } from "../../rabbitmq.ts";
import { capabilityProbes } from "./capability-probes.ts";
import { linkContract } from "./link-contract.ts";

describeRabbit("the link on RabbitMQ 4.0", "4.0", (start) => {
  describe("with MQTT 5", () => {
    linkContract(start, "auto", "RabbitMQ 4.0, MQTT 5");
    capabilityProbes(start, "RabbitMQ 4.0, MQTT 5");
  });
  describe("with MQTT 3.1.1", () => {
    linkContract(start, "3.1.1", "RabbitMQ 4.0, MQTT 3.1.1");
    capabilityProbes(start, "RabbitMQ 4.0, MQTT 3.1.1");
  });
});
