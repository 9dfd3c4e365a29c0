import type { Aedes, Client } from "aedes";
import type { LogFields } from "../shell/log.ts";
import type { Access } from "./access.ts";
import { AclGate } from "./acl-gate.ts";
import { AddressRate } from "./address-rate.ts";
import { markBridge } from "./bridges.ts";
import { DrainingDuplex } from "./drain.ts";
import type { Limits } from "./limits.ts";
import type { PasswordHash } from "./password-file.ts";
import { describeRefusal, refusalCodes } from "./refusal.ts";
import type { Watch } from "./watch.ts";

export interface DoorOptions {
  access: Access;
  limits: Limits;
  watch: Watch;
  /** Milliseconds, any origin. */
  now(): number;
  info(message: string, fields: LogFields): void;
  /** May come often; `kind` is the same for the same reason. */
  warn(kind: string, message: string): void;
}

const admitted = { yes: "guest", own: "agent", terminal: "operator" } as const;

/** Lets clients in, and lets nobody do anything before that. */
export class Door {
  readonly #options: DoorOptions;
  readonly #wrongPasswords: AddressRate;
  /** Where each connection comes from; those of this process from nowhere. */
  readonly #addresses = new WeakMap<object, string>();
  /** Who is in, with the name under which each was let in; `listed` = by the rules. The agent itself is not among them. */
  readonly #guests = new Map<Client, { username: string | undefined; hash: PasswordHash | undefined; listed: boolean }>();
  /** The same and the agent itself: nobody else publishes or subscribes. */
  readonly #letIn = new WeakSet<Client>();
  /** The client id of the agent itself: whoever else came with it would end its connection. */
  #ownId: string | undefined;
  /** Those whose keep alive is too long, or none. */
  readonly #restless = new WeakSet<Client>();
  /** What those may do who are in. */
  readonly acl: AclGate;

  constructor(options: DoorOptions) {
    const { access, limits, now, warn } = options;
    this.#options = options;
    this.#wrongPasswords = new AddressRate(limits.maxFailedLogins, now);
    this.acl = new AclGate({ acl: () => access.acl, refused: (sentence) => warn("acl", sentence) });
  }

  /** Hooks it in; once, after `listen`. */
  guard(aedes: Aedes): void {
    const { watch, limits } = this.#options;
    // aedes reads on until `authenticate` is called, some turns later, and would do what comes behind the CONNECT before that.
    aedes.preConnect = (client, packet, done) => {
      watch.connects(client, packet);
      if ((packet as { bridgeMode?: boolean }).bridgeMode) markBridge(client);
      const { keepalive = 0 } = packet;
      if (limits.maxKeepalive !== null && (keepalive === 0 || keepalive * 1000 > limits.maxKeepalive)) this.#restless.add(client);
      (client as Client & { pause(): void }).pause();
      done(null, true);
    };
    const [mayPublish, maySubscribe] = [aedes.authorizePublish, aedes.authorizeSubscribe];
    aedes.authorizePublish = (client, packet, done) => {
      if (client && !this.#letIn.has(client)) done(new Error("a publication before the client was let in"));
      else mayPublish(client, packet, done);
    };
    aedes.authorizeSubscribe = (client, subscription, done) => {
      if (client && !this.#letIn.has(client)) done(new Error("a subscription before the client was let in"), null);
      else maySubscribe(client, subscription, done);
    };
    aedes.authenticate = (client, username, password, done) => {
      void this.#lets(aedes, client, username, password).then((refusal) => {
        if (client.closed) return;
        if (refusal === undefined) done(null, true);
        else done(Object.assign(new Error("refused"), { returnCode: refusalCodes[refusal] }), false);
      });
    };
    aedes.on("clientReady", (client) => {
      if (client.conn instanceof DrainingDuplex) client.conn.ready();
    });
    aedes.on("clientDisconnect", (client) => this.#guests.delete(client));
  }

  /** A connection from another process. */
  came(connection: object, address: string): void {
    this.#addresses.set(connection, address);
  }

  /** Whether it is the agent itself. */
  isOwn(client: Client): boolean {
    return this.#letIn.has(client) && !this.#guests.has(client);
  }

  /** Ends the connections of those whom the rules of `access` let in no more. */
  expel(): void {
    const { access, watch, info } = this.#options;
    for (const [client, { username, hash, listed }] of this.#guests) {
      if (!listed || access.keeps(username, hash)) continue;
      info(`broker: client ${client.id} may stay no longer: disconnected`, { client: client.id });
      watch.ends(client, "refused");
      client.close();
    }
  }

  async #lets(aedes: Aedes, client: Client, username: string | undefined, password: Buffer | undefined) {
    const { access, limits, watch, warn } = this.#options;
    const address = this.#addresses.get(client.conn) ?? "";
    const found = await access.lets(username, password, this.#wrongPasswords.of(address));
    if (client.closed) return undefined;
    if (found === "own") this.#ownId = client.id;
    const verdict = found === "yes" || found === "terminal" ? (this.#objection(client) ?? found) : found;
    if (verdict !== "yes" && verdict !== "terminal" && verdict !== "own") {
      watch.ends(client, "refused");
      warn(verdict, describeRefusal(verdict, username, address, limits));
      return verdict;
    }
    this.#letIn.add(client);
    this.acl.admit(client, username, admitted[verdict]);
    if (verdict !== "own") {
      this.#guests.set(client, { username, hash: access.hashOf(username), listed: verdict === "yes" });
      // aedes tells nothing of who goes before it has a place in its list.
      client.conn.once("close", () => this.#guests.delete(client));
    }
    watch.takesOver(aedes, client);
    return undefined;
  }

  /** Why somebody who may connect may not do it like this. */
  #objection(client: Client): "taken" | "keepalive" | undefined {
    if (client.id === this.#ownId) return "taken";
    return this.#restless.has(client) ? "keepalive" : undefined;
  }
}
