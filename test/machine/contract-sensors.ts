import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { P, retained } from "./bus.ts";
import { type Case, eventually } from "./cases.ts";
import { attempt, run } from "./commands.ts";
import { configFile, configure, program } from "./install.ts";

// Chips of which only the registers are simulated (i2c-stub): lm75, bmp280 and ti-ads1015 are the kernel's own drivers, and so are the files
// that the agent reads.

const yaml = `node: machine
gpio: { driver: chardev }
mqtt: { server: 127.0.0.1 }
inputs: { porch: { line: 17, active: low, bias: pull-up } }
`;

/** Writes registers over SMBus, each as `CHIP REGISTER VALUE b|w`: Debian's i2cset would bring all of Perl, of which the essential part can do it. */
const smbus = `my $bus = shift @ARGV;
open(my $device, "+<", "/dev/i2c-$bus") or die "open: $!";
while (my ($chip, $register, $value, $size) = splice(@ARGV, 0, 4)) {
  ioctl($device, 0x0706, 0 + $chip) or die "I2C_SLAVE_FORCE: $!";
  my $data = pack($size eq "w" ? "S" : "C", $value) . ("\\0" x 32);
  my $request = pack("CCx2LP", 0, $register, $size eq "w" ? 3 : 2, $data);
  ioctl($device, 0x0720, $request) or die "I2C_SMBUS: $!";
}
`;

const chips = { lm75: 0x48, ads1015: 0x49, bme280: 0x76 } as const;
/** The address of a second chip of the LM75's driver. */
const neighbour = 0x4a;
type ChipName = keyof typeof chips;

/** Calibration and answer of the example in Bosch's datasheet of the BMP280 (section 3.12): 25.08 °C and 1006.53 hPa; humidity has no example. */
const bosch = {
  136: [27504, 26435, -1000, 36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000].flatMap((word) => [word & 255, (word >> 8) & 255]),
  161: [75],
  // H2 = 370, H3 = 0, H4 = 313, H5 = 50, H6 = 30.
  225: [0x72, 0x01, 0, 313 >> 4, (313 & 15) | ((50 & 15) << 4), 50 >> 4, 30],
  247: [0x65, 0x5a, 0xc0, 0x7e, 0xed, 0x00, 0x6d, 0x60],
  208: [0x60],
};

export function sensorCases(): Case[] {
  let bus = "";
  type Register = readonly [chip: ChipName, register: number, value: number, size: "b" | "w"];
  const write = async (...registers: Register[]) => {
    await run("perl", "/run/smbus.pl", bus, ...registers.flatMap(([chip, ...rest]) => [chips[chip], ...rest].map(String)));
  };
  /** The LM75 has its high byte first, in half degrees of nine bits; SMBus has its low byte first. */
  const lm75 = (degrees: number): Register => {
    const bits = Math.round(degrees * 2) << 7;
    return ["lm75", 0, ((bits & 255) << 8) | ((bits >> 8) & 255), "w"];
  };
  /** 12 bits, high byte first. */
  const ads1015 = (raw: number): Register => ["ads1015", 0, ((raw << 12) & 0xff00) | ((raw >> 4) & 255), "w"];
  const adapter = () => `/sys/bus/i2c/devices/i2c-${bus}`;
  const plug = (chip: ChipName) => writeFileSync(`${adapter()}/new_device`, `${chip} ${chips[chip]}\n`);
  const unplug = (chip: ChipName) => writeFileSync(`${adapter()}/delete_device`, `${chips[chip]}\n`);
  const state = async (id: string) => JSON.parse((await retained(`${P}/sensor/${id}/state`)) || "{}") as Record<string, unknown>;
  const quality = (id: string) => retained(`${P}/sensor/${id}/quality`);
  const reads = async (id: string, name: string, value: number) => {
    await eventually(`${id} reads ${name} ${value}`, async () => (await state(id))[name] === value).catch(async (error: Error) => {
      throw new Error(`${error.message}, but ${JSON.stringify(await state(id))} ${await quality(id)}`);
    });
  };
  const folderOf = (name: string) =>
    readdirSync("/sys/class/hwmon").find((folder) => readFileSync(`/sys/class/hwmon/${folder}/name`, "utf8").trim() === name);

  return [
    {
      name: "`pinbus sensors` finds an LM75, a BME280 and an ADS1015 by the kernel's drivers, and the service runs with what it prints",
      run: async () => {
        writeFileSync("/run/smbus.pl", smbus);
        await run("modprobe", "i2c-dev");
        await run("modprobe", "i2c-stub", `chip_addr=${[...Object.values(chips), neighbour].join(",")}`);
        const stub = readdirSync("/sys/class/i2c-dev").find((name) =>
          readFileSync(`/sys/class/i2c-dev/${name}/name`, "utf8").startsWith("SMBus stub"),
        );
        bus = (stub ?? "i2c-none").replace("i2c-", "");
        const bme280 = Object.entries(bosch).flatMap(([register, bytes]) =>
          bytes.map((byte, index): Register => ["bme280", Number(register) + index, byte, "b"]),
        );
        // The configuration of an ADS1015 is what it has after power-on.
        await write(lm75(21.5), ...bme280, ads1015(291), ["ads1015", 1, 0x8385, "w"]);
        for (const module of ["lm75", "bmp280-i2c", "ti-ads1015"]) await run("modprobe", module);
        for (const chip of ["lm75", "bme280", "ads1015"] as const) plug(chip);
        const found = await run(program[0], program[1], "sensors");
        console.log(found.replaceAll(/^/gm, "# ").trimEnd());
        const often = found.replaceAll(" }", ", every: 1s, stale_after: 60s }");
        const command =
          'uptime: { driver: command, command: [/usr/bin/cut, "-d ", -f1, /proc/uptime], unit: s, every: 1s, stale_after: 60s }';
        await configure(`${yaml}${often.trimEnd()}\n  ${command}\n`);
        await run(program[0], program[1], "check", "--config", configFile);
        await run("systemctl", "start", "mosquitto.service");
        await run("systemctl", "restart", "pinbus.service");
      },
    },
    {
      name: "an LM75 is read as what stands in its register, below zero too",
      run: async () => {
        await reads("lm75", "temperature", 21.5);
        await write(lm75(-10.5));
        await reads("lm75", "temperature", -10.5);
      },
    },
    {
      name: "a BME280 is read as in the example of Bosch's datasheet: 25.08 °C, 1006.53 hPa",
      run: async () => {
        await reads("bme280", "temperature", 25.08);
        const { pressure, humidity, unit } = await state("bme280");
        console.log(`# ${pressure} hPa, ${humidity} %`);
        if (Math.abs(Number(pressure) - 1006.53) > 0.01) throw new Error(`${pressure} hPa`);
        if (!(Number(humidity) > 0 && Number(humidity) < 100)) throw new Error(`${humidity} %`);
        if (JSON.stringify(unit) !== '{"temperature":"°C","humidity":"%","pressure":"hPa"}') throw new Error(JSON.stringify(unit));
      },
    },
    {
      name: "an ADS1015 is read in volts, by the scale that the kernel gives",
      run: () => reads("ads1015", "voltage_0", 0.291),
    },
    {
      name: "a chip that goes away has failed with the reason, the others go on, and it is found again under another number",
      run: async () => {
        const before = folderOf("lm75");
        unplug("lm75");
        const why = await eventually("lm75 has failed", async () => {
          const said = await quality("lm75");
          return said.startsWith("failed: ") && said;
        });
        await write(ads1015(292));
        await reads("ads1015", "voltage_0", 0.292);
        // Takes the number that the LM75 had.
        writeFileSync(`${adapter()}/new_device`, `tmp75 ${neighbour}\n`);
        plug("lm75");
        await write(lm75(30));
        await reads("lm75", "temperature", 30);
        console.log(`# ${why}; ${before}, now ${folderOf("tmp75")} is its neighbour and ${folderOf("lm75")} the LM75`);
        if (folderOf("lm75") === before) throw new Error("it has the number that it had");
        if ((await quality("lm75")) !== "ok") throw new Error(await quality("lm75"));
      },
    },
    {
      name: "a command is run in the sandbox of the service",
      run: async () => {
        const first = await eventually("the uptime", async () => Number((await state("uptime")).value ?? 0));
        await eventually("a later one", async () => Number((await state("uptime")).value) > first);
      },
    },
    {
      name: "the sensors of the kernel, and a program of Debian's, need no drop-in",
      run: async () => {
        const { stdout, stderr } = await attempt(program[0], program[1], "service", "drop-in", "--config", configFile);
        if (stdout !== "" || !stderr.includes("needs no drop-in")) throw new Error(`${stdout}${stderr}`);
      },
    },
  ];
}
