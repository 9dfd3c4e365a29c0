import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { createBroker } from "../../../agent/embedded/broker.ts";
import type { Broker, BrokerOptions } from "../../../agent/embedded/broker-terms.ts";
import type { StoreSettings } from "../../../agent/embedded/store.ts";
import { silentLog } from "../../brokers.ts";
import { keptLog, tempFolder } from "../shell/fixture.ts";

/** One broker after the other; with a disk, each finds what the one before had given to the kernel when it was killed. */
export function storeWorld({ disk = true, ...changes }: Partial<StoreSettings> & { disk?: boolean } = {}) {
  const folder = tempFolder();
  const log = keptLog();
  const clock = { mono: 1_000_000, epoch: Date.UTC(2026, 10, 21), now: () => clock.mono, wall: () => clock.epoch + clock.mono };
  const problems: (string | null)[] = [];
  let lives = 0;
  const fileOf = (life: number) => join(folder, String(life), "broker.jsonl");
  const world = {
    log,
    clock,
    problems,
    folder,
    /** Of the newest broker. */
    get file(): string {
      return fileOf(lives);
    },
    /** Makes the file that the next broker finds; default: as the last one has it now. */
    prepare(): string {
      const next = fileOf(lives + 1);
      mkdirSync(join(folder, String(lives + 1)), { recursive: true });
      if (existsSync(fileOf(lives))) copyFileSync(fileOf(lives), next);
      return next;
    },
    async start(more: Partial<BrokerOptions> = {}): Promise<Broker & { port: number }> {
      if (disk && !existsSync(fileOf(lives + 1))) world.prepare();
      lives++;
      const broker = createBroker({
        listeners: [{ protocol: "mqtt", address: "127.0.0.1", port: 0 }],
        sysInterval: 3_600_000,
        version: "9.8.7",
        log: silentLog,
        now: () => performance.now(),
        store: {
          file: disk ? fileOf(lives) : null,
          maxQueued: 1000,
          sessionExpiry: 3_600_000,
          clock,
          log,
          onProblem: (problem) => problems.push(problem),
          ...changes,
        },
        ...more,
      });
      onTestFinished(() => broker.stop());
      await broker.start();
      return Object.assign(broker, { port: broker.addresses[0]?.port ?? 0 });
    },
  };
  return world;
}
