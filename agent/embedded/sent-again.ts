/** What of aedes' parser is not in its types: the packet that it takes apart, and what came of it. */
interface Parser {
  _parseHeader(): unknown;
  _list: { readUInt8(at: number): number; consume(bytes: number): unknown };
  packet: { cmd?: string; retain?: boolean; qos?: number; dup?: boolean };
}

/** The first byte with the DUP flag. */
const sentAgain = new Map([
  [0x6a, "pubrel"],
  [0x8a, "subscribe"],
  [0xaa, "unsubscribe"],
]);

/**
 * For a client that speaks MQTT 3.1, where a PUBREL, a SUBSCRIBE and an UNSUBSCRIBE that are sent again have the DUP flag (its section 2.1). In 3.1.1 only a
 * PUBLISH has it, and the parser ends the connection of everybody else: a client that completes a QoS 2 message after a lost connection would
 * never be done.
 */
export function takeSentAgain(ofAedes: object): void {
  const parser = ofAedes as Parser;
  const parseHeader = parser._parseHeader.bind(parser);
  parser._parseHeader = () => {
    const cmd = sentAgain.get(parser._list.readUInt8(0));
    if (cmd === undefined) return parseHeader();
    Object.assign(parser.packet, { cmd, retain: false, qos: 1, dup: true });
    parser._list.consume(1);
    return true;
  };
}
