import { loadBundle } from "./bundle.ts";

/** What the bundle of the agent loads in place of `tui/main.ts`. */
export const { runTui } = loadBundle("tui").exports;
