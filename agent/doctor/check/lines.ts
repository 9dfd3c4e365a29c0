import { gpioOf } from "../../../config/lines.ts";
import type { Config } from "../../../config/schema.ts";
import { formatLineName, type LineName } from "../../../gpio/line.ts";
import { powerOnPull } from "../../../gpio/power-on.ts";
import type { ChipFacts, ConfigFacts, Facts, LineFacts } from "../facts.ts";
import { type Check, known, note, ok, problem, type Remark, unchecked, warning } from "../finding.ts";
import { kept, listed, type Sentence, say, told } from "../sentence.ts";
import { type BootSettings, readBootConfig } from "./boot-config.ts";
import { pwmUses, withoutPwm } from "./pwm.ts";
import { compare } from "./system.ts";

/** The chip whose offsets are the numbers of the header, by its label. */
const headerChips = new Set(["pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1"]);

interface Use {
  /** `input porch` */
  who: Sentence;
  line: LineName;
  output: Config["outputs"][string] | undefined;
}

/** Every line of the configuration, with who uses it. */
function usesOf({ inputs, outputs }: Config): Use[] {
  return [
    ...Object.entries(inputs).flatMap(([id, { line, line_b }]) =>
      [line, line_b].flatMap((one) => (one === null ? [] : { who: say`input ${told(id)}`, line: one, output: undefined })),
    ),
    ...Object.entries(outputs).flatMap(([id, output]) =>
      output.line === null ? [] : { who: say`output ${told(id)}`, line: output.line, output },
    ),
  ];
}

const chipOfHeader = ({ chips }: ChipFacts) => chips.find(({ label }) => headerChips.has(label));

/** Uses of the header's lines. */
function headerUses(config: Config): (Use & { gpio: number })[] {
  return usesOf(config).flatMap((use) => {
    const gpio = gpioOf(use.line);
    return gpio === undefined ? [] : { ...use, gpio };
  });
}

const simulated = (facts: Facts) => "value" in facts.config && facts.config.value.config.gpio.driver === "sim";
const onSimulated: Remark = note(say`gpio.driver is sim: the lines are simulated, nothing is switched on this machine`);

export const gpio: Check = {
  id: "gpio",
  about: "the kernel's character device (uAPI v2) and the chips, by their labels",
  why: "without a chip that may be opened no line works",
  look(facts) {
    if (simulated(facts)) return [onSimulated];
    if (compare(facts.kernel, "5.10.0") < 0)
      return [problem(say`Linux ${told(facts.kernel)} has no character device v2 for GPIO`, say`sudo apt update && sudo apt full-upgrade`)];
    return known(facts.chips, (found) => {
      const { driver, from, chips } = found;
      if (chips.length === 0) return [problem(say`there is no GPIO chip`, say`ls -l /dev/gpiochip*`)];
      const labels = listed(chips.map(({ label, lines }) => say`${told(label)} (${lines.length} lines)`));
      const remarks = [ok(say`driver ${told(driver)}, seen by the ${told(from)}: ${labels}`)];
      if (driver === "sysfs")
        remarks.push(
          note(
            say`the driver sysfs has no pulls, no kernel times and no names of holders; the character device has them`,
            say`write gpio: { driver: auto }`,
          ),
        );
      return chipOfHeader(found)
        ? remarks
        : [...remarks, note(say`none of them has the header of a Raspberry Pi: name lines as {chip: LABEL, offset: N}`)];
    });
  },
};

export const groups: Check = {
  id: "groups",
  about: "the groups gpio, pinbus-op and pinbus-view, for the user pinbus and for who asks",
  why: "the group gpio may use the lines, pinbus-op may operate the agent, pinbus-view may look at it",
  look: ({ accounts, caller }) =>
    known(accounts, ({ groups: all, daemon }) => {
      const remarks: Remark[] = [];
      if (!daemon) remarks.push(note(say`there is no user pinbus: the service is not installed`));
      for (const group of ["gpio", "pinbus-op", "pinbus-view"])
        if (!all.has(group) && daemon) remarks.push(warning(say`there is no group ${told(group)}`, say`sudo systemd-sysusers`));
      if (daemon && all.has("gpio") && !all.get("gpio")?.includes("pinbus"))
        remarks.push(
          problem(say`the user pinbus is not in the group gpio`, say`sudo usermod -aG gpio pinbus && sudo systemctl restart pinbus`),
        );
      const inDaemons = (all.get("pinbus") ?? []).filter((user) => user !== "pinbus");
      if (inDaemons.length > 0)
        remarks.push(
          warning(
            say`in the group pinbus, which may read passwords: ${listed(inDaemons.map((user) => kept("user", user)))}`,
            ...inDaemons.map((user) => say`sudo gpasswd -d ${kept("user", user)} pinbus`),
          ),
        );
      const mine = ["pinbus-op", "pinbus-view"].filter((group) => caller.groups.includes(group));
      if (daemon && !caller.root && mine.length === 0)
        remarks.push(
          note(
            say`${kept("user", caller.user)} is in neither pinbus-op nor pinbus-view, so the agent does not talk to this user`,
            say`sudo usermod -aG pinbus-op ${kept("user", caller.user)}`,
            say`log out and in again`,
          ),
        );
      if (remarks.length > 0) return remarks;
      return [ok(say`the user pinbus is in gpio; ${told(caller.root ? "root may everything" : `you are in ${mine.join(" and ")}`)}`)];
    }),
};

/** What needs the configuration and the chips. */
function withLines(facts: Facts, look: (config: ConfigFacts, chips: ChipFacts) => readonly Remark[]): readonly Remark[] {
  if (simulated(facts)) return [];
  return known(facts.config, (config) => known(facts.chips, (chips) => look(config, chips)));
}

export const busy: Check = {
  id: "lines",
  about: "whether each configured line exists, and who holds it",
  why: "the kernel gives a line to one program only: what another one holds, pinbus cannot use",
  look: (facts) =>
    withLines(facts, ({ config }, chips) => {
      const remarks = usesOf(config).flatMap(({ who, line }) => {
        const found = findLine(line, chips);
        const name = lineName(line);
        if (found === undefined) return [problem(say`${who}: there is no line ${name} here`, say`pinbus pins --all`)];
        if (found.own || found.holder === "") return [];
        return [
          problem(
            say`${who}: ${name} is held by ${kept("program", found.holder === "?" ? "a program without a name" : found.holder)}`,
            ...freeing(found.holder),
          ),
        ];
      });
      const count = usesOf(config).length;
      return remarks.length > 0
        ? remarks
        : [ok(count === 0 ? say`no line is configured` : say`${count} configured lines, all there and free for pinbus`)];
    }),
};

function findLine(line: LineName, chips: ChipFacts): LineFacts | undefined {
  const gpio = gpioOf(line);
  if (gpio !== undefined) return chipOfHeader(chips)?.lines.find(({ offset }) => offset === gpio);
  if (line.kind === "offset")
    return chips.chips.find(({ label }) => label === line.chip)?.lines.find(({ offset }) => offset === line.offset);
  return line.kind === "name" ? chips.chips.flatMap(({ lines }) => lines).find(({ name }) => name === line.name) : undefined;
}

const lineName = (line: LineName) => (gpioOf(line) === undefined ? kept("line", formatLineName(line)) : told(`GPIO${gpioOf(line)}`));

function freeing(holder: string): Sentence[] {
  if (holder.startsWith("pinbus:")) return [say`systemctl status pinbus`, say`sudo fuser -v /dev/gpiochip*`];
  if (holder === "sysfs") return [say`echo NUMBER | sudo tee /sys/class/gpio/unexport`];
  return [say`sudo fuser -v /dev/gpiochip*`, say`grep -n dtoverlay /boot/firmware/config.txt`];
}

export const overlays: Check = {
  id: "overlays",
  about: "devices of the firmware's configuration and of the kernel that take configured lines, and the overlay of PWM lines",
  why: "a line that belongs to 1-wire, I2C, SPI or the serial port does not follow pinbus, or disturbs that device",
  look(facts) {
    if (simulated(facts)) return [];
    return known(facts.config, ({ config }) => {
      const uses = headerUses(config);
      const muxed = "value" in facts.pinmux ? facts.pinmux.value : [];
      const live = uses.flatMap(({ who, gpio }) =>
        muxed
          .filter((entry) => entry.gpio === gpio)
          .map(({ owner }) =>
            problem(
              say`${who}: the kernel has given GPIO${gpio} to ${kept("device", owner)}`,
              say`grep -n -E "dtoverlay|dtparam" /boot/firmware/config.txt`,
            ),
          ),
      );
      const pwms = pwmUses(config);
      const boot = known(facts.boot, ({ path, text }) => {
        const settings = readBootConfig(text);
        return [...takenLines(path, settings, uses), ...withoutPwm(path, settings, pwms)];
      });
      const remarks = [...live, ...boot];
      if (remarks.length > 0 || uses.length + pwms.length === 0) return remarks;
      return [ok(say`no device takes a configured line`)];
    });
  },
};

function takenLines(path: string, { takers }: BootSettings, uses: readonly (Use & { gpio: number })[]): Remark[] {
  return uses.flatMap(({ who, gpio }) =>
    takers
      .filter(({ gpios }) => gpios.includes(gpio))
      .map(({ device, setting, filter }) => {
        const perhaps = filter === null ? say`` : say`, if [${kept("filter", filter)}] is this board`;
        const what = say`${who}: ${told(device)} takes GPIO${gpio} (${kept("setting", setting)} in ${told(path)}${perhaps})`;
        return (filter === null ? problem : warning)(
          what,
          say`sudo nano ${told(path)}, put # in front of ${kept("setting", setting)}, then sudo reboot`,
          say`or take another line`,
        );
      }),
  );
}

export const bootLevels: Check = {
  id: "boot-levels",
  about: "the level that the line of each output has from power-on until the agent starts",
  why: "a relay that switches on with that level clicks, or runs, at each boot",
  look: (facts) =>
    withLines(facts, ({ config }, chips) => {
      const outputs = headerUses(config).flatMap(({ who, gpio, output }) => (output ? [{ who, gpio, active: output.active }] : []));
      if (outputs.length === 0) return [];
      const label = chipOfHeader(chips)?.label ?? "";
      if (powerOnPull(label, 0) === undefined)
        return [
          unchecked(
            say`the levels at power-on of ${label === "" ? told("these chips") : told(label)} are not known to pinbus: look at the relays while it boots`,
          ),
        ];
      const boot = "value" in facts.boot ? facts.boot.value : { path: "/boot/firmware/config.txt", text: "" };
      const settings = readBootConfig(boot.text);
      const remarks = outputs.flatMap(({ who, gpio, active }) => levelRemark(who, gpio, active, label, settings, boot.path));
      return remarks.length > 0 ? remarks : [ok(say`no output is switched on by its line's level at boot`)];
    }),
};

function levelRemark(
  who: Sentence,
  gpio: number,
  active: "high" | "low",
  chip: string,
  { levels, takers }: BootSettings,
  path: string,
): Remark[] {
  const words = lastOf(levels.filter((level) => level.gpio === gpio && level.filter === null).flatMap((level) => level.words));
  const off = active === "high" ? "dl" : "dh";
  if (words.includes("op") && words.includes(off)) return [];
  const mend = [
    say`add gpio=${gpio}=op,${told(off)} to ${told(path)} (it holds from early in the boot, not from power-on), then sudo reboot`,
  ];
  if (words.includes("op") && words.includes(off === "dl" ? "dh" : "dl"))
    return [warning(say`${who}: ${told(path)} drives GPIO${gpio} to the level that switches it on`, ...mend)];
  const serial = gpio === 14 && takers.some(({ gpios, filter }) => gpios.includes(14) && filter === null);
  const pull =
    words.includes("pu") || serial ? "up" : words.includes("pd") ? "down" : words.includes("pn") ? "none" : powerOnPull(chip, gpio);
  if (active === "high" && pull === "up")
    return [
      warning(
        say`${who}: GPIO${gpio} is pulled up from power-on until the agent starts, which switches it on`,
        ...mend,
        say`or take a line from GPIO9 to GPIO27 but GPIO14, which are pulled down`,
      ),
    ];
  if (active === "low" && pull === "down")
    return [
      note(
        say`${who}: GPIO${gpio} is pulled down from power-on until the agent starts; a relay board with a pull-up of its own stays off, another one is on`,
        ...mend,
        say`or take a line from GPIO2 to GPIO8, which are pulled up`,
      ),
    ];
  return [];
}

/** Words of `gpio=` that exclude each other: the firmware sets a line as the last of them says. */
const exclusive = [/^(?:ip|op|a[0-8]|no)$/, /^d[hl]$/, /^p[udn]$/];

function lastOf(words: readonly string[]): string[] {
  return exclusive.flatMap((pattern) => words.findLast((word) => pattern.test(word)) ?? []);
}

/** Programs that drive lines past the kernel, or hold them. */
export const lineProgram: Readonly<Record<string, string>> = {
  pigpiod: "drives lines past the kernel, which then cannot say who holds them",
  rgpiod: "holds the lines that its clients ask for",
  lircd: "uses the line of its infrared receiver",
  "mqtt-io": "does what pinbus does",
  "pi-mqtt-gpio": "does what pinbus does",
};

export const programs: Check = {
  id: "programs",
  about: "other programs that use lines: pigpiod and others that are known",
  why: "two programs on one line switch it against each other",
  look: (facts) =>
    known(facts.programs, (running) => {
      if (running.length === 0) return [ok(say`no other program is known to use lines`)];
      return running.map(({ name, pid }) => {
        const what = say`${told(name)} runs (process ${pid}): it ${told(lineProgram[name] ?? "uses lines")}`;
        const unit = name === "lircd" || name.endsWith("d") ? name : `${name}.service`;
        return warning(what, say`sudo systemctl disable --now ${told(unit)}`);
      });
    }),
};
