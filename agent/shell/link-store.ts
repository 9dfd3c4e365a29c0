import { Readable } from "node:stream";
import type { IStore } from "mqtt";

/**
 * In place of the library's stores: of what comes with QoS 2, which nobody asks for, and of what is sent, out of which it would send again after a
 * reconnect: no client object is used for a second connection, and what is not acknowledged is in the window and the outbox.
 */
export const noStore: IStore = {
  put(_packet, done) {
    done();
    return noStore;
  },
  // Of the same kind as the one that its types mean.
  createStream: () => new Readable({ objectMode: true, read: endOf }) as ReturnType<IStore["createStream"]>,
  // A packet that nobody has is an error to the library.
  del({ messageId = 0 }, done) {
    done(undefined, { cmd: "puback", messageId });
    return noStore;
  },
  get(_packet, done) {
    done(new Error("nothing is kept"));
    return noStore;
  },
  close: (done) => done(),
};

function endOf(this: Readable): void {
  this.push(null);
}
