import type { LookupFunction } from "node:net";
import { networkInterfaces } from "node:os";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { LinkOptions } from "../../../agent/shell/link.ts";
import { readAddresses } from "../../../agent/shell/link-network.ts";
import { freePort, startEmbedded } from "../../brokers.ts";
import { patience } from "./fixture.ts";
import { probe, untilOnline } from "./link-contract.ts";
import { type Script, startScript } from "./scripted-broker.ts";

const still: LinkOptions["backoff"] = { first: 60_000, limit: 60_000, refused: { from: 60_000, to: 60_000 } };
const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of open.splice(0).reverse()) await end();
});
function connect(url: string, changes: Partial<LinkOptions> = {}) {
  const made = probe(url, { backoff: still, ...changes });
  open.push(() => made.link.stop([]));
  made.link.start();
  return made;
}
/** The addresses of a machine, as the test says. */
function machine(...first: string[]) {
  const addresses = { now: first as string[] | undefined, looks: 0 };
  const read = () => {
    addresses.looks++;
    return addresses.now && new Set(addresses.now);
  };
  return Object.assign(addresses, { network: { read, every: 10 } });
}
const looks = async (of: { looks: number }, count = 3) => {
  const before = of.looks;
  await vi.waitFor(() => expect(of.looks).toBeGreaterThanOrEqual(before + count), patience);
};
const embedded = async () => {
  const broker = await startEmbedded();
  open.push(broker.stop);
  return broker;
};

describe("a change of the network", () => {
  it("ends a connection whose own address has gone, at once", async () => {
    const here = machine("127.0.0.1", "10.0.0.5");
    // Small, so that it comes back by itself.
    const backoff = { ...still, first: 20, limit: 100 };
    const { link, events } = connect((await embedded()).url, { network: here.network, backoff });
    await untilOnline(link);
    here.now = ["127.0.0.1"];
    await looks(here);
    expect(events).toHaveLength(1);
    here.now = ["10.0.0.6"];
    await vi.waitFor(
      () => expect(events[1]).toContain("this machine no longer has the address 127.0.0.1, from which it was connected to"),
      patience,
    );
    await vi.waitFor(() => expect(events[2]).toMatch(/^online/), patience);
  });

  it("is none when the system does not tell", async () => {
    const here = machine("127.0.0.1");
    const { link, events } = connect((await embedded()).url, { network: here.network });
    await untilOnline(link);
    here.now = undefined;
    await looks(here);
    here.now = ["127.0.0.1"];
    await looks(here);
    expect(events).toHaveLength(1);
  });

  it("ends the waiting when an address appears, and not when one goes", async () => {
    const here = machine("127.0.0.1", "10.0.0.5");
    const port = await freePort();
    // The first wait is at its longest; the one after the change at its shortest.
    const waits = [0.99, 0];
    const { link } = connect(`mqtt://127.0.0.1:${port}`, { network: here.network, random: () => waits.shift() ?? 0.99 });
    await vi.waitFor(() => expect(link.view.problem).toContain("nothing listens"), patience);
    const broker = await startEmbedded(port);
    open.push(broker.stop);
    here.now = ["127.0.0.1"];
    await looks(here);
    expect(link.view.online).toBe(false);
    here.now = ["127.0.0.1", "192.168.1.7"];
    await untilOnline(link);
  });

  it("does not make it hurry back to a broker that refused it", async () => {
    let asked = 0;
    const refuse: Script = (socket) => {
      asked++;
      socket.write(Buffer.from([0x20, 2, 0, 5]));
    };
    const broker = await startScript(refuse);
    open.push(broker.stop);
    const here = machine("127.0.0.1");
    const { link } = connect(broker.url, { network: here.network, protocol: "3.1.1", random: () => 0 });
    await vi.waitFor(() => expect(link.view.problem).toContain("code 5"), patience);
    here.now = ["127.0.0.1", "192.168.1.7"];
    await looks(here, 5);
    expect(asked).toBe(1);
  });

  it("is seen among the addresses of this machine", () => {
    const [first] = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
    expect(readAddresses()).toContain(first?.address);
  });
});

describe("the name of a broker", () => {
  /** Every address that the name has then; a function of `node:dns`. */
  const resolver = (answers: () => readonly string[]): LookupFunction => {
    return (_name, options, done) => {
      const found = answers().map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
      if (typeof options === "object" && options.all) done(null, found);
      else done(null, found[0]?.address ?? "", found[0]?.family ?? 4);
    };
  };

  it("is resolved anew for each connection", async () => {
    const broker = await embedded();
    const asked: string[] = [];
    const addresses = ["127.0.0.9", "127.0.0.1"];
    const lookup = resolver(() => {
      const address = addresses.shift() ?? "127.0.0.1";
      asked.push(address);
      return [address];
    });
    const url = `mqtt://broker.local:${broker.port}`;
    const { link, events } = connect(url, { server: { url, lookup }, protocol: "3.1.1", backoff: { ...still, first: 20, limit: 100 } });
    await untilOnline(link);
    expect(asked).toEqual(["127.0.0.9", "127.0.0.1"]);
    expect(events).toEqual([expect.stringContaining(`nothing listens at broker.local:${broker.port}`), "online 3.1.1"]);
  });

  it("may have several addresses, which are all tried", async () => {
    const broker = await embedded();
    const lookup = resolver(() => ["::1", "127.0.0.8", "127.0.0.1"]);
    const url = `mqtt://broker.local:${broker.port}`;
    const { link, events } = connect(url, { server: { url, lookup }, protocol: "3.1.1" });
    await untilOnline(link);
    expect(events).toEqual(["online 3.1.1"]);
  });
});
