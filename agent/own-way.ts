import type { Duplex } from "node:stream";
import type { Access } from "./embedded/access.ts";
import { Guest } from "./embedded/guest.ts";
import type { OwnBroker } from "./link-options.ts";

/** The way of the agent's own clients to the broker in its process, under the rules that hold there. */
export interface OwnWay extends OwnBroker {
  /** The rules may be others: who is connected asks for everything anew, and tells everything anew, when they are others for the agent. */
  renewed(): void;
}

export function createOwnWay(access: Access, broker: { connect(): Duplex }): OwnWay {
  const { username, password } = access.own;
  const guests = new Map<string, Guest>();
  const streams = new Set<Duplex>();
  const rules = () => {
    const own = access.acl?.sections.get(username);
    return own === undefined ? "" : JSON.stringify([own, access.acl?.patterns]);
  };
  let before = rules();
  return {
    username,
    password,
    connect() {
      const stream = broker.connect();
      streams.add(stream);
      return stream.once("close", () => streams.delete(stream));
    },
    mayPublish(topic, client) {
      const guest = guests.get(client) ?? new Guest(username, client, true);
      guests.set(client, guest);
      return guest.may("write", topic, access.acl);
    },
    renewed() {
      const now = rules();
      if (now !== before) for (const stream of streams) stream.destroy(new Error("broker.acl_file has other rules for the agent itself"));
      before = now;
    },
  };
}
