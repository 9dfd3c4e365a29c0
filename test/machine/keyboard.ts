// Devices of the kernel's uinput: whoever reads them cannot tell them from real ones. Debian's tools for that are not in the image; the ioctls are
// done by the essential part of Perl.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** struct uinput_setup and struct input_event of linux/uinput.h and linux/input.h, on 64 bits. */
const program = `use strict; $| = 1;
my ($name, @codes) = @ARGV;
open(my $device, "+<", "/dev/uinput") or die "uinput: $!";
binmode $device;
my %set = (1 => 0x40045565, 5 => 0x4004556d);
my %kinds = map { (split ":")[0] => 1 } @codes;
$kinds{20} = 1 if $kinds{1};
ioctl($device, 0x40045564, $_ + 0) or die "type $_: $!" for keys %kinds;
for (@codes) { my ($type, $code) = split ":"; ioctl($device, $set{$type}, $code + 0) or die "code: $!"; }
ioctl($device, 0x405c5503, pack("SSSSa80L", 3, 0x1209, 1, 1, $name, 0)) or die "setup: $!";
ioctl($device, 0x5501, 0) or die "create: $!";
print "there\\n";
while (my $line = <STDIN>) {
  my $bytes = "";
  for (split " ", $line) { my ($type, $code, $value) = split ":"; $bytes .= pack("x16SSl", $type, $code, $value) . pack("x16SSl", 0, 0, 0); }
  syswrite($device, $bytes) == length $bytes or die "write: $!";
  print "done\\n";
}
`;

/** `1:59` is KEY_F1 and `5:1` SW_TABLET_MODE: type and code. */
export type Code = `${1 | 5}:${number}`;

/** A keyboard that is plugged in until it is pulled out. */
export class Keyboard {
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess) {
    this.#process = process;
  }

  static async plug(name: string, ...codes: Code[]): Promise<Keyboard> {
    const keyboard = new Keyboard(spawn("perl", ["-e", program, name, ...codes], { stdio: ["pipe", "pipe", "inherit"] }));
    await keyboard.#answer();
    return keyboard;
  }

  /** Each with its value, one after the other as fast as the kernel takes them: 1 = pressed, 0 = released, 2 = repeated. */
  async move(...moves: readonly (readonly [Code, 0 | 1 | 2])[]): Promise<void> {
    const answer = this.#answer();
    this.#process.stdin?.write(`${moves.map(([code, value]) => `${code}:${value}`).join(" ")}\n`);
    await answer;
  }

  async unplug(): Promise<void> {
    const ended = once(this.#process, "exit");
    this.#process.stdin?.end();
    await ended;
  }

  async #answer(): Promise<void> {
    const { stdout } = this.#process;
    if (!stdout) throw new Error("the keyboard has no output");
    const over = new AbortController();
    const ended = once(this.#process, "exit", over).then(() => {
      throw new Error("the keyboard has ended");
    });
    try {
      await Promise.race([once(stdout, "data", over), ended]);
    } finally {
      ended.catch(() => undefined);
      over.abort();
    }
  }
}
