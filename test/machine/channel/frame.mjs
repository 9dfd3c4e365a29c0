// What travels through the virtio-serial port: u32 bytes that follow | u32 command id | u8 kind | body.
export const kind = { start: 1, stdin: 2, stdinEnd: 3, signal: 4, stdout: 5, stderr: 6, exit: 7, ping: 8 };

/** One frame as bytes. */
export function frame(id, type, body = "") {
  const data = Buffer.from(body);
  const head = Buffer.alloc(9);
  head.writeUInt32BE(data.length + 5, 0);
  head.writeUInt32BE(id, 4);
  head[8] = type;
  return Buffer.concat([head, data]);
}

/** Returns a function that takes chunks of a byte stream and calls onFrame(id, type, body) for each whole frame. */
export function frameReader(onFrame) {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32BE(0)) {
      const end = 4 + rest.readUInt32BE(0);
      onFrame(rest.readUInt32BE(4), rest[8], rest.subarray(9, end));
      rest = rest.subarray(end);
    }
  };
}
