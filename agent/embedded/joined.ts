/** What is larger than this leaves as a piece of its own and is not copied. */
export const small = 4096;

/**
 * The same bytes in fewer pieces: aedes' writer makes five of a small packet, and each costs the kernel, and the stream before it, more than it costs to
 * be copied.
 */
export function joined(pieces: readonly Buffer[]): Buffer[] {
  const out: Buffer[] = [];
  let from = 0;
  let bytes = 0;
  const end = (to: number) => {
    const only = pieces[from];
    if (to - from === 1 && only) out.push(only);
    else if (to > from) out.push(copied(pieces, from, to, bytes));
    from = to;
    bytes = 0;
  };
  for (const [index, { length }] of pieces.entries()) {
    if (length > small) {
      end(index);
      bytes = length;
      end(index + 1);
    } else bytes += length;
  }
  end(pieces.length);
  return out;
}

function copied(pieces: readonly Buffer[], from: number, to: number, bytes: number): Buffer {
  const all = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (let index = from; index < to; index++) {
    const piece = pieces[index];
    if (!piece) continue;
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
