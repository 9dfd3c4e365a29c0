import { readHost } from "../../config/host.ts";
import type { Config } from "../../config/schema.ts";
import { LineError } from "../../gpio/errors.ts";
import { openJournal } from "../../systemd/journal.ts";
import { openNotify } from "../../systemd/notify.ts";
import { progressed, startWatchdog, watchdogUsec } from "../../systemd/watchdog.ts";
import { type Agent, startAgent } from "../agent.ts";
import { SettingError } from "../certificate.ts";
import { exit } from "../exit.ts";
import { rememberNode } from "../node-name.ts";
import { collectSooner } from "../old-generation.ts";
import { systemClock } from "../shell/clock.ts";
import { createLog } from "../shell/log.ts";
import { readVersion } from "../version.ts";
import { type Command, CommandError, load, loadedOrFail, readArgs, settings } from "./command.ts";

/** `pinbus run`: the agent in the foreground, which is what systemd starts. */
export const run: Command = {
  usage: "[--config FILE] [--<setting> VALUE …]",
  summary: "run the agent in the foreground (what systemd starts)",
  async run(args) {
    const { values } = readArgs(args, settings, { min: 0, max: 0 });
    const { config, given, files } = loadedOrFail(values);
    const { CREDENTIALS_DIRECTORY: credentials } = process.env;
    const ownFiles = new Set([...files, ...(credentials === undefined ? [] : [credentials])]);
    const journal = config.log.format === "text" ? undefined : openJournal(process.env);
    const log = createLog({
      level: config.log.level,
      secrets: secretsOf(config),
      ...(journal ? { journal: (entry) => journal.write(entry) } : {}),
    });
    // Until there is an agent, a reload waits for it.
    let reload: (from: string) => void = () => {
      early = true;
    };
    let early = false;
    const notify = openNotify(process.env, { onProblem: (message) => log.warn(message) });

    const stopRequested = new Promise<NodeJS.Signals>((resolve) => {
      for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve(signal));
      // A demo or a test that started the agent must not leave it behind, however it ends.
      process.once("disconnect", () => resolve("SIGTERM"));
      // Somebody who listens for its end keeps the channel open, and with it a process that has stopped.
      process.channel?.unref();
      // A closed terminal ends what was started in it; a service has no terminal and stays.
      process.on("SIGHUP", () => {
        if (process.stdin.isTTY) resolve("SIGHUP");
        else reload("SIGHUP");
      });
    });

    let stopping = false;
    const reloading = {
      began: () => notify?.reloading(),
      ended(status: string) {
        // A reload that the stop has overtaken must not say that the agent is ready.
        if (!stopping) notify?.ready(status);
      },
    };
    let fed: number | undefined;
    const host = readHost();
    await rememberNode(config, host, log);
    let agent: Agent;
    try {
      agent = await startAgent({
        config,
        given,
        host,
        version: readVersion(),
        log,
        load() {
          const loaded = load(values, "read", { patience: 0 });
          // What was named before is no less secret.
          for (const file of loaded.ok ? loaded.files : []) ownFiles.add(file);
          if (loaded.ok) log.hide(secretsOf(loaded.config));
          return loaded;
        },
        ownFiles: () => [...ownFiles],
        reloading,
        fed: () => fed,
      });
    } catch (error) {
      await journal?.close();
      throw new CommandError(
        error instanceof SettingError || (error instanceof LineError && error.code === "no-driver") ? exit.config : exit.refused,
        (error as Error).message,
      );
    }
    notify?.ready("lines are served");
    // The flags are those of all threads, and the built-in broker's has another use of its memory.
    const collectAsUsual = config.mqtt.server === null ? () => {} : collectSooner();
    reload = (from) => void agent.reload(from);
    if (early) reload("SIGHUP");
    const usec = watchdogUsec(process.env);
    const endWatchdog =
      notify && usec !== undefined
        ? startWatchdog({
            notify: {
              watchdog() {
                fed = systemClock.now();
                notify.watchdog();
              },
            },
            usec,
            checks: Object.fromEntries(Object.entries(agent.progress).map(([name, read]) => [name, progressed(read)])),
            onStall: (name) =>
              log.error(`the ${name} made no progress: the watchdog is not fed until it does`, { event: "watchdog-starved" }),
            onRecovery: (name) => log.info(`the ${name} works again`, { event: "watchdog-fed" }),
          })
        : () => {};

    log.info(`${await stopRequested} received`);
    stopping = true;
    notify?.stopping("outputs go to their exit states");
    endWatchdog();
    await agent.stop();
    await notify?.close();
    await journal?.close();
    collectAsUsual();
    return exit.ok;
  },
};

function secretsOf({ mqtt, broker }: Config): string[] {
  const single = [mqtt.password, broker.password, broker.bridge.password];
  return [...single.filter((secret) => secret !== null), ...Object.values(broker.users)];
}
