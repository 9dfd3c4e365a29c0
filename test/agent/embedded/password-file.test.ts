import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { connectAsync } from "mqtt";
import { describe, expect, it } from "vitest";
import { isPassword, parsePasswordFile, passwordLine } from "../../../agent/embedded/password-file.ts";
import { describeMosquitto, startMosquitto } from "../../brokers.ts";
import { tempFolder } from "../shell/fixture.ts";

const ev3 = "ev3:$7$101$0utqYsyYYzH9Mfl2$/9RdYv3x6rP4ZESTcWYaMI0zr1fq/QgqsT9lpspDB1hHl+hMDxTdYbeUuhPM9+CQpQAsIZ8UDZkW20KT/8QPkw==";

async function lets(text: string, user: string, password: string): Promise<boolean> {
  const hash = parsePasswordFile(text).users.get(user);
  return hash !== undefined && isPassword(hash, Buffer.from(password));
}

function old(user: string, password: string): string {
  const salt = randomBytes(12);
  const hash = createHash("sha512").update(password).update(salt).digest("base64");
  return `${user}:$6$${salt.toString("base64")}$${hash}`;
}

describe("a password file", () => {
  it("lets in by a hash of mosquitto, and nobody by another password (brokers 8)", async () => {
    expect(await lets(`\n# users\n${ev3}\r\n`, "ev3", "formosa")).toBe(true);
    for (const wrong of ["", "Formosa", "formosa\n", "formos"]) expect(await lets(ev3, "ev3", wrong)).toBe(false);
  });

  it("lets in by the older kind of hash, and asks to renew it (brokers 8)", async () => {
    const line = old("pi", "a:b");
    expect(await lets(line, "pi", "a:b")).toBe(true);
    expect(parsePasswordFile(line).problems).toEqual([
      { line: 1, message: 'user "pi" has a hash of the old kind ($6$); renew it with `pinbus passwd`' },
    ]);
  });

  it("says the line and the user of what it cannot use, and never the text (brokers 8)", () => {
    const bad = ["pi:geheim", "pi:$argon2id$v=19$geheim", "pi:$7$x$geheim$geheim", ev3.slice(0, -2), ":geheim", "geheim", `${ev3}$geheim`];
    const { users, problems } = parsePasswordFile(["# first", ...bad].join("\n"));
    expect(users.size).toBe(0);
    expect(problems.map(({ line }) => line)).toEqual([2, 3, 4, 5, 6, 7, 8]);
    expect(problems[1]?.message).toContain("mosquitto_passwd -H sha512-pbkdf2");
    expect(JSON.stringify(problems)).not.toContain("geheim");
  });

  it("keeps the first of two lines for one user", async () => {
    const text = `${await passwordLine("pi", "one")}\n${await passwordLine("pi", "two")}`;
    expect([await lets(text, "pi", "one"), await lets(text, "pi", "two")]).toEqual([true, false]);
    expect(parsePasswordFile(text).problems).toHaveLength(1);
  });

  it("takes a salt of 64 bytes, as mosquitto 2.1 writes it (brokers 8)", () => {
    const line = `pi:$7$1000$${randomBytes(64).toString("base64")}$${randomBytes(64).toString("base64")}`;
    expect(parsePasswordFile(line)).toMatchObject({ problems: [] });
    expect(parsePasswordFile(line).users.get("pi")).toMatchObject({ kind: "pbkdf2", iterations: 1000 });
  });

  it("of any text has users or problems, never an exception", () => {
    const piece = fc.constantFrom("pi", ":", "$", "7", "6", "101", "\n", "#", "=", "AAAAAAAAAAAAAAAA", "é", "\0");
    fc.assert(fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => void parsePasswordFile(pieces.join(""))));
    fc.assert(fc.property(fc.string(), (text) => void parsePasswordFile(text)));
  });
});

describeMosquitto("a password file shared with mosquitto", () => {
  it("written by mosquitto_passwd lets in here (brokers 8)", async () => {
    const file = join(tempFolder(), "users");
    writeFileSync(file, "");
    for (const [user, password] of [
      ["ev3", "formosa"],
      ["über", "pass wörd"],
    ] as const)
      execFileSync("mosquitto_passwd", ["-b", file, user, password]);
    const text = readFileSync(file, "utf8");
    expect([await lets(text, "ev3", "formosa"), await lets(text, "über", "pass wörd"), await lets(text, "ev3", "pass wörd")]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it("written here lets in there (brokers 8)", async () => {
    const users = `${await passwordLine("pi", "pass wörd")}\n`;
    const broker = await startMosquitto({ config: ["allow_anonymous false", "password_file {dir}/users"], files: { users } });
    try {
      const options = { protocolVersion: 4, reconnectPeriod: 0, username: "pi" } as const;
      await (await connectAsync(broker.url, { ...options, password: "pass wörd" })).endAsync(true);
      await expect(connectAsync(broker.url, { ...options, password: "wrong" })).rejects.toThrow("Not authorized");
    } finally {
      await broker.stop();
    }
  });
});
