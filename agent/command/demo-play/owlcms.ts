import type { Action, Answer, Expected, Play, Step } from "./play.ts";

// What owlcms says to the boxes of the examples, which stand at its platform A: docs/owlcms.md.

const says = (name: string, payload = ""): Action => ({ say: `owlcms/fop/${name}/A`, payload });
const hears = (name: string, payload: string): Expected => [`owlcms/${name}/A`, payload];

const answers: readonly Answer[] = [
  {
    hears: ["owlcms/config", ""],
    does: [{ say: "owlcms/fop/config", payload: '{"jurySize":3,"platforms":["A"],"version":"demo"}' }],
  },
];

/** While an attempt is under way each decision is echoed. */
const echo: Answer = { hears: hears("refbox/decision", ""), does: [{ say: "owlcms/fop/decision/A" }] };

const on = (output: string): Expected => [`P/out/${output}/state`, "ON"];
const off = (output: string): Expected => [`P/out/${output}/state`, "OFF"];

const startup = (lights: readonly string[]): Step => ({
  text: "owlcms starts: the lights are on for one second, and the box asks which platforms there are.",
  does: [says("startup", "on"), says("startup", "off")],
  sees: [...lights.flatMap((light) => [on(light), off(light)]), ["owlcms/config", ""], ["owlcms/fop/config", "platforms"]],
});

const attempt: Step = {
  text: "The timekeeper starts the clock: an attempt begins, and decisions count.",
  answers: [echo],
  does: [says("resetDecisions", "reset")],
  sees: [["owlcms/fop/resetDecisions/A", "reset"]],
};

export const referee: Play = {
  answers,
  steps: [
    startup(["warning", "confirmed"]),
    {
      text: "The clock has not run yet: a press does not count, and the warning light flashes three times.",
      does: [{ press: "good" }],
      sees: [hears("refbox/decision", "1 good"), ...Array.from({ length: 3 }, () => [on("warning"), off("warning")]).flat()],
    },
    attempt,
    {
      text: "The two others have decided: the light and three beeps ask for this decision.",
      does: [says("decision", "2 good"), says("decision", "3 good"), says("decisionRequest", "1")],
      sees: [on("warning"), on("buzzer"), off("buzzer"), on("buzzer"), off("buzzer"), on("buzzer"), off("buzzer")],
    },
    {
      text: "The referee decides: the warning ends, and the decision is confirmed.",
      does: [{ press: "good" }],
      sees: [hears("refbox/decision", "1 good"), ["owlcms/fop/decision/A", "1 good"], off("warning"), on("confirmed"), off("confirmed")],
    },
    {
      text: "The referee turns the decision around.",
      does: [{ press: "bad" }],
      sees: [hears("refbox/decision", "1 bad"), on("confirmed"), off("confirmed")],
    },
    {
      text: "The jury summons the referee: the light flashes, and two tones sound.",
      does: [says("summon", "1")],
      sees: [on("warning"), off("warning"), on("buzzer"), off("buzzer"), on("buzzer"), off("buzzer")],
    },
  ],
};

export const hub: Play = {
  answers,
  steps: [
    startup(["warning-1", "confirmed-1", "warning-2", "confirmed-2", "warning-3", "confirmed-3", "down-light"]),
    attempt,
    {
      text: "Two referees decide, one for and one against the lift.",
      does: [{ press: "good-1" }, { press: "bad-2" }],
      sees: [hears("refbox/decision", "1 good"), on("confirmed-1"), hears("refbox/decision", "2 bad"), on("confirmed-2")],
    },
    {
      text: "owlcms misses the third decision.",
      does: [says("decisionRequest", "3")],
      sees: [on("warning-3"), on("buzzer-3")],
    },
    {
      text: "The third referee decides for the lift.",
      does: [{ press: "good-3" }],
      sees: [hears("refbox/decision", "3 good"), off("warning-3"), on("confirmed-3")],
    },
    {
      text: "The down signal: light and horn for 2 s.",
      does: [says("down")],
      sees: [on("down-light"), on("down-horn"), off("down-light"), off("down-horn")],
    },
  ],
};

export const timekeeper: Play = {
  answers,
  steps: [
    ...(
      [
        ["one-minute", "60", "The clock is set to one minute."],
        ["start", "start", "It runs."],
        ["stop", "stop", "It stops."],
        ["two-minutes", "120", "It is set to two minutes."],
      ] as const
    ).map(([press, word, text]): Step => ({ text, does: [{ press }], sees: [hears("clock", word)] })),
    {
      text: "30 s are left: the horn sounds twice.",
      does: [says("timeRemaining", "30")],
      sees: [on("horn"), off("horn"), on("horn"), off("horn")],
    },
    { text: "No time is left: one long tone.", does: [says("timeRemaining", "0")], sees: [on("horn"), off("horn")] },
  ],
};

const votes = ["1 good", "2 bad", "3 good"];

export const jury: Play = {
  answers: [
    ...answers,
    // Who has voted is known at once, what only when all have.
    ...["1", "2", "3"].map(
      (member): Answer => ({
        hears: hears("jurybox/juryMember/decision", `${member} `),
        does: [says("juryMemberDecision", `${member} hidden`)],
      }),
    ),
  ],
  steps: [
    startup(["green-1", "white-1", "red-1"]),
    ...votes.map((vote): Step => {
      const [member, word] = vote.split(" ");
      return {
        text: `Member ${member} votes: the green light is on, and the vote is hidden.`,
        does: [{ press: `${word}-${member}` }],
        sees: [hears("jurybox/juryMember/decision", vote), on(`green-${member}`)],
      };
    }),
    {
      text: "All have voted: the lights are white and red.",
      does: votes.map((vote) => says("juryMemberDecision", vote)),
      sees: [off("green-1"), on("white-1"), off("green-2"), on("red-2"), off("green-3"), on("white-3")],
    },
    {
      text: "The jury says no lift.",
      does: [{ press: "verdict-bad" }],
      sees: [hears("jurybox/decision", "bad")],
    },
    {
      text: "It deliberates, summons the first referee, and lets the competition go on.",
      does: [{ press: "deliberation" }, { press: "summon-1" }, { press: "resume" }],
      sees: [hears("jurybox/break", "deliberation"), hears("jurybox/summon", "1"), hears("jurybox/break", "stop")],
    },
    {
      text: "The next attempt begins: the lights go out.",
      does: [says("resetDecisions", "reset")],
      sees: [off("white-1"), off("red-2"), off("white-3")],
    },
  ],
};

export const broker: Play = {
  answers,
  steps: [
    { text: "Somebody without a user comes: the broker refuses.", does: [{ stranger: true }] },
    {
      text: "A box asks owlcms which platforms there are, and owlcms answers.",
      does: [{ say: "owlcms/config", payload: " " }],
      sees: [["owlcms/fop/config", "platforms"]],
    },
    {
      text: "A referee's box says a decision, and owlcms echoes it to all.",
      answers: [echo],
      does: [{ say: "owlcms/refbox/decision/A", payload: "1 good" }],
      sees: [
        ["owlcms/refbox/decision/A", "1 good"],
        ["owlcms/fop/decision/A", "1 good"],
      ],
    },
  ],
};
