import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { agent, Client, emptyPins } from "./control-client.ts";
import { eventually } from "./fixture.ts";

describe("pushes", () => {
  it("come when something changed, ten times a second at most, always with the newest state", async () => {
    const { control, operate, world } = await agent();
    const client = operate()
      .hello()
      .send({ id: 1, method: "watch", params: { views: ["pins"] } });
    await eventually(() => client.pushes()).toHaveLength(1);
    const since = performance.now();
    for (let count = 1; count <= 5000; count++) {
      world.edges = count;
      control.changed();
    }
    await eventually(() => client.pushes().at(-1)?.data?.edges).toBe(5000);
    expect(client.pushes().length).toBeLessThanOrEqual(2 + (performance.now() - since) / 100);
  });

  it("end when no view is wanted, and unknown views are refused", async () => {
    const { control, operate } = await agent();
    const client = operate()
      .hello()
      .send({ id: 1, method: "watch", params: { views: ["pins"] } });
    await eventually(() => client.pushes()).toHaveLength(1);
    client.send({ id: 2, method: "watch", params: { views: [] } }).send({ id: 3, method: "watch", params: { views: ["everything"] } });
    expect(await client.answer(2)).toMatchObject({ ok: true });
    expect(await client.answer(3)).toMatchObject({ ok: false, error: { reason: "malformed" } });
    control.changed();
    await client.send({ id: 4, method: "status", params: {} }).answer(4);
    expect(client.pushes()).toHaveLength(1);
  });

  it("to a client that never reads are not piled up; it gets the newest when it reads again", async () => {
    const padding = {
      ...emptyPins,
      rules: Array.from({ length: 3000 }, (_, id) => ({ id: `rule-${id}`, text: "x".repeat(60), fired: 0, last: null })),
    };
    const world = { edges: 0 };
    const { control, folder, operate } = await agent({ handlers: { pins: () => ({ ...padding, edges: world.edges }) } });
    const lazy = new Client(join(folder, "control.sock"));
    lazy.hello().send({ id: 1, method: "watch", params: { views: ["pins"] } });
    await lazy.answer(1);
    lazy.socket.pause();
    const keen = operate()
      .hello()
      .send({ id: 1, method: "watch", params: { views: ["pins"] } });
    // Each push is a third of a megabyte, more than the kernel keeps for a socket: what is not read must not be kept by us.
    for (let count = 1; count <= 12; count++) {
      world.edges = count;
      control.changed();
      await eventually(() => keen.pushes().at(-1)?.data?.edges).toBe(count);
    }
    lazy.socket.resume();
    await eventually(() => lazy.pushes().at(-1)?.data?.edges).toBe(12);
    expect(lazy.pushes().length).toBeLessThan(6);
  });

  it("of the pins do not wait for a slow answer about the services", async () => {
    const asked: (() => void)[] = [];
    const world = { edges: 0 };
    const { control, operate } = await agent({
      handlers: {
        pins: () => ({ ...emptyPins, edges: world.edges }),
        services: () => new Promise((resolve) => asked.push(() => resolve([]))),
      },
    });
    const client = operate()
      .hello()
      .send({ id: 1, method: "watch", params: { views: ["pins", "services"] } });
    await eventually(() => asked).toHaveLength(1);
    for (let count = 1; count <= 3; count++) {
      world.edges = count;
      control.changed();
      await eventually(() => client.pushes().at(-1)?.data?.edges).toBe(count);
    }
    expect(asked).toHaveLength(1);
    asked[0]?.();
    await eventually(() => client.pushes().at(-1)?.push).toBe("services");
  });

  it("of services and host come again by themselves, each only to those who look at it", async () => {
    const { operate } = await agent();
    const [both, one] = [operate().hello(), operate().hello()];
    both.send({ id: 1, method: "watch", params: { views: ["services", "host"] } });
    one.send({ id: 1, method: "watch", params: { views: ["host"] } });
    await eventually(() => one.pushes()).toHaveLength(2);
    expect(one.pushes().map(({ push }) => push)).toEqual(["host", "host"]);
    await eventually(() => new Set(both.pushes().map(({ push }) => push)).size).toBe(2);
  });

  it("go on after a view could not be read", async () => {
    const world = { broken: true };
    const { control, operate, log } = await agent({
      handlers: {
        pins: () => {
          if (world.broken) throw new Error("no pins today");
          return emptyPins;
        },
      },
    });
    const client = operate()
      .hello()
      .send({ id: 1, method: "watch", params: { views: ["pins"] } });
    await eventually(() => log.entries.join()).toContain("no pins today");
    world.broken = false;
    control.changed();
    await eventually(() => client.pushes()).toHaveLength(1);
  });
});

describe("a client that asks and never reads", () => {
  it("is cut off before its answers fill the memory", async () => {
    const { operate } = await agent({
      handlers: {
        why: () =>
          Array.from({ length: 2000 }, () => ({
            at: "x".repeat(200),
            state: "ON" as const,
            cause: "c",
            detail: null,
            kind: "cli",
            source: "cli",
            id: null,
            chain: [],
            text: "t",
            until: null,
          })),
      },
    });
    const client = operate().hello();
    await client.answer(0);
    client.socket.pause();
    for (let id = 1; id <= 200; id++) client.send({ id, method: "why", params: { output: "lamp" } });
    // A paused socket does not notice its end: it is the writing that fails.
    await eventually(() => {
      client.send({ id: 999, method: "why", params: { output: "lamp" } });
      return client.socket.destroyed;
    }).toBe(true);
  });
});
