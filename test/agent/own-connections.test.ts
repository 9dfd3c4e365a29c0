import { expect, it, onTestFinished } from "vitest";
import { planOf } from "../../agent/core/plan.ts";
import { newState } from "../../agent/core/state.ts";
import { createOwnConnections } from "../../agent/own-connections.ts";
import { configOf, host } from "../config/loading.ts";
import { eventually, keptLog } from "./shell/fixture.ts";
import { startHostile } from "./shell/hostile-broker.ts";

// Connections of which one breaks inside: nobody listens at their broker, and none is needed.

const homie = "mqtt: { server: 127.0.0.1, port: 1 }\nhomie: { discovery: true }\n";
const none = "mqtt: { server: 127.0.0.1, port: 1 }\n";

function world(yaml: string, port = 1) {
  const at = (text: string) => {
    const config = configOf(text);
    const plan = planOf(config);
    return { config, plan, state: newState(plan, () => 1) };
  };
  let current = at(yaml);
  const log = keptLog();
  const problems = new Map<string, string | null>();
  /** What of it throws. */
  const broken = { open: false, stop: false, clear: false };
  const witnesses = {
    add() {},
    delete() {
      if (broken.stop) throw new Error("it sticks");
    },
  };
  const store = {
    of() {
      if (broken.open) throw new Error("it is not to be had");
      return new Map();
    },
    keep() {},
  };
  const connections = createOwnConnections({
    host,
    version: "1.0.0",
    dispatch: { witnesses },
    current: () => current,
    send() {},
    readClock() {},
    quantities: () => [],
    store,
    way: { url: `mqtt://127.0.0.1:${port}`, others: [] },
    tls: () => ({}),
    clear() {
      if (broken.clear) throw new Error("it cannot be emptied");
    },
    owned() {},
    onProblem: (name: string, problem: string | null) => problems.set(name, problem),
    clock: { now: () => Date.now(), wall: () => Date.now() },
    log,
  } as never);
  return {
    connections,
    broken,
    said: () => log.entries.filter((entry) => entry.startsWith("error")),
    problem: () => problems.get("homie") ?? null,
    reload(text: string) {
      current = at(text);
      connections.changed();
    },
  };
}

it("says of a connection that cannot be opened that it cannot, and opens it with a reload", async () => {
  const { connections, broken, said, problem, reload } = world(none);
  connections.start();
  broken.open = true;
  reload(homie);
  const sentence = "the connection homie could not be opened: it is not to be had; a reload tries it again";
  await eventually(problem).toBe(sentence);
  expect(said()).toEqual([`error: ${sentence}`]);
  broken.open = false;
  reload(homie);
  await eventually(problem).not.toBe(sentence);
  await connections.stop();
});

it("does not end the agent with a connection that cannot be opened at its start", async () => {
  const { connections, broken, problem } = world(homie);
  broken.open = true;
  connections.start();
  expect(problem()).toContain("could not be opened");
  await connections.stop();
});

it("lets a connection go that cannot be closed, at a reload and at the end", async () => {
  const { connections, broken, said, problem, reload } = world(homie);
  connections.start();
  broken.stop = true;
  reload(none);
  await eventually(said).toEqual(["error: the connection homie could not be closed: it sticks"]);
  reload(homie);
  await eventually(problem).toContain("nothing listens");
  await connections.stop();
  expect(said()).toHaveLength(2);
});

it("ends a connection that breaks while it is closed, and leaves no socket open", async () => {
  const broker = await startHostile("5");
  onTestFinished(() => broker.stop());
  const subscribe = 8;
  // It never gets as far as online.
  broker.script = (_, { type }) => type === subscribe && ++asked > 0;
  let asked = 0;
  const { connections, broken, said, reload } = world(homie, broker.port);
  connections.start();
  await eventually(() => asked).toBe(1);
  broken.clear = true;
  reload(none);
  await eventually(said).toEqual(["error: the connection homie could not be closed: it cannot be emptied"]);
  await eventually(() => broker.topics).toContainEqual(expect.stringContaining("/$state"));
  await eventually(() => broker.sockets.size).toBe(0);
  expect(asked).toBe(1);
  await connections.stop();
});

it("says nothing more of a connection that could not be opened when it is no longer wanted", async () => {
  const { connections, broken, problem, reload } = world(homie);
  broken.open = true;
  connections.start();
  expect(problem()).toContain("could not be opened");
  reload(none);
  await eventually(problem).toBeNull();
  await connections.stop();
});
