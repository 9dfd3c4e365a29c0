/** So many pieces of what is not complete are kept apart. */
export const maxPieces = 256;

/** What of aedes' parser is not in its types: the list of what came of a packet. */
interface Parser {
  parse(bytes: Buffer): number;
  _list: { readonly length: number; slice(): Buffer; consume(bytes: number): unknown; append(bytes: Buffer): unknown };
}

/**
 * The parser keeps what is there of a packet as it came, and takes one piece after the other from the front: of a packet that is sent byte by byte each takes two
 * hundred times its size, and the end of it minutes. Here they are joined now and then.
 */
export function joinPieces(parser: Parser): void {
  const parse = parser.parse.bind(parser);
  let pieces = 0;
  parser.parse = (bytes) => {
    const left = parse(bytes);
    pieces = left > 0 ? pieces + 1 : 0;
    if (pieces > maxPieces) {
      const { _list: list } = parser;
      const all = list.slice();
      list.consume(list.length);
      list.append(all);
      pieces = 1;
    }
    return left;
  };
}
