import { isMadeByService, makingOf, missingLines, ownFolders, unitLines } from "../drop-in.ts";
import type { ConfigFacts, Facts, SocketFacts, UnitFacts } from "../facts.ts";
import { type Check, known, note, ok, problem, type Remark, unchecked, warning } from "../finding.ts";
import { kept, listed, type Sentence, say, told } from "../sentence.ts";
import { unitWord } from "../unit-word.ts";

/** What puts the printed drop-in in its place. */
const dropInCommands: readonly Sentence[] = [
  say`sudo mkdir -p /etc/systemd/system/pinbus.service.d`,
  say`sudo pinbus service drop-in | sudo tee /etc/systemd/system/pinbus.service.d/configuration.conf`,
  say`sudo systemctl daemon-reload && sudo systemctl restart pinbus`,
];

export const unit: Check = {
  id: "service",
  about: "whether the unit is installed, enabled and running",
  why: "what is not enabled does not come back after a power cut",
  look: ({ unit: fact }) => known(fact, unitRemarks),
};

function unitRemarks({ properties }: UnitFacts): Remark[] {
  const of = (name: string) => properties.get(name) ?? "";
  if (of("LoadState") === "not-found") return [note(say`the service is not installed here`)];
  if (of("LoadState") === "masked") return [problem(say`the service is masked`, say`sudo systemctl unmask pinbus`)];
  if (of("LoadState") !== "loaded")
    return [problem(say`the unit cannot be loaded (${told(of("LoadState"))})`, say`systemctl status pinbus`)];
  const remarks: Remark[] = [];
  const [active, sub] = [of("ActiveState"), of("SubState")];
  const state = say`${told(active)} (${told(sub)})`;
  const read = say`journalctl -u pinbus -n 30`;
  if (active === "failed") {
    const status = of("ExecMainStatus");
    const cure = status === "78" ? say`pinbus check` : status === "203" ? say`ls -l /usr/bin/node` : read;
    remarks.push(
      problem(say`the service has failed: ${told(of("Result"))}, exit status ${told(status)}`, cure, say`sudo systemctl restart pinbus`),
    );
  } else if (active === "activating" && sub === "auto-restart") remarks.push(problem(say`the service ends again and again`, read));
  else if (active === "active") remarks.push(ok(say`the service is ${state}`));
  else remarks.push(warning(say`the service is ${state}`, say`sudo systemctl start pinbus`));
  if (of("UnitFileState") !== "enabled")
    remarks.push(warning(say`the service does not start at boot (${told(of("UnitFileState"))})`, say`sudo systemctl enable pinbus`));
  const restarts = Number(of("NRestarts"));
  if (restarts > 0) remarks.push(warning(say`systemd restarted it ${restarts} times since it was started by hand or at boot`, read));
  if (of("NeedDaemonReload") === "yes")
    remarks.push(warning(say`a file of the unit was changed and not read again`, say`sudo systemctl daemon-reload`));
  return remarks;
}

export const dropIn: Check = {
  id: "drop-in",
  about: "whether the hardened unit gives this configuration what it needs",
  why: "the unit closes everything that pinbus does not need by default; what is closed looks like a line or a file that is missing",
  look: ({ unit: unitFact, config: configFact, files }) =>
    known(unitFact, ({ texts }) => {
      if (texts.length === 0) return [];
      return known(configFact, (found) => {
        if (!found.standard) return [unchecked(say`the unit reads another configuration than this one`)];
        const needed = unitLines(found);
        const missing = missingLines(needed, texts);
        const folders = missingFolders(found, files);
        if (needed.length === 0) return [ok(say`this configuration needs no drop-in`)];
        if (missing.length === 0) return folders.length > 0 ? folders : [ok(say`the drop-in that this configuration needs is there`)];
        const lines = missing.map(
          ({ directive, values }) =>
            say`${told(directive)}=${listed(
              values.map((value) => kept("value", unitWord(value))),
              " ",
            )}`,
        );
        return [...folders, problem(say`the unit lacks ${listed(lines)}`, ...dropInCommands)];
      });
    }),
};

/** Before the drop-in, whose commands end with the start of the service. */
function missingFolders({ config }: ConfigFacts, files: Facts["files"]): Remark[] {
  const absent = "value" in files ? files.value.filter(({ mode }) => mode === null).map(({ path }) => path) : [];
  return ownFolders(config)
    .filter(({ path }) => absent.includes(path) && !isMadeByService(path))
    .map(({ setting, path }) =>
      problem(say`${told(setting)}: there is no folder ${kept("path", path)}, and the service cannot make it`, {
        here: makingOf(path),
        abroad: makingOf("(path)"),
      }),
    );
}

export const sockets: Check = {
  id: "sockets",
  about: "whether the agent answers on its two control sockets, and who may use them",
  why: "`pinbus status`, `set` and the terminal UI talk to the agent through them, also while the broker is away",
  look: ({ sockets: fact }) =>
    known(fact, (all) => {
      if (all.every(({ answer }) => answer === "absent"))
        return [note(say`no agent runs here: there is no control socket`, say`sudo systemctl start pinbus`)];
      return all.map(socketRemark);
    }),
};

export const agent: Check = {
  id: "agent",
  about: "what the running agent says of itself, as `pinbus status`",
  why: "it knows best what of its lines, its broker and its files does not work",
  look: ({ agent: fact }) =>
    known(fact, ({ health, problems }) => {
      if (health === "ok") return [ok(say`the agent says that it is well`)];
      const remark = health === "failing" ? problem : warning;
      return problems.map((what) => remark(what, say`pinbus status`));
    }),
};

function socketRemark({ setting, path, group, mode, answer }: SocketFacts): Remark {
  const what = say`${told(setting)}, ${kept("path", path)}`;
  if ((mode & 0o002) !== 0 && group !== null) {
    const again = say`sudo systemctl restart pinbus`;
    if (setting === "control.view") return warning(say`everybody may look at what the agent does through ${what}`, again);
    return problem(say`everybody may operate the outputs through ${what}`, again);
  }
  switch (answer) {
    case "answers":
      return ok(say`the agent answers on ${told(setting)}, which belongs to the group ${kept("group", group ?? "")}`);
    case "denied": {
      const wanted = setting === "control.socket" ? "pinbus-op" : "pinbus-view";
      return note(say`this user may not use ${what}`, say`sudo usermod -aG ${told(wanted)} "$USER", then log out and in again`);
    }
    case "refused":
      return problem(say`nobody listens on ${what}: the agent ended without removing it`, say`sudo systemctl restart pinbus`);
    case "silent":
      return problem(say`the agent does not answer on ${what}`, say`journalctl -u pinbus -n 30`, say`sudo systemctl restart pinbus`);
    case "absent":
      return problem(say`${what} is not there, but the other one is`, say`sudo systemctl restart pinbus`);
  }
}
