import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Migration, migrate, migrations } from "../../config/migrate.ts";
import { diffLines } from "../../config/text-diff.ts";
import { parseYaml } from "../../config/yaml.ts";
import { configOf, load, saidAbout } from "./loading.ts";

/** What later versions might do: names that this one knows, from names that it never had. */
const table: readonly Migration[] = [
  [
    { from: "mqtt.host", to: "mqtt.server" },
    { from: "outputs.*.limit", to: "outputs.*.max_on" },
  ],
  [
    { from: "name", to: "node" },
    { from: "timezone", to: "time_zone" },
    { from: "place.latitude", to: "location.latitude" },
  ],
];

const old = `# The garage.

# The broker.
mqtt:
  # where it is
  host: 192.168.1.10      # the Pi in the hall
  port: 1883              # as always

outputs:
  lamp: { line: 17, limit: 2h }   # in one line
  pump:
    line: 5               # pin 29
    # how long at most
    limit: 3h
name: garage
`;

function migrated(text: string, steps: readonly Migration[] = table) {
  const result = migrate(text, parseYaml(text), steps);
  if (!result.ok) throw new Error(result.problem.message);
  return result;
}

describe("a file of an older version", () => {
  it("becomes the newest one, with its comments, its order and its spaces", () => {
    expect(migrated(old)).toMatchObject({ from: 1, to: 3, changed: true });
    const changed = diffLines(old, migrated(old).text).filter(({ kind }) => kind !== "same");
    expect(changed.map(({ kind, text }) => `${kind} ${text}`)).toEqual([
      "new version: 3",
      "new ",
      "gone   host: 192.168.1.10      # the Pi in the hall",
      "new   server: 192.168.1.10      # the Pi in the hall",
      "gone   lamp: { line: 17, limit: 2h }   # in one line",
      "new   lamp: { line: 17, max_on: 2h }   # in one line",
      "gone     limit: 3h",
      "gone name: garage",
      "new     max_on: 3h",
      "new node: garage",
    ]);
  });

  it("is loaded as the newest one, with a warning that names the command", () => {
    const result = load(old, { migrations: table });
    expect(result).toMatchObject({
      ok: true,
      config: {
        version: 3,
        node: "garage",
        mqtt: { server: ["192.168.1.10"] },
        outputs: { lamp: { max_on: 7_200_000 }, pump: { max_on: 10_800_000 } },
      },
    });
    expect(saidAbout(result)).toEqual([
      expect.stringMatching(
        /^pinbus.yaml.*: warning: the file has the form of version 1, and lines are counted as in version 3, `pinbus check --migrate` shows what it becomes in version 3$/,
      ),
    ]);
    expect(saidAbout(load(migrated(old).text, { migrations: table }))).toEqual([]);
  });

  it("takes only the steps behind its own version", () => {
    expect(migrated("version: 2\nname: a\nmqtt: { host: b }\n").text).toBe("version: 3\nnode: a\nmqtt: { host: b }\n");
    expect(migrated("version: 3\nname: a\n")).toMatchObject({ changed: false, text: "version: 3\nname: a\n" });
  });

  it("may have a key moved into a section that is not there yet, with its comment", () => {
    const { text } = migrated("node: a\nplace:\n  # north\n  latitude: 52.5   # about\ntime_zone: UTC");
    expect(text).toBe("version: 3\nnode: a\ntime_zone: UTC\nlocation:\n  # north\n  latitude: 52.5   # about\n");
  });

  it("may have a key moved into a section that is there, whether it has something in it or not", () => {
    const place = "place:\n    latitude: 52.5\n    height: 3\n";
    expect(migrated(`location:\n  # east\n  longitude: 13   # about\n\n${place}`).text).toBe(
      "version: 3\nlocation:\n  # east\n  longitude: 13   # about\n  latitude: 52.5\n\nplace:\n    height: 3\n",
    );
    expect(migrated(`location:\n  # nothing yet\n${place}`).text).toBe(
      "version: 3\nlocation:\n  latitude: 52.5\n  # nothing yet\nplace:\n    height: 3\n",
    );
    expect(migrated("{ node: a, location: {} }\n").text).toBe("{ version: 3, node: a, location: {} }\n");
  });

  it("with a key to be moved out of braces is refused, with its place", () => {
    expect(saidAbout(load("place: { latitude: 1 }\n", { migrations: table }))).toEqual([
      "pinbus.yaml:1:10: place.latitude is called location.latitude now, and cannot be moved for you here, move it by hand",
    ]);
  });

  const refused = (text: string) => {
    const result = migrate(text, parseYaml(text), table);
    return result.ok ? result.text : `${result.problem.line}: ${result.problem.message}`;
  };
  const byHand = "place.latitude is called location.latitude now, and cannot be moved for you here";

  it("whose words or comments a move would lose is refused", () => {
    expect(refused("place:   # where it is\n  latitude: 1\n")).toBe(`2: ${byHand}`);
    expect(refused("place:\n  # the house\n\n  latitude: 1\n")).toBe(`4: ${byHand}`);
    expect(refused("place:\n  latitude:\n# IMPORTANT: heater\n    1\n")).toBe(`2: ${byHand}`);
    expect(refused("place:\n\n  # north\n  latitude: 1\n")).toBe("version: 3\nlocation:\n  # north\n  latitude: 1\n");
  });

  it("that a move would give another meaning is refused", () => {
    expect(refused("place:\n  latitude: &north 1\n  height: *north\n")).toBe(`2: ${byHand}`);
    expect(refused("base: &base 1\nplace:\n  height: &base 2\n  latitude: *base\nlocation:\n  longitude: *base\n")).toBe(
      "version: 3\nbase: &base 1\nplace:\n  height: &base 2\nlocation:\n  longitude: *base\n  latitude: *base\n",
    );
    expect(refused("location:\n  longitude: 1\nplace:\n  height: &base 2\n  latitude: *base\n")).toBe(`5: ${byHand}`);
    expect(refused("other: &place\n  height: 1\nplace: &x\n  latitude: 1\n  height: 2\ncopy: *x\n")).toBe(`4: ${byHand}`);
    expect(refused("other: &place\n  height: 1\nplace:\n  latitude: |\n    a\n      \n    b\n  height: 2\n")).toBe(`4: ${byHand}`);
  });

  it("without an end to its last line gets one where the line moves up", () => {
    expect(migrated("location:\n  longitude: 13\nplace:\n  height: 3\n  latitude: 52.5").text).toBe(
      "version: 3\nlocation:\n  longitude: 13\n  latitude: 52.5\nplace:\n  height: 3\n",
    );
  });

  it("that is indented as a whole gets its version so too", () => {
    expect(migrated("  node: a\n  time_zone: UTC\n").text).toBe("  version: 3\n  node: a\n  time_zone: UTC\n");
  });

  it("has its problems told by the lines of the newest one, which the first problem says", () => {
    const said = saidAbout(load("mqtt:\n  host: ''\n", { migrations: table }));
    expect(said).toEqual([
      expect.stringContaining("and lines are counted as in version 3"),
      expect.stringMatching(/^pinbus.yaml:3:11: mqtt.server/),
    ]);
  });

  it("with a key under both names is refused, with the place of the old one", () => {
    const result = load("mqtt:\n  server: a\n  host: b\n", { migrations: table });
    expect(saidAbout(result)).toEqual(["pinbus.yaml:3:3: mqtt.host is called mqtt.server now, and both are here, remove one of them"]);
  });

  it("that is no YAML, or empty, is left to the loader", () => {
    for (const text of ["a: [", "", "- 1\n", "a: 1\na: 2\n"]) expect(migrated(text).text).toBe(text);
  });
});

describe("the version of a file", () => {
  it("is 1 without one, and the newest is as many as there are steps", () => {
    expect(configOf("").version).toBe(1);
    expect(configOf("version: 1\n")).toEqual(configOf(""));
    expect(migrations).toEqual([]);
  });

  it("that is newer than this pinbus is refused with one sentence, whatever else is in the file", () => {
    const said = saidAbout(load("node: a\nversion: 2\nwhatever: { is: new }\n"));
    expect(said).toEqual([
      "pinbus.yaml:2:10: the file has version 2, and this pinbus knows versions up to 1, install a newer pinbus, or take the file from before its change",
    ]);
  });

  it.each(["0", "one", "1.5", "-1", "[1]"])("%s is none", (text) => {
    expect(saidAbout(load(`version: ${text}\n`))[0]).toMatch(/^pinbus.yaml:1:10: version/);
  });

  it("is given by the file alone", () => {
    expect(configOf("", { args: { version: "7" } }).version).toBe(1);
    expect(saidAbout(load("", { env: { PINBUS_VERSION: "7" } }))).not.toEqual([]);
  });
});

it("the examples do not change by their migration but for the version", () => {
  const folder = join(dirname(createRequire(import.meta.url).resolve("pinbus/package.json")), "config/examples");
  for (const name of ["starter", "owlcms-broker", "demo"]) {
    const text = readFileSync(join(folder, `${name}.yaml`), "utf8");
    const changed = diffLines(text, migrated(text, [[]]).text).filter(({ kind }) => kind !== "same");
    expect(changed.flatMap(({ kind, text: line }) => (line === "" ? [] : [`${kind} ${line}`]))).toEqual(["new version: 2"]);
  }
});
