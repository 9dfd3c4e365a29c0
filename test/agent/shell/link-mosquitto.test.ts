import { describeMosquitto, startMosquitto } from "../../brokers.ts";
import { linkContract } from "./link-contract.ts";

const start = (port?: number) => startMosquitto(port === undefined ? {} : { port });

describeMosquitto("the link on mosquitto with MQTT 5", () => {
  linkContract(start, "auto", "5");
});

describeMosquitto("the link on mosquitto with MQTT 3.1.1", () => {
  linkContract(start, "3.1.1", "3.1.1");
});
