import assert from "node:assert/strict";
import type { KeyDriver, KeyRequest } from "../../../gpio/keys.ts";
import { type Input, inputOf, refused, until } from "./probe.ts";

/** Who presses the keys of one device that has KEY_F1, KEY_A and SW_TABLET_MODE, and pulls it out. */
export interface KeyWorld {
  readonly driver: KeyDriver;
  readonly device: string;
  press(key: string, down: boolean): void | Promise<void>;
  unplug(): void | Promise<void>;
  replug(): void | Promise<void>;
}

export function openKey(driver: KeyDriver, request: Partial<KeyRequest> & { device: string }): Input {
  const full: KeyRequest = { key: "KEY_F1", active: "high", grab: false, consumer: "pinbus:pedal", ...request };
  return inputOf((listener) => driver.open(full, listener));
}

const edges = ({ events }: Input) => events.map(({ edge, seqno }) => `${edge} ${seqno}`);

/** What every driver of keys promises in `gpio/keys.ts`. */
export const keyCases: readonly { name: string; run(world: KeyWorld): void | Promise<void> }[] = [
  {
    name: "a press and a release are two edges, numbered from 1, and the level is theirs",
    async run({ driver, device, press }) {
      const key = openKey(driver, { device });
      assert.equal(key.handle.read(), false);
      await press("KEY_F1", true);
      await until(() => key.events.length === 1, "the press");
      assert.equal(key.handle.read(), true);
      await press("KEY_F1", false);
      await until(() => key.events.length === 2, "the release");
      assert.deepEqual(edges(key), ["rising 1", "falling 2"]);
    },
  },
  {
    name: "keys and a switch of one device are told apart",
    async run({ driver, device, press }) {
      const [f1, a, tablet] = ["KEY_F1", "KEY_A", "SW_TABLET_MODE"].map((key) => openKey(driver, { device, key })) as [Input, Input, Input];
      await press("KEY_A", true);
      await press("SW_TABLET_MODE", true);
      await press("KEY_F1", true);
      await until(() => f1.events.length + a.events.length + tablet.events.length === 3, "three edges");
      assert.deepEqual([f1, a, tablet].map(edges), [["rising 1"], ["rising 1"], ["rising 1"]]);
    },
  },
  {
    name: "active low turns level and edges round, and one kind of edge alone is told",
    async run({ driver, device, press }) {
      const low = openKey(driver, { device, active: "low" });
      const presses = openKey(driver, { device, key: "KEY_A", edges: "rising" });
      assert.equal(low.handle.read(), true);
      for (const down of [true, false, true]) {
        await press("KEY_F1", down);
        await press("KEY_A", down);
      }
      await until(() => low.events.length === 3 && presses.events.length === 2, "their edges");
      assert.deepEqual(edges(low), ["falling 1", "rising 2", "falling 3"]);
      assert.deepEqual(edges(presses), ["rising 1", "rising 2"]);
    },
  },
  {
    name: "a key that is held when it is opened is down, and nobody is told of a press",
    async run({ driver, device, press }) {
      // Of the simulated board a device is there once it is named.
      openKey(driver, { device, key: "KEY_A" });
      await press("KEY_F1", true);
      const key = openKey(driver, { device });
      assert.equal(key.handle.read(), true);
      await press("KEY_F1", false);
      await until(() => key.events.length > 0, "the release");
      assert.deepEqual(edges(key), ["falling 1"]);
    },
  },
  {
    name: "a device that is unplugged is told once for each key, and is found again when it is back",
    async run({ driver, device, press, unplug, replug }) {
      const [f1, a] = ["KEY_F1", "KEY_A"].map((key) => openKey(driver, { device, key })) as [Input, Input];
      await unplug();
      await until(() => f1.gone + a.gone === 2, "the loss of both");
      refused("gone", () => f1.handle.read());
      f1.handle.close();
      a.handle.close();
      refused("no-chip", () => openKey(driver, { device }));
      await replug();
      const again = openKey(driver, { device });
      await press("KEY_F1", true);
      await until(() => again.events.length === 1, "the press");
      assert.deepEqual([f1.gone, a.gone, f1.events.length], [1, 1, 0]);
    },
  },
  {
    name: "a key that was closed is told nothing, and closing it twice is nothing",
    async run({ driver, device, press }) {
      const [closed, open] = ["KEY_F1", "KEY_A"].map((key) => openKey(driver, { device, key })) as [Input, Input];
      closed.handle.close();
      closed.handle.close();
      await press("KEY_F1", true);
      await press("KEY_A", true);
      await until(() => open.events.length === 1, "the press of the other");
      assert.deepEqual(closed.events, []);
      refused("io", () => closed.handle.read());
    },
  },
];
