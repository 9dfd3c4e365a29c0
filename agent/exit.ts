/** Exit codes are an interface: the unit file, the docs and people's scripts rely on this table. */
export const exit = {
  ok: 0,
  /** A client command was refused; `get`: the sensor has no present value; `status`: degraded; `doctor`: a warning. */
  refused: 1,
  /** `status`: failing; `doctor`: a problem. */
  failing: 2,
  unreachable: 3,
  usage: 64,
  bug: 70,
  config: 78,
} as const;

export type ExitCode = (typeof exit)[keyof typeof exit];

export interface ExitDescription {
  code: ExitCode;
  name: keyof typeof exit;
  meaning: string;
  /** What systemd does when the agent ends with it. */
  systemd: "stays stopped" | "restarts";
}

export const exitTable: readonly ExitDescription[] = [
  {
    code: 0,
    name: "ok",
    meaning: "done; the agent: stopped on request; `status`: ok; `check`: no problem; `doctor`: nothing wrong",
    systemd: "stays stopped",
  },
  {
    code: 1,
    name: "refused",
    meaning:
      "the agent refused the command, stderr says why; `get`: the sensor has no present value; `import`: something was left out; `status`: degraded; `doctor`: a warning",
    systemd: "restarts",
  },
  { code: 2, name: "failing", meaning: "`status`: failing; `doctor`: a problem", systemd: "restarts" },
  { code: 3, name: "unreachable", meaning: "the agent could not be reached on its control socket", systemd: "restarts" },
  { code: 64, name: "usage", meaning: "the command line was wrong", systemd: "stays stopped" },
  { code: 70, name: "bug", meaning: "a bug in pinbus; stderr has the stack", systemd: "restarts" },
  { code: 78, name: "config", meaning: "the configuration is wrong; stderr says where and what to do", systemd: "stays stopped" },
];
