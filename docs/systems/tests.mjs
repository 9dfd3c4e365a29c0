// Files below test/ that show what several documents say.
export const dialogues = "agent/command/dialogues.test.ts";
export const school = "agent/command/school-examples.test.ts";
export const bus = "agent/command/bus.test.ts";
export const variables = "config/owlcms.test.ts";
export const install = "machine/package.ts";
export const units = "machine/services.ts";
