import { small } from "./joined.ts";

/** A PUBLISH as it leaves. */
export interface Outgoing {
  topic: string;
  payload: Buffer;
  qos: number;
  retain: boolean;
  /** From QoS 1. */
  messageId?: number | undefined;
}

/** The bytes of a PUBLISH (MQTT 3.1.1 section 3.3): one piece, or two when the payload is large. */
export function publishPacket({ topic, payload, qos, retain, messageId = 0 }: Outgoing): [Buffer] | [Buffer, Buffer] {
  const topicLength = Buffer.byteLength(topic);
  const length = 2 + topicLength + (qos > 0 ? 2 : 0) + payload.length;
  const isSmall = payload.length <= small;
  const head = 1 + lengthBytes(length);
  const bytes = Buffer.allocUnsafe(head + (isSmall ? length : length - payload.length));
  bytes[0] = 0x30 | (qos << 1) | (retain ? 1 : 0);
  let left = length;
  for (let at = 1; at < head; at++) {
    bytes[at] = (left & 0x7f) | (left > 0x7f ? 0x80 : 0);
    left >>= 7;
  }
  bytes[head] = topicLength >> 8;
  bytes[head + 1] = topicLength & 0xff;
  bytes.write(topic, head + 2);
  let at = head + 2 + topicLength;
  if (qos > 0) {
    bytes[at++] = messageId >> 8;
    bytes[at++] = messageId & 0xff;
  }
  if (!isSmall) return [bytes, payload];
  bytes.set(payload, at);
  return [bytes];
}

function lengthBytes(length: number): number {
  if (length < 128) return 1;
  if (length < 16_384) return 2;
  return length < 2_097_152 ? 3 : 4;
}
