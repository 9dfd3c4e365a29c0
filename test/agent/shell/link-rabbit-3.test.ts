import { describeRabbit } from "../../rabbitmq.ts";
import { capabilityProbes } from "./capability-probes.ts";
import { linkContract } from "./link-contract.ts";

describeRabbit("the link on RabbitMQ 3.10", "3.10", (start) => {
  linkContract(start, "auto", "RabbitMQ 3.10");
  capabilityProbes(start, "RabbitMQ 3.10");
});
