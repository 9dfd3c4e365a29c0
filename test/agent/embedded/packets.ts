/** MQTT packets by hand: a test of the wire must not use the library that broker and link are made of. These are MQTT 3.1.1. */
export const generate = {
  connect: (
    clientId: string,
    { username, password, keepalive = 60 }: { username?: string; password?: string; keepalive?: number } = {},
  ): Buffer => {
    const flags = 0x02 | (username === undefined ? 0 : 0x80) | (password === undefined ? 0 : 0x40);
    const rest = [clientId, username, password].flatMap((value) => (value === undefined ? [] : text(value)));
    return packet(0x10, Buffer.concat([text("MQTT"), Buffer.from([4, flags, keepalive >> 8, keepalive & 0xff]), ...rest]));
  },
  subscribe: (filter: string): Buffer => packet(0x82, Buffer.concat([Buffer.from([0, 1]), text(filter), Buffer.from([0])])),
  publish: (topic: string, payload: string): Buffer => packet(0x30, Buffer.concat([text(topic), Buffer.from(payload)])),
};

/** A whole packet with its length. */
export function packet(first: number, ...parts: (Buffer | readonly number[] | string)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  const length: number[] = [];
  let rest = body.length;
  do {
    length.push((rest % 128) | (rest >= 128 ? 0x80 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Buffer.concat([Buffer.from([first, ...length]), body]);
}

/** MQTT's UTF-8 string. */
export function text(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value as string);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
