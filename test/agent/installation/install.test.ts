import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { installSteps } from "../../../agent/installation/install.ts";
import { systemFiles } from "../../../agent/installation/system-files.ts";
import { uninstallSteps } from "../../../agent/installation/uninstall.ts";

const project = new URL("../../../", import.meta.url).pathname;
const home = "/usr/local/lib/node_modules/pinbus";
const program = { home, node: "/usr/bin/node", version: "1.0.0" };
const unit = "/usr/local/lib/systemd/system/pinbus.service";
const config = "/etc/pinbus/pinbus.yaml";

let root: string;
let ran: string[];
let unitIs: string;
let failing: string | undefined;
const at = (path: string) => join(root, path);
const read = (path: string) => readFileSync(at(path), "utf8");
const machine = () => ({
  root,
  async run(name: string, ...args: readonly string[]) {
    const line = [name, ...args].join(" ");
    if (args[0] === "show") return unitIs;
    ran.push(line);
    if (line === failing) throw new Error(`${line} failed`);
    return "";
  },
});

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "pinbus-install-"));
  chmodSync(root, 0o755);
  for (const folder of ["run/systemd/system", "run/udev", "usr/local/share", "usr/bin"]) mkdirSync(at(folder), { recursive: true });
  writeFileSync(at("run/udev/control"), "");
  for (const folder of ["systemd", "config/examples"]) cpSync(join(project, folder), join(at(home), folder), { recursive: true });
  ran = [];
  unitIs = "ActiveState=inactive\nLoadState=not-found\n";
  failing = undefined;
});
afterEach(() => rmSync(root, { recursive: true }));

async function perform(steps: Promise<{ say: string; do(): unknown }[]>): Promise<string[]> {
  const all = await steps;
  for (const step of all) await step.do();
  return all.map(({ say }) => say);
}
const install = (now = program) => perform(installSteps(machine(), now));
const uninstall = (purge = false) => perform(uninstallSteps(machine(), { purge }));
/** Every file and folder, but those of the program and of this machine. */
function tree(): string[] {
  const all = readdirSync(root, { recursive: true, withFileTypes: true });
  return all.map((entry) => join(entry.parentPath, entry.name).slice(root.length)).filter((path) => !path.startsWith(home));
}
const running = () => (unitIs = "ActiveState=active\nLoadState=loaded\n");

describe("an installation from npm", () => {
  it("puts each file of the Debian package below /usr/local, the rule of polkit where every version reads it, and starts the service", async () => {
    await install();
    const places = (await systemFiles(at(home))).map(({ path }) => path);
    expect(tree().filter((path) => statSync(at(path)).isFile() && !path.startsWith("/run"))).toHaveLength(places.length + 2);
    for (const path of places.filter((one) => one.startsWith("/usr/lib/")))
      expect(existsSync(at(path.replace("/usr/", "/usr/local/")))).toBe(true);
    expect(existsSync(at("/etc/polkit-1/rules.d/50-pinbus.rules"))).toBe(true);
    expect(statSync(at("/usr/local/lib/pinbus/pinbus")).mode & 0o777).toBe(0o755);
    expect(read(config)).toBe(readFileSync(join(project, "config/examples/starter.yaml"), "utf8"));
    expect(ran.filter((line) => /sysusers|tmpfiles|udevadm|systemctl/.test(line))).toEqual([
      "systemd-sysusers /usr/local/lib/sysusers.d/pinbus.conf",
      "systemd-tmpfiles --create /usr/local/lib/tmpfiles.d/pinbus.conf",
      "udevadm control --reload",
      "udevadm trigger --subsystem-match=gpio --subsystem-match=pwm",
      "systemctl daemon-reload",
      "systemctl enable pinbus.service",
      "systemctl restart pinbus.service",
    ]);
  });

  it("has the unit of the Debian package, but for the paths", async () => {
    await install();
    const launcher = "/usr/local/lib/pinbus/pinbus";
    expect(read(unit)).toBe(readFileSync(join(project, "systemd/pinbus.service"), "utf8").replaceAll("/usr/bin/pinbus", launcher));
    expect(read(launcher)).toContain(`\nnode=/usr/bin/node\nmain=${home}/dist/agent/main.cjs\n`);
  });

  it("lets the unit run a Node outside of /usr", async () => {
    await install({ ...program, node: "/opt/node 22/bin/node" });
    expect(read(unit)).toContain('\nExecPaths=/usr "/opt/node 22/bin"\n');
    expect(read("/usr/local/lib/pinbus/pinbus")).toContain("\nnode='/opt/node 22/bin/node'\n");
  });

  it("done again, it changes nothing and does not touch the service that runs", async () => {
    await install();
    running();
    writeFileSync(at(config), "node: mine\n");
    const before = tree();
    ran = [];
    expect(await install()).toContain("leave the service running, as it is");
    expect(ran.filter((line) => line.startsWith("systemctl"))).toEqual([]);
    expect(read(config)).toBe("node: mine\n");
    expect(tree()).toEqual(before);
  });

  it("of another version restarts the service that runs, and removes what that version has no more", async () => {
    await install();
    running();
    const manifest = JSON.parse(read("/usr/local/lib/pinbus/installed.json"));
    const old = "/usr/local/lib/pinbus/old";
    writeFileSync(at(old), "");
    manifest.files[old] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    writeFileSync(at("/usr/local/lib/pinbus/installed.json"), JSON.stringify(manifest));
    ran = [];
    await install({ ...program, version: "1.1.0" });
    expect(ran.filter((line) => line.startsWith("systemctl"))).toEqual(["systemctl daemon-reload", "systemctl restart pinbus.service"]);
    expect(existsSync(at(old))).toBe(false);
  });

  it("leaves a service alone that somebody has stopped or disabled", async () => {
    await install();
    unitIs = "ActiveState=inactive\nLoadState=loaded\n";
    ran = [];
    expect(await install({ ...program, version: "1.1.0" })).toContain("leave the service stopped, as it is");
    expect(ran.filter((line) => line.startsWith("systemctl"))).toEqual(["systemctl daemon-reload"]);
  });

  it("keeps a file that somebody has changed", async () => {
    await install();
    writeFileSync(at(unit), "# mine\n");
    expect(await install({ ...program, version: "1.1.0" })).toContain(`keep ${unit}, which was changed since it was written`);
    expect(read(unit)).toBe("# mine\n");
  });

  it("that was interrupted is done to its end the next time", async () => {
    failing = "systemd-sysusers /usr/local/lib/sysusers.d/pinbus.conf";
    await expect(install()).rejects.toThrow("failed");
    failing = undefined;
    ran = [];
    await install();
    expect(ran).toContain("systemctl enable pinbus.service");
    expect(ran).toContain("systemctl restart pinbus.service");
  });

  it("of another version that was interrupted leaves alone what somebody has stopped or disabled", async () => {
    await install();
    unitIs = "ActiveState=inactive\nLoadState=loaded\n";
    const next = { ...program, node: "/usr/bin/node22", version: "1.1.0" };
    failing = "systemd-sysusers /usr/local/lib/sysusers.d/pinbus.conf";
    await expect(install(next)).rejects.toThrow("failed");
    failing = undefined;
    ran = [];
    expect(await install(next)).toContain("leave the service stopped, as it is");
    expect(ran.filter((line) => line.startsWith("systemctl"))).toEqual(["systemctl daemon-reload"]);
  });

  it.each([
    ["beside the Debian package", () => place("/usr/lib/systemd/system/pinbus.service"), /Debian package.*apt-get/],
    ["without systemd", () => rmSync(at("/run/systemd"), { recursive: true }), /systemd does not run here/],
    ["over somebody else's file", () => place(unit), new RegExp(`in the way: ${unit}; move it away`)],
    ["of a unit that is masked", () => (unitIs = "ActiveState=inactive\nLoadState=masked\n"), /sudo systemctl unmask pinbus\.service/],
  ])("is refused %s", async (_, arrange, words) => {
    arrange();
    const before = tree();
    await expect(install()).rejects.toThrow(words);
    expect(tree()).toEqual(before);
  });

  it.each([
    [{ ...program, home: "/home/pi/pinbus" }, /would not see \/home\/pi\/pinbus/],
    [{ ...program, node: "/root/.nvm/node" }, /would not see \/root\/\.nvm\/node/],
  ])("is refused where the service sees nothing of it", async (from, words) => {
    await expect(install(from)).rejects.toThrow(words);
  });

  it("is refused where the user of the service may not enter", async () => {
    chmodSync(dirname(at(home)), 0o700);
    await expect(install()).rejects.toThrow("may not enter /usr/local/lib/node_modules: run sudo chmod o+rx /usr/local/lib/node_modules");
  });
});

describe("its removal", () => {
  it("leaves the configuration and the state, and nothing else", async () => {
    const before = tree();
    await install();
    running();
    place("/var/lib/pinbus/outputs.json");
    const said = await uninstall();
    expect(tree().sort()).toEqual(
      [...before, "/etc", "/etc/pinbus", config, "/var", "/var/lib", "/var/lib/pinbus", "/var/lib/pinbus/outputs.json"].sort(),
    );
    expect(said).toContain("keep /etc/pinbus; --purge removes it");
    expect(ran).toContain("systemctl disable --now pinbus.service");
    expect(await uninstall()).toEqual([]);
  });

  it("with --purge leaves nothing", async () => {
    mkdirSync(at("/var/lib"), { recursive: true });
    mkdirSync(at("/etc"));
    const before = tree();
    await install();
    place("/var/lib/pinbus/outputs.json");
    await uninstall(true);
    expect(tree().sort()).toEqual(before.sort());
  });

  it("keeps and names a file that somebody has changed, and its folder", async () => {
    await install();
    const rule = "/etc/polkit-1/rules.d/50-pinbus.rules";
    writeFileSync(at(rule), "// mine\n");
    expect(await uninstall()).toContain(`keep ${rule}, which was changed since it was written`);
    expect(read(rule)).toBe("// mine\n");
  });

  it("removes what an interrupted installation has left", async () => {
    failing = "systemd-sysusers /usr/local/lib/sysusers.d/pinbus.conf";
    mkdirSync(at("/etc"));
    const before = tree();
    await expect(install()).rejects.toThrow("failed");
    await uninstall(true);
    expect(tree().sort()).toEqual(before.sort());
  });

  it("is refused beside the Debian package, whose configuration it would purge", async () => {
    place(config);
    place("/usr/lib/systemd/system/pinbus.service");
    await expect(uninstall(true)).rejects.toThrow("Debian package");
    expect(existsSync(at(config))).toBe(true);
  });
});

function place(path: string): void {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), "");
}
