import type { BrokerFacts, BrokerStep } from "../facts.ts";
import { type Check, known, ok, problem, type Remark, warning } from "../finding.ts";
import { kept, listed, type Sentence, say, told } from "../sentence.ts";

/** What each step asks, in the words of the report. */
const stepNames: Readonly<Record<BrokerStep, string>> = {
  name: "the name is resolved",
  tcp: "the port is open",
  tls: "TLS",
  websocket: "WebSocket",
  connack: "the broker accepts us (CONNACK)",
  suback: "it accepts our subscriptions (SUBACK)",
  publish: "it takes a message (PUBACK)",
  "read-back": "the message comes back",
};

export const broker: Check = {
  id: "broker",
  about: `the way to each broker, step by step, each with its time: ${Object.values(stepNames).join(", ")}`,
  why: "without the broker nobody else sees or switches anything; lines and rules go on",
  look: ({ brokers }) => known(brokers, (all) => all.flatMap(brokerRemarks)),
};

/** Slower than this, a person notices. */
const slowMs = 1000;

function brokerRemarks({ server, steps, failed, refused, version }: BrokerFacts): Remark[] {
  const name = kept("broker", server);
  const way = listed(steps.map(({ step, ms }) => say`${told(step)} ${ms} ms`));
  const remarks: Remark[] = [];
  if (failed) {
    const done = steps.length === 0 ? say`` : say` (done: ${way})`;
    remarks.push(problem(say`${name}, ${told(stepNames[failed.step])}: ${failed.why}${done}`, ...cures(failed.step)));
  } else remarks.push(ok(say`${name} with MQTT ${told(version ?? "")}: ${way}`));
  if (refused.length > 0)
    remarks.push(
      problem(
        say`${name} refuses ${refused.length} of the agent's subscriptions: ${listed(refused.map((filter) => kept("topic", filter)))}`,
        say`allow this user to subscribe to them in the broker's rules (mosquitto: acl_file)`,
      ),
    );
  const slow = steps.filter(({ ms }) => ms > slowMs);
  if (slow.length > 0)
    remarks.push(
      warning(
        say`${name} is slow: ${listed(slow.map(({ step, ms }) => say`${told(step)} ${ms} ms`))}`,
        say`ping -c 5 ${kept("host", hostOf(server))}`,
      ),
    );
  return remarks;
}

/** The sentence of what failed says already which setting is wrong. */
function cures(step: BrokerStep): Sentence[] {
  switch (step) {
    case "name":
      return [say`resolvectl status`, say`sudo nano /etc/pinbus/pinbus.yaml (mqtt.server)`];
    case "tcp":
      return [say`ip route`, say`systemctl status mosquitto (on the machine of the broker)`];
    case "tls":
      return [say`timedatectl`, say`pinbus check`];
    case "read-back":
    case "publish":
    case "suback":
      return [say`allow this user the topics of this node in the broker's rules (mosquitto: acl_file)`];
    case "websocket":
    case "connack":
      return [say`sudo nano /etc/pinbus/pinbus.yaml (mqtt), then pinbus check && sudo systemctl restart pinbus`];
  }
}

function hostOf(server: string): string {
  return server.replace(/^\w+:\/\//, "").replace(/[:/][^\]]*$/, "");
}
