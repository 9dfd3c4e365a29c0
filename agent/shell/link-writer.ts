import type { IClientPublishOptions, MqttClient } from "mqtt";
import { codeText } from "./link-codes.ts";
import { type MqttVersion, type Publication, sizeOf } from "./link-terms.ts";

/** What a PUBLISH may have besides `sizeOf`: fixed header, packet identifier, lengths. */
const packetMargin = 64;

export interface WriterEvents {
  refused(publication: Publication, code: string): void;
  /** The broker has taken it. */
  accepted(topic: string): void;
}

export interface WriterOptions extends WriterEvents {
  /** Why the broker would not take what is published there, as far as that is known before. */
  objection(topic: string): string | undefined;
}

export type Write = (publication: Publication, done: (error: Error | undefined) => void) => void;

/** Publishes as the broker of a connection takes it: within its packet size and its highest QoS, and retained only where it retains. */
export function writerOf(client: MqttClient, version: MqttVersion, { refused, accepted, objection }: WriterOptions): Write {
  return (publication, done) => {
    const { topic, payload, retain, properties } = publication;
    const why = objection(topic);
    if (why !== undefined) {
      refused(publication, why);
      done(Object.assign(new Error("not authorised"), { code: 0x87 }));
      return;
    }
    const limits = client.serverProperties;
    const largest = limits?.maximumPacketSize;
    // A broker closes the connection over it, each time it comes.
    if (largest !== undefined && sizeOf(publication) + packetMargin > largest) {
      refused(publication, `larger than the ${largest} bytes that it takes`);
      done(Object.assign(new Error("packet too large"), { code: 0x95 }));
      return;
    }
    const options: IClientPublishOptions = {
      qos: limits?.maximumQoS === 0 ? 0 : publication.qos,
      retain: retain && limits?.retainAvailable !== false,
    };
    if (properties && version === "5") options.properties = properties;
    client.publish(topic, payload, options, (error) => {
      // A failure without a code is the connection's end, which is told once, by `closed`.
      const code = (error as { code?: unknown } | undefined)?.code;
      if (typeof code === "number") refused(publication, codeText(code));
      if (!error) accepted(topic);
      done(error ?? undefined);
    });
  };
}
