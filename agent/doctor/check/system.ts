import { isMadeByService } from "../drop-in.ts";
import { type Check, known, note, ok, problem, type Remark, unchecked, warning } from "../finding.ts";
import { kept, keptWord, listed, say, told } from "../sentence.ts";

const megabyte = 1024 * 1024;
const gigabyte = 1024 * megabyte;
const day = 24 * 3600;

export const node: Check = {
  id: "node",
  about: "the version of Node.js",
  why: "pinbus does not start, or fails in odd ways, on an older Node.js",
  look({ node: { version, oldest } }) {
    if (compare(version, oldest) >= 0) return [ok(say`Node.js ${told(version)}`)];
    return [problem(say`Node.js ${told(version)} is too old: pinbus needs ${told(oldest)}`, say`sudo apt install nodejs`)];
  },
};

export const machine: Check = {
  id: "machine",
  about: "what this machine is: board, system, memory, disks and network interfaces, without serial numbers and addresses",
  why: "whoever helps has to know",
  look: ({ machine: fact }) =>
    known(fact, ({ model, os, kernel, arch, memory, disks = [], network = [] }) => {
      const parts = [
        ...[model, os, kernel && `kernel ${kernel}`, arch, memory && `memory ${memory}`],
        ...disks.map((disk) => `disk ${disk}`),
        ...network.map((one) => `network ${one}`),
      ];
      const words = parts.flatMap((part) => (part ? [told(part)] : []));
      return [words.length > 0 ? ok(listed(words)) : unchecked(say`this machine does not tell what it is`)];
    }),
};

/** By numbers, so that 20.9 comes before 20.19. */
export function compare(one: string, other: string): number {
  const parts = (text: string) => text.replace(/^v/, "").split(/[.-]/).slice(0, 3).map(Number);
  const [a, b] = [parts(one), parts(other)];
  for (let index = 0; index < 3; index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Bits of get_throttled: now, since the boot, and the words for it (Raspberry Pi documentation, vcgencmd). */
const supplies = [
  [0, 16, "under-voltage"],
  [1, 17, "the processor's clock is limited"],
  [2, 18, "the processor is throttled"],
  [3, 19, "it is too hot"],
] as const;

export const supply: Check = {
  id: "supply",
  about: "under-voltage, throttling and heat, now and since the boot",
  why: "a weak supply first makes edges bounce and relays chatter, then corrupts the SD card",
  look: ({ supply: fact }) =>
    known(fact, (bits) => {
      const has = (bit: number) => ((bits >>> bit) & 1) === 1;
      const now = supplies.filter(([bit]) => has(bit));
      const before = supplies.filter(([bit, since]) => has(since) && !has(bit));
      const cure = say`take the supply that belongs to this board (5.1 V), a short thick cable, and cooling if it is the heat`;
      const words = (list: typeof now) => listed(list.map(([, , word]) => told(word)));
      if (now.length > 0) return [problem(say`now: ${words(now)}`, cure)];
      if (before.length > 0) return [warning(say`since the boot, not now: ${words(before)}`, cure)];
      return [ok(say`no under-voltage and no throttling since the boot`)];
    }),
};

export const clock: Check = {
  id: "clock",
  about: "whether the clock is synchronised",
  why: "ages of commands, schedules and certificates are judged by the clock",
  look: ({ clock: fact }) =>
    known(fact, ({ synchronized, service }) => {
      if (synchronized) return [ok(say`the clock is synchronised`)];
      const cure = service === false ? [say`sudo timedatectl set-ntp true`] : [say`timedatectl timesync-status`];
      return [
        warning(say`the clock is not synchronised${told(service === false ? ", and nothing is enabled that would do it" : "")}`, ...cure),
      ];
    }),
};

export const disk: Check = {
  id: "disk",
  about: "space, and whether `state_dir` can be written",
  why: "counters, histories and what waits for the broker are kept there; without it a restart loses them",
  look: ({ disk: fact, config }) =>
    known(fact, ({ path, exists, bytes, files, mount }) => {
      const place = kept("path", path);
      const remarks: Remark[] = [];
      if (mount?.options.includes("ro"))
        remarks.push(
          problem(
            say`${place} is mounted read-only`,
            say`sudo dmesg | grep -iE "mmc|ext4|I/O error"`,
            say`if there are errors: do not write to it; copy what matters to another machine, then check it with fsck from another system, or take a new one`,
            say`only if there are none: sudo mount -o remount,rw ${keptWord("path", mount.point)}`,
          ),
        );
      const few = files.total > 0 && files.free < files.total / 50;
      const mega = Math.floor(bytes.free / megabyte);
      const clean = [say`sudo journalctl --vacuum-size=50M`, say`sudo apt clean`];
      if (bytes.free < 20 * megabyte) remarks.push(problem(say`${mega} MB are left on the disk of ${place}`, ...clean));
      else if (bytes.free < 200 * megabyte || bytes.free < bytes.total / 50)
        remarks.push(warning(say`${mega} MB are left on the disk of ${place}`, ...clean));
      if (few) remarks.push(warning(say`${files.free} files are left on the disk of ${place}`, say`df -i`));
      // Of another folder that is not there, drop-in says who makes it.
      if (!exists && "value" in config && isMadeByService(config.value.config.state_dir))
        remarks.push(note(say`state_dir is not there yet; the service makes it`));
      return remarks.length > 0 ? remarks : [ok(say`${Math.floor(bytes.free / megabyte)} MB are free`)];
    }),
};

/** More than this is no sign of a wrong setting of pinbus, but of something that will wear out a card in a few years. */
const busyPerDay = 10 * gigabyte;

export const card: Check = {
  id: "sd-card",
  about: "how much is written to an SD card, and whether reading writes, too",
  why: "an SD card dies of writes, and takes the machine with it",
  look: ({ disk: fact }) =>
    known(fact, ({ mount, written }) => {
      if (mount === null) return [unchecked(say`it is not known on which disk state_dir is`)];
      if (!/^\/dev\/mmcblk/.test(mount.device)) return [ok(say`state_dir is not on an SD card`)];
      const remarks: Remark[] = [];
      if (!mount.options.some((option) => option === "noatime"))
        remarks.push(
          note(
            say`the card is mounted without noatime: reading a file writes to it, too`,
            say`sudo nano /etc/fstab, write noatime among the options of ${kept("path", mount.point)}, then sudo mount -o remount ${keptWord("path", mount.point)}`,
          ),
        );
      if (written === null) remarks.push(unchecked(say`it is not known how much was written to the card`));
      else if (written.uptimeS > 3600) {
        const perDay = (written.bytes / written.uptimeS) * day;
        const rate = say`${Math.round((perDay / gigabyte) * 10) / 10} GB a day are written to the card`;
        if (perDay > busyPerDay) remarks.push(warning(rate, say`sudo apt install iotop && sudo iotop -ao`));
        else remarks.push(ok(rate));
      } else remarks.push(ok(say`the machine runs for less than an hour: too short to tell how much is written`));
      return remarks;
    }),
};

export const journal: Check = {
  id: "journal",
  about: "whether the journal survives a restart",
  why: "what happened before a crash or a power cut can only be read in a journal on disk",
  look: ({ journal: fact }) =>
    known(fact, (storage) => {
      if (storage === "persistent") return [ok(say`the journal is kept on disk`)];
      if (storage === "none") return [warning(say`there is no journal`, say`systemctl status systemd-journald`)];
      return [
        note(
          say`the journal is kept in memory only, as Raspberry Pi OS has it: it ends with the power (and spares the SD card)`,
          say`sudo mkdir -p /etc/systemd/journald.conf.d && printf '[Journal]\\nStorage=persistent\\nSystemMaxUse=100M\\n' | sudo tee /etc/systemd/journald.conf.d/90-pinbus.conf`,
          say`sudo systemctl restart systemd-journald && sudo journalctl --flush`,
        ),
      ];
    }),
};
