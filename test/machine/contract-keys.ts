import { writeFileSync } from "node:fs";
import { openEvdev } from "../../gpio/evdev.ts";
import { inputDevices } from "../../gpio/input-devices.ts";
import { keyCode } from "../../gpio/key-codes.ts";
import { loadNative } from "../../gpio/native.ts";
import { keyCases, openKey } from "../gpio/contract/keys.ts";
import { P, retained } from "./bus.ts";
import { type Case, eventually, pause } from "./cases.ts";
import { attempt, run } from "./commands.ts";
import { configFile, configure, program } from "./install.ts";
import { type Code, Keyboard } from "./keyboard.ts";
import { Listener } from "./listener.ts";
import { journalCursor, journalSince, mainPid } from "./unit.ts";

// Devices of uinput: the kernel's own evdev is what the agent reads.

const pedal = "pinbus test pedal";
const f1: Code = "1:59";
const a: Code = "1:30";
// Not SW_LID: systemd-logind would put the machine to sleep.
const tablet: Code = "5:1";
const dropInFile = "/run/systemd/system/pinbus.service.d/keys.conf";

const yaml = (more = "") => `node: machine
gpio: { driver: chardev }
mqtt: { server: 127.0.0.1 }
inputs:
  pedal: { evdev: ${pedal}, key: KEY_F1, events: [press_start]${more} }
  tablet: { evdev: ${pedal}, key: SW_TABLET_MODE, kind: switch }
outputs: { lamp: { line: 27 } }
rules: { pedal-lamp: { when: { input: pedal, gesture: press }, do: [{ output: lamp, set: toggle }] } }
`;

/** Ends with 0 where the device can be grabbed. */
const grab = `open(my $device, "<", $ARGV[0]) or die "$!"; ioctl($device, 0x40044590, 1) or do { print "$!"; exit 1 };`;

export function keyMachineCases(): Case[] {
  let keyboard: Keyboard | undefined;
  const plugged = () => keyboard ?? fail("the keyboard is not plugged in");
  const plug = async () => {
    keyboard = await Keyboard.plug(pedal, f1, a, tablet);
    await eventually("its device file", () => eventOf() !== undefined && hasFile());
  };
  const eventOf = () => inputDevices().find(({ name }) => name === pedal)?.event;
  const hasFile = async () => (await attempt("test", "-c", `/dev/input/${eventOf()}`)).code === 0;
  const state = (id: string, word: string) => eventually(`${id} is ${word}`, async () => (await retained(`${P}/in/${id}/state`)) === word);
  const health = async () => (await retained(`${P}/health`)) || "{}";
  const events = (listener: Listener) => listener.heard.flatMap(({ payload }) => /"event_type":"(\w+)"/.exec(payload)?.[1] ?? []);

  return [
    {
      name: "a service that nobody has allowed to read input devices says so, and what to do",
      run: async () => {
        await run("modprobe", "uinput");
        await run("modprobe", "evdev");
        await plug();
        await configure(yaml());
        await run("systemctl", "start", "mosquitto.service");
        await run("systemctl", "restart", "pinbus.service");
        const said = await eventually("the reason", async () => {
          const text = await health();
          return text.includes("input pedal") && text;
        });
        console.log(`# ${said}`);
        if (!said.includes("may not open /dev/input/event") || !said.includes("`pinbus service drop-in`")) throw new Error(said);
      },
    },
    {
      name: "`pinbus keys` names the device and its keys, and `pinbus service drop-in` prints what lets the service read it",
      run: async () => {
        const found = await run(program[0], program[1], "keys");
        console.log(found.replaceAll(/^/gm, "# ").trimEnd());
        for (const key of ["KEY_F1", "KEY_A", "SW_TABLET_MODE"])
          if (!found.includes(`{ evdev: "${pedal}", key: ${key}`)) throw new Error(found);
        const dropIn = await run(program[0], program[1], "service", "drop-in", "--config", configFile);
        console.log(dropIn.replaceAll(/^/gm, "# ").trimEnd());
        writeFileSync(dropInFile, dropIn);
        await run("systemctl", "daemon-reload");
        await run("systemctl", "restart", "pinbus.service");
        await state("pedal", "OFF");
        await state("tablet", "OFF");
      },
    },
    {
      name: "a press is told and switches an output; a held key that repeats is one long press; a switch is a level",
      run: async () => {
        const listener = await Listener.start(`${P}/in/pedal/event`);
        listener.forget();
        const before = await retained(`${P}/out/lamp/state`);
        // At once: whatever holds up this machine between them, would hold the key.
        await plugged().move([f1, 1], [f1, 0]);
        await listener.wait(`${P}/in/pedal/event`, /"press_end"/);
        await eventually("the lamp", async () => (await retained(`${P}/out/lamp/state`)) !== before);
        listener.forget();
        await plugged().move([f1, 1]);
        for (let time = 0; time < 10; time++) {
          await pause(100); // so fast does a keyboard repeat, for longer than a hold
          await plugged().move([f1, 2]);
        }
        await listener.wait(`${P}/in/pedal/event`, /"long_press_start"/);
        await plugged().move([f1, 0]);
        await listener.wait(`${P}/in/pedal/event`, /"long_press_end"/);
        if (events(listener).join(" ") !== "press_start long_press_start long_press_end") throw new Error(`${listener}`);
        await plugged().move([tablet, 1]);
        await state("tablet", "ON");
        await plugged().move([tablet, 0]);
        await state("tablet", "OFF");
        await listener.stop();
      },
    },
    {
      name: "of what else is typed nothing is told or logged",
      run: async () => {
        const cursor = await journalCursor();
        const listener = await Listener.start(`${P}/in/#`);
        listener.forget();
        for (let time = 0; time < 500; time++) await plugged().move([a, 1], [a, 0]);
        await plugged().move([f1, 1], [f1, 0]);
        await listener.wait(`${P}/in/pedal/event`, /"press_end"/);
        const lines = (await journalSince(cursor)).filter((line) => /KEY_A|\b30\b/.test(line));
        if (events(listener).length !== 2 || lines.length > 0) throw new Error(`${listener}\n${lines.join("\n")}`);
        await listener.stop();
      },
    },
    {
      name: "after more events than the kernel keeps, while the agent stood still, the level is right and the next press is told",
      run: async () => {
        const pid = await mainPid();
        for (const last of [1, 0] as const) {
          process.kill(pid, "SIGSTOP");
          try {
            for (let time = 0; time < 300; time++) await plugged().move([f1, 1], [f1, 0]);
            if (last === 1) await plugged().move([f1, 1]);
          } finally {
            process.kill(pid, "SIGCONT");
          }
          await state("pedal", last === 1 ? "ON" : "OFF");
          if (last === 1) await plugged().move([f1, 0]);
          await state("pedal", "OFF");
        }
        const listener = await Listener.start(`${P}/in/pedal/event`);
        listener.forget();
        await plugged().move([f1, 1], [f1, 0]);
        await listener.wait(`${P}/in/pedal/event`, /"press_end"/);
        await listener.stop();
      },
    },
    {
      name: "a device that is unplugged makes its inputs unknown, by name in the health, and they come back by themselves",
      run: async () => {
        await plugged().unplug();
        await state("pedal", "UNKNOWN");
        const said = await eventually("both in the health", async () => {
          const text = await health();
          return text.includes("input pedal") && text.includes("input tablet") && text;
        });
        console.log(`# ${said}`);
        await plug();
        await state("pedal", "OFF");
        await state("tablet", "OFF");
        await plugged().move([f1, 1]);
        await state("pedal", "ON");
        await plugged().move([f1, 0]);
        await state("pedal", "OFF");
      },
    },
    {
      name: "with grab nobody else gets the keys, from a reload on and until the next one",
      run: async () => {
        const tries = async () => (await attempt("perl", "-e", grab, `/dev/input/${eventOf()}`)).code;
        if ((await tries()) !== 0) throw new Error("it was grabbed before");
        for (const [more, code] of [
          [", grab: on", 1],
          ["", 0],
        ] as const) {
          await configure(yaml(more));
          await run(program[0], program[1], "reload");
          await eventually(`a grab that ends with ${code}`, async () => (await tries()) === code);
          await state("pedal", "OFF");
          await plugged().move([f1, 1]);
          await state("pedal", "ON");
          await plugged().move([f1, 0]);
          await state("pedal", "OFF");
        }
        await run("systemctl", "stop", "pinbus.service");
        await plugged().unplug();
      },
    },
    {
      name: "the kernel hands this process no key but the one that it asked for",
      run: async () => {
        await plug();
        const real = loadNative();
        const handed: number[] = [];
        const watch: typeof real.watch = (fd, events, ready) =>
          real.watch(fd, events, (count) => {
            for (let at = 0; at < count; at++) handed.push(events[3 * at] ?? 0);
            ready(count);
          });
        const driver = openEvdev(() => ({ ...real, watch }));
        try {
          const key = openKey(driver, { device: pedal });
          for (let time = 0; time < 50; time++) await plugged().move([a, 1], [tablet, 1], [a, 0], [tablet, 0]);
          await plugged().move([f1, 1], [f1, 0]);
          await eventually("the release", () => key.events.length === 2);
          console.log(`# handed over: ${handed.join(" ")}`);
          if (handed.some((what) => what !== 0 && what !== 65_536 + 59)) throw new Error("another key came");
        } finally {
          driver.close();
          await plugged().unplug();
        }
      },
    },
    ...keyCases.map(
      ({ name, run: runCase }): Case => ({
        name: `the contract of keys: ${name}`,
        run: async () => {
          await plug();
          const driver = openEvdev();
          const press = async (key: string, down: boolean) => {
            const { type, code } = keyCode(key) ?? fail(key);
            await plugged().move([`${type === "key" ? 1 : 5}:${code}`, down ? 1 : 0]);
          };
          try {
            await runCase({ driver, device: pedal, press, unplug: () => plugged().unplug(), replug: plug });
          } finally {
            driver.close();
            await plugged().unplug();
          }
        },
      }),
    ),
  ];
}

function fail(what: string): never {
  throw new Error(what);
}
