import { expect, it, onTestFinished, vi } from "vitest";
import { Access } from "../../../agent/embedded/access.ts";
import { parseAcl } from "../../../agent/embedded/acl.ts";
import { parsePasswordFile, passwordLine } from "../../../agent/embedded/password-file.ts";
import { patience } from "../shell/fixture.ts";
import { Wire, wire } from "./session-wire.ts";
import { storeWorld } from "./store-world.ts";
import { connectPacket } from "./wire.ts";

const { users } = parsePasswordFile(`${await passwordLine("pupil", "p")}\n${await passwordLine("teacher", "t")}`);
const parsed = parseAcl("topic write #\nuser pupil\ntopic read class/#\nuser teacher\ntopic #");
if (!parsed.ok) throw new Error("the rules of this test are wrong");
const access = () => new Access({ anonymous: true, users, acl: parsed.acl });

async function asleep(port: number, username: string, password: string): Promise<void> {
  const made = new Wire(port);
  onTestFinished(() => made.close());
  made.socket.write(connectPacket({ id: "sleeper", clean: false, username, password }));
  await made.next(2);
  await made.subscribe("#", 1);
  await made.close();
}

it.each([1, 2])("after %d restarts, what the user of a sleeper may not read takes no place in its queue", async (restarts) => {
  const world = storeWorld();
  await asleep((await world.start({ access: access() })).port, "pupil", "p");
  let broker = await world.start({ access: access() });
  if (restarts === 2) {
    // The file is written anew at the end, too.
    await broker.stop();
    broker = await world.start({ access: access() });
  }
  const publisher = await wire(broker.port, "publisher", { clean: true });
  await publisher.publish("secret", "not for pupils");
  await publisher.publish("class/all", "for pupils");
  expect(broker.stored).toMatchObject({ queued: 1 });
});

it("the last user of a session counts", async () => {
  const world = storeWorld();
  const first = await world.start({ access: access() });
  await asleep(first.port, "pupil", "p");
  await vi.waitFor(() => expect(first.stored?.disconnected).toBe(1), patience);
  await asleep(first.port, "teacher", "t");
  await vi.waitFor(() => expect(first.stored?.disconnected).toBe(1), patience);
  await first.stop();
  const second = await world.start({ access: access() });
  const publisher = await wire(second.port, "publisher", { clean: true });
  await publisher.publish("secret", "for the teacher");
  expect(second.stored).toMatchObject({ queued: 1 });
});
