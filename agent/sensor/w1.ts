import {
  type FileReading,
  failed,
  measured,
  milliDegrees,
  quoted,
  type Reading,
  type SensorDriver,
  type SensorWorld,
  temperature,
} from "./driver.ts";

// DS18B20 and its family through the kernel's w1_therm. Each read of one of its files makes the device measure (750 ms), up to five times
// if the answer is damaged. `w1_slave` is preferred: it shows what was received, so damage and a dead line can be told from a temperature.

/** A thermometer says so until it has measured for the first time since it got power: it lost power, or the measurement did not happen. */
const powerOn = 85_000;

/** A 1-wire thermometer by the name of its folder, `28-0316a2795bff`. */
export function openW1({ sysfs, files }: SensorWorld, id: string): SensorDriver {
  const devices = `${sysfs}/bus/w1/devices`;
  const missing = async (signal: AbortSignal): Promise<string> => {
    const found = await files.list(devices, signal);
    if (!found.ok) return "this machine has no 1-wire bus; on a Pi, dtoverlay=w1-gpio in /boot/firmware/config.txt makes one";
    const there = found.names.filter((name) => /^[0-9a-f]{2}-/.test(name) && !name.startsWith("00-"));
    return `it is not on the 1-wire bus; ${there.length === 0 ? "nothing is" : `${there.sort().slice(0, 8).join(", ")} ${there.length === 1 ? "is" : "are"}`}`;
  };
  return {
    bus: "w1",
    quantities: [temperature],
    async read(signal) {
      const raw = await files.read(`${devices}/${id}/w1_slave`, signal);
      if (raw.ok) return ofSlave(raw.text);
      if (raw.code !== "ENOENT") return unreadable(raw);
      const plain = await files.read(`${devices}/${id}/temperature`, signal);
      if (plain.ok) return ofMilli(plain.text);
      return plain.code === "ENOENT" ? failed(await missing(signal)) : unreadable(plain);
    },
  };
}

/** A device that is pulled off while it is read leaves a file that is there and cannot be read. */
function unreadable({ problem }: Extract<FileReading, { ok: false }>): Reading {
  return failed(`it did not answer (${problem})`);
}

function ofSlave(text: string): Reading {
  if (text.trim() === "") return failed("it did not answer");
  const [, bytes, verdict, milli] = /^((?:[0-9a-f]{2} ){9}): crc=[0-9a-f]{2} (YES|NO)\n.*\bt=(-?\d+)\s*$/.exec(text) ?? [];
  if (bytes === undefined || milli === undefined) return failed(`the kernel says ${quoted(text)} instead of a temperature`);
  if (verdict === "NO") return failed("CRC error: its answer was damaged on the wire");
  // Nine zeros have a right CRC: a data line that is shorted to ground, or has no pull-up.
  if (/^[0 ]+$/.test(bytes)) return failed("it sends zeros only: look at the data line and its pull-up");
  return ofMilli(milli);
}

function ofMilli(text: string): Reading {
  // w1_therm writes nothing when it got no sound answer.
  if (text.trim() === "") return failed("it did not answer");
  const milli = milliDegrees(text);
  if (milli === undefined) return failed(`the kernel says ${quoted(text)} instead of a temperature`);
  if (milli === powerOn) return failed("it says 85 °C, its value before it has measured: look at its power");
  return measured(temperature, milli / 1000);
}
