import type { Packet } from "mqtt";

/** What the library has made of a packet, whatever it says of its types. */
interface Read {
  cmd: string;
  qos?: number;
  messageId?: number;
  properties?: Readonly<Record<string, unknown>>;
}

/** Each other property comes once [MQTT 5, sections 2.2.2.2 and 3.3.2.3.8]. The link looks at neither. */
const mayRepeat: ReadonlySet<string> = new Set(["subscriptionIdentifier", "userProperties"]);

/** To the library it is a packet that does not exist: nothing comes of it. */
export function ignore(packet: Packet): void {
  Object.assign(packet, { cmd: "reserved" });
}

/**
 * Why a packet that the library has read must not be believed, for people; undefined when it may be. The library would act on it all the same, and
 * some of these are an error there that nobody could catch. `greeted` = CONNACK was there.
 */
export function defectOf(packet: Packet, greeted: boolean): string | undefined {
  const { cmd, qos, messageId, properties } = packet as Read;
  // DISCONNECT may say why there is no CONNACK.
  if (!greeted && cmd !== "connack" && cmd !== "disconnect") return `${cmd.toUpperCase()} before CONNACK`;
  // Nothing is subscribed to with it, and the library would keep each of them until its PUBREL.
  if (cmd === "publish" && qos === 2) return "a publication with QoS 2, which was not asked for";
  // What is cut off is -1 to the library.
  if (messageId !== undefined && (messageId < 0 || (cmd === "publish" && messageId === 0)))
    return `${cmd.toUpperCase()} without a packet identifier`;
  if (properties === undefined) return undefined;
  for (const [name, value] of Object.entries(properties)) {
    if (mayRepeat.has(name)) continue;
    if (Array.isArray(value)) return `the property ${name} twice`;
    if (value == null || (typeof value === "number" && value < 0)) return `the property ${name} cut off`;
  }
  if (cmd !== "connack") return undefined;
  // With either nothing could ever be sent; both are forbidden (MQTT 5, 3.2.2.3.3 and 3.2.2.3.6).
  if (properties.receiveMaximum === 0) return "a receive maximum of 0";
  return properties.maximumPacketSize === 0 ? "a maximum packet size of 0" : undefined;
}
