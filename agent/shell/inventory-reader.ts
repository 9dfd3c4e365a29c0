import { hostname, totalmem } from "node:os";
import systeminformation from "systeminformation";

// The process that `inventory.ts` starts: prints one line of JSON and ends. With `parts` also what is built in. No serial number, no address, no name
// that somebody has given.

const named = (...words: string[]) => words.filter((word) => word !== "" && word !== "-").join(" ");

async function machine() {
  const [{ manufacturer, model }, { distro, release, kernel, arch }] = await Promise.all([
    systeminformation.system(),
    systeminformation.osInfo(),
  ]);
  return { hostname: hostname(), model: named(manufacturer, model), os: named(distro, release), kernel, arch };
}

/** Names that the kernel gives; another one may tell who somebody is. */
const kernelNames = /^(eth|end|enp|ens|wlan|wlp|usb|can)[0-9a-z]{1,10}$/;

async function parts() {
  const [disks, interfaces] = await Promise.all([systeminformation.diskLayout(), systeminformation.networkInterfaces()]);
  const gigabytes = (bytes: number) => Number((bytes / 1e9).toFixed(1));
  return {
    memory: `${gigabytes(totalmem())} GB`,
    disks: disks.map(({ device, type, size }) => named(device.replace("/dev/", ""), type, `${gigabytes(size)} GB`)),
    network: [interfaces].flat().flatMap(({ iface, operstate }) => (kernelNames.test(iface) ? [named(iface, operstate)] : [])),
  };
}

const [machineFound, partsFound] = await Promise.all([machine(), process.argv.includes("parts") ? parts() : {}]);
process.stdout.write(`${JSON.stringify({ ...machineFound, ...partsFound })}\n`);
