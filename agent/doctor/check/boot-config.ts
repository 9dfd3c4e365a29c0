// What /boot/firmware/config.txt does to the header's lines. The firmware reads the file once, so it holds from the next boot on.

/** A device that takes lines, and the line of the file that asks for it. */
export interface Taker {
  /** As written: `dtoverlay=w1-gpio`. */
  setting: string;
  /** For people: `1-wire`. */
  device: string;
  gpios: readonly number[];
  /** Below a filter such as `[pi4]`: whether it holds here is not known. */
  filter: string | null;
}

/** What the firmware does to a line before Linux starts. */
export interface BootLevel {
  gpio: number;
  /** `op` output, `ip` input; `dh` and `dl` drive high and low; `pu`, `pd` and `pn` are pulls. */
  words: readonly string[];
  filter: string | null;
}

export interface BootSettings {
  takers: readonly Taker[];
  levels: readonly BootLevel[];
}

type Parameters = ReadonlyMap<string, string>;
/** A parameter of an overlay that names a line, and the line without it. */
type Pin = readonly [parameter: string, fallback: number];
/** Lines that an overlay always takes, and those that its parameters name. */
type Lines = readonly (number | Pin)[];

const spi0: Lines = [9, 10, 11];
const spi1: Lines = [19, 20, 21];
const uart: Lines = [14, 15];

/** `dtparam=NAME=on` of the boards' own device trees. */
const devices: Readonly<Record<string, readonly [device: string, lines: Lines]>> = {
  i2c: ["I2C", [2, 3]],
  i2c1: ["I2C", [2, 3]],
  i2c_arm: ["I2C", [2, 3]],
  i2c0: ["I2C of the ID pins", [0, 1]],
  i2c_vc: ["I2C of the ID pins", [0, 1]],
  spi: ["SPI", [7, 8, ...spi0]],
  i2s: ["I2S audio", [18, 19, 20, 21]],
  uart0: ["the serial port", uart],
  uart0_console: ["the serial console", uart],
};

/** As the firmware's overlays/README describes them; the lines are those without parameters. */
const overlays: Readonly<Record<string, readonly [device: string, lines: Lines]>> = {
  "w1-gpio": ["1-wire", [["gpiopin", 4]]],
  "w1-gpio-pi5": ["1-wire", [["gpiopin", 4]]],
  "w1-gpio-pullup": [
    "1-wire",
    [
      ["gpiopin", 4],
      ["extpullup", 5],
    ],
  ],
  "gpio-ir": ["the infrared receiver", [["gpio_pin", 18]]],
  "gpio-ir-tx": ["the infrared sender", [["gpio_pin", 18]]],
  "pwm-ir-tx": ["the infrared sender", [["gpio_pin", 18]]],
  "gpio-shutdown": ["the power button", [["gpio_pin", 3]]],
  "gpio-poweroff": ["the power-off signal", [["gpiopin", 26]]],
  "gpio-fan": ["the fan", [["gpiopin", 12]]],
  "gpio-key": ["a key", [["gpio", 3]]],
  dht11: ["a DHT sensor", [["gpiopin", 4]]],
  "pps-gpio": ["the pulse per second", [["gpiopin", 18]]],
  "rotary-encoder": [
    "a rotary encoder",
    [
      ["pin_a", 4],
      ["pin_b", 17],
    ],
  ],
  "i2c-gpio": [
    "I2C",
    [
      ["i2c_gpio_sda", 23],
      ["i2c_gpio_scl", 24],
    ],
  ],
  pwm: ["PWM", [["pin", 18]]],
  "pwm-2chan": [
    "PWM",
    [
      ["pin", 18],
      ["pin2", 19],
    ],
  ],
  "spi0-1cs": ["SPI", [...spi0, ["cs0_pin", 8]]],
  "spi0-2cs": ["SPI", [...spi0, ["cs0_pin", 8], ["cs1_pin", 7]]],
  "spi1-1cs": ["SPI", [...spi1, ["cs0_pin", 18]]],
  "spi1-2cs": ["SPI", [...spi1, ["cs0_pin", 18], ["cs1_pin", 17]]],
  "spi1-3cs": ["SPI", [...spi1, ["cs0_pin", 18], ["cs1_pin", 17], ["cs2_pin", 16]]],
  "mcp2515-can0": ["CAN", [7, 8, ...spi0, ["interrupt", 25]]],
  "mcp2515-can1": ["CAN", [7, 8, ...spi0, ["interrupt", 25]]],
  enc28j60: ["Ethernet", [8, ...spi0, ["int_pin", 25]]],
  "disable-bt": ["the serial port", uart],
  "miniuart-bt": ["the serial port", uart],
  uart1: [
    "a serial port",
    [
      ["txd1_pin", 14],
      ["rxd1_pin", 15],
    ],
  ],
  uart2: ["a serial port", [0, 1]],
  uart3: ["a serial port", [4, 5]],
  uart4: ["a serial port", [8, 9]],
  uart5: ["a serial port", [12, 13]],
  "uart0-pi5": ["a serial port", uart],
  "uart1-pi5": ["a serial port", [0, 1]],
  "uart2-pi5": ["a serial port", [4, 5]],
  "uart3-pi5": ["a serial port", [8, 9]],
  "uart4-pi5": ["a serial port", [12, 13]],
  "hifiberry-dac": ["I2S audio", [18, 19, 21]],
  "hifiberry-dacplus": ["I2S audio", [18, 19, 20, 21]],
  "i2s-mmap": ["I2S audio", [18, 19, 20, 21]],
  vga666: ["the VGA board", Array.from({ length: 20 }, (_, index) => index + 2)],
};

const on = new Set(["on", "yes", "true", "1"]);

/** Reads what concerns the header; what it does not know takes no line as far as it knows. */
export function readBootConfig(text: string): BootSettings {
  const takers: Taker[] = [];
  const levels: BootLevel[] = [];
  let filter: string | null = null;
  let overlay: OpenOverlay | undefined;
  for (const raw of text.split(/\r?\n/)) {
    const line = raw.replace(/#.*/, "").trim();
    const section = /^\[(.+)\]$/.exec(line)?.[1];
    if (section !== undefined) filter = section === "all" ? null : section;
    const [, key = "", value = ""] = /^(\w+)\s*=\s*(.*)$/.exec(line) ?? [];
    if (key === "gpio") levels.push(...levelsOf(value, filter));
    if (overlayKeys.has(key)) {
      overlay = openOverlay(line, value, filter);
      if (overlay) takers.push(takerOf(overlay));
    } else if (paramKeys.has(key) && overlay && isOf(overlay, value)) {
      const before = takerOf(overlay);
      const given = new Map([...overlay.given, ...parametersOf(value)]);
      const later: OpenOverlay = { ...overlay, given, setting: `${overlay.setting}, ${line}`, filter };
      // Below another filter either may hold.
      if (filter !== overlay.filter) takers.push(takerOf(later));
      else {
        overlay = later;
        takers.splice(
          takers.findIndex(({ setting }) => setting === before.setting),
          1,
          takerOf(later),
        );
      }
    } else takers.push(...takenBy(key, value).map((taker) => ({ setting: line, ...taker, filter })));
  }
  return { takers, levels };
}

function takenBy(key: string, value: string): Pick<Taker, "device" | "gpios">[] {
  if (key === "enable_uart") return on.has(value) ? [{ device: "the serial port", gpios: [14, 15] }] : [];
  const [first = "", ...rest] = value.split(",").map((part) => part.trim());
  if (paramKeys.has(key)) {
    return [first, ...rest].flatMap((part) => {
      const [name = "", state = "on"] = part.split("=");
      const found = Object.hasOwn(devices, name) && on.has(state) ? devices[name] : undefined;
      return found ? [{ device: found[0], gpios: linesOf(found[1], new Map()) }] : [];
    });
  }
  return [];
}

/** An overlay whose parameters may go on in lines of their own: `dtparam=` after `dtoverlay=` is its, until the next one. */
interface OpenOverlay {
  setting: string;
  device: string;
  lines: Lines;
  given: Parameters;
  filter: string | null;
}

const overlayKeys = new Set(["dtoverlay", "device_tree_overlay"]);
const paramKeys = new Set(["dtparam", "device_tree_param"]);

function openOverlay(setting: string, value: string, filter: string | null): OpenOverlay | undefined {
  // `name:parameter=value` means the same as `name,parameter=value`.
  const [, name = "", rest = ""] = /^([^,:]*)[,:]?(.*)$/.exec(value) ?? [];
  const found = Object.hasOwn(overlays, name) ? overlays[name] : undefined;
  return found && { setting, device: found[0], lines: found[1], given: parametersOf(rest.replaceAll(":", ",")), filter };
}

const takerOf = ({ setting, device, lines, given, filter }: OpenOverlay): Taker => ({
  setting,
  device,
  gpios: linesOf(lines, given),
  filter,
});

const isOf = ({ lines }: OpenOverlay, value: string) => {
  const given = parametersOf(value);
  return lines.some((line) => typeof line !== "number" && given.has(line[0]));
};

function parametersOf(text: string): Parameters {
  return new Map(text.split(",").map((part) => [part.split("=")[0]?.trim() ?? "", part.split("=")[1]?.trim() ?? ""]));
}

function linesOf(lines: Lines, given: Parameters): number[] {
  return lines.map((line) => {
    if (typeof line === "number") return line;
    const value = Number.parseInt(given.get(line[0]) ?? "", 10);
    return Number.isNaN(value) ? line[1] : value;
  });
}

/** `5=op,dl` or `0-8,12=pd` */
function levelsOf(value: string, filter: string | null): BootLevel[] {
  const [which = "", words = ""] = value.split("=");
  const gpios = which.split(",").flatMap((part) => {
    const [from = Number.NaN, to = from] = part.split("-").map((number) => Number.parseInt(number, 10));
    return from >= 0 && to >= from && to < 100 ? Array.from({ length: to - from + 1 }, (_, index) => from + index) : [];
  });
  return gpios.map((gpio) => ({ gpio, words: words.split(",").map((word) => word.trim()), filter }));
}
