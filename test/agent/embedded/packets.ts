/** MQTT 3.1.1 packets by hand: a test of the wire must not use the library that the broker is made of. */
export const generate = {
  connect: (clientId: string, { username, password }: { username?: string; password?: string } = {}): Buffer => {
    const flags = 0x02 | (username === undefined ? 0 : 0x80) | (password === undefined ? 0 : 0x40);
    const rest = [clientId, username, password].flatMap((value) => (value === undefined ? [] : text(value)));
    return packet(0x10, Buffer.concat([text("MQTT"), Buffer.from([4, flags, 0, 60]), ...rest]));
  },
  publish: (topic: string, payload: string): Buffer => packet(0x30, Buffer.concat([text(topic), Buffer.from(payload)])),
};

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function packet(type: number, body: Buffer): Buffer {
  const length: number[] = [];
  let rest = body.length;
  do {
    length.push((rest % 128) | (rest >= 128 ? 0x80 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Buffer.concat([Buffer.from([type, ...length]), body]);
}
