/** One kind of entry in the log: what the journal knows it by, and what `journalctl -x` says of it. */
interface LogEventText {
  /** MESSAGE_ID, random once and the same for ever. */
  id: string;
  subject: string;
  /** What it means, and in its last line what to do. */
  text: string;
}

/** Every kind of entry that somebody may look for. What is not here has no id. Decides `systemd/pinbus.catalog` and docs/journal-events.md. */
export const logEvents = {
  started: {
    id: "71dfc152e25f4247aba0aa7078ba0d91",
    subject: "pinbus starts",
    text: "The agent begins: it reads what it kept, requests its lines and connects to the broker. Outputs go to their on_start states.\nWhen nobody asked for it, look above at how the run before it ended.",
  },
  stopped: {
    id: "9af81a5f134747548dee9900400bc4f4",
    subject: "pinbus has stopped",
    text: "Outputs are in their on_exit states and the lines are released.\nNothing is to be done.",
  },
  online: {
    id: "1d64104a7adc4885a1026fe41cc9fd20",
    subject: "The broker is there",
    text: "Commands are heard and every state is at the broker.\nNothing is to be done.",
  },
  offline: {
    id: "6e104752131c43958e6da03cac47995e",
    subject: "The broker is away, or cannot be reached",
    text: "The message says why and what to check. Buttons and rules work; outputs with on_broker_lost go where it says; events wait.\nIt is tried again for ever. `pinbus status` says how it stands.",
  },
  "credentials-refused": {
    id: "9a72e4ef1034497a8b8d874b4c4d9843",
    subject: "The broker does not let this agent in",
    text: "Trying again cannot help: the user, the password, the certificate or the client id is refused.\nCorrect what the message names in the configuration or at the broker, then `systemctl reload pinbus`.",
  },
  "topic-refused": {
    id: "194723e3849547369cf30e31800dc47a",
    subject: "The broker refuses a topic",
    text: "The agent is connected, but may not publish or subscribe there. What belongs to that topic is missing on the bus.\nAllow the user of this agent that topic in the rules of the broker.",
  },
  "outbox-dropped": {
    id: "0279224de263470cbe65c9240050f4c2",
    subject: "Messages for the broker were lost",
    text: "They waited longer than their event_ttl, were too many (outbox.max_events, max_telemetry), or the broker refused them.\nIf they matter, let more wait, or longer; `pinbus status` counts what is lost.",
  },
  "output-moved": {
    id: "4168e0244b594f65bee6720f5a5fc6f9",
    subject: "An output went on or off",
    text: "PINBUS_CAUSE says why, PINBUS_CHAIN each step that led to it, PINBUS_CAUSE_ID the id of the command, if it had one.\nNothing is to be done. `pinbus why OUTPUT` tells the same in words.",
  },
  "max-on-reached": {
    id: "4baa6620d567485699f11bfcf73a91c5",
    subject: "An output was on for as long as it may be",
    text: "max_on has switched it off. Whatever switched it on did not switch it off in time.\nIf that was right, raise max_on of this output; if not, look in PINBUS_CHAIN for what switched it on.",
  },
  failsafe: {
    id: "9ac7d16e52c74becb8025b07a775e1a1",
    subject: "An output went to its safe state",
    text: "The broker (on_broker_lost) or another device (on_peer_offline) was away for too long. Nothing moves back by itself.\nSee why it was away: `journalctl -u pinbus PINBUS_EVENT=offline PINBUS_EVENT=peer-offline`.",
  },
  "made-safe": {
    id: "37a035c27d7d4e84a39e6ce3133fb57a",
    subject: "An output was driven to its state without an agent",
    text: "The agent has ended, and pinbus safe made sure: on_exit after a stop, on_crash after anything else. systemd's lines above say how it ended.\nAfter a crash look there for the reason. What the line shows from now on is in docs/outputs.md.",
  },
  "output-failed": {
    id: "8938fedc623c456686d71966ca6e2ad2",
    subject: "An output could not be switched",
    text: "The line did not take the level. Off is tried again every second; the state on the bus stays what was last seen.\nCheck the message, the wiring and `pinbus pins`: the line may be held by another program.",
  },
  "output-locked": {
    id: "bddd14ae15904c3ea806893f83f4dc9f",
    subject: "An output was locked",
    text: "It refuses commands and rules until it is unlocked; a pulse and max_on still end. The lock survives a restart.\nUnlock it with `pinbus unlock OUTPUT`.",
  },
  "output-unlocked": {
    id: "a03c625740bd4e8aaf10f8d3376756ed",
    subject: "An output was unlocked",
    text: "It takes commands and rules again.\nNothing is to be done.",
  },
  "pattern-ended": {
    id: "c7c4da65fb014a5a927954cc0accd7d4",
    subject: "A pattern ended before its end",
    text: "Something else was decided for the output, or its rule was disabled. PINBUS_REASON says what it was.\nNothing is to be done.",
  },
  "command-refused": {
    id: "1ca3ae8cdade4691a8e2c80697cd3938",
    subject: "A command was refused",
    text: "Nothing moved. PINBUS_REASON is the reason in one word, PINBUS_CAUSE who sent it, PINBUS_ALLOWED_AT from when on it would be served.\nretained: publish it without retain. stale: check the clocks. locked: `pinbus unlock`. malformed: see docs/topics.md.",
  },
  "interlock-refused": {
    id: "fefe22a2bc304789a191a024591b0db6",
    subject: "An interlock refused a command",
    text: "Two outputs of one interlock group must not be on together, and this group refuses instead of switching over.\nSwitch the partner off first, and wait for the dead time. PINBUS_ALLOWED_AT says when, if that is known.",
  },
  "line-lost": {
    id: "29c832aaf9eb4e0bb36d4498efa2cf5d",
    subject: "A line cannot be used",
    text: "Another program holds it, or its chip is missing or gone. Its state is UNKNOWN; it is tried again every second.\nThe message says which. `pinbus pins` shows who holds what; `sudo gpioinfo` shows all lines of the kernel.",
  },
  "plug-lost": {
    id: "f499bac5ec4a489580068779cfa8933c",
    subject: "A plug is not heard",
    text: "It is offline by its last will, does not answer, or the broker is away. Its state is UNKNOWN; an OFF goes to it first when it is heard again.\nSee whether it has power and Wi-Fi. If it was on, it goes off by its PulseTime.",
  },
  "line-returned": {
    id: "8a0b473f4e3d4e2fbb70a7362db9a2b2",
    subject: "A line can be used again",
    text: "An output is back in its start state, an input was read. Nothing is remembered across the gap.\nIf it happens often, look for loose wires, and for the other program that takes the line.",
  },
  gesture: {
    id: "58a2fd92f72e495fbcbde6443f05b1f3",
    subject: "A button was used",
    text: "A gesture of an input: press, click, hold and so on. Several of them may be parts of one press.\nNothing is to be done.",
  },
  "counter-set": {
    id: "bef7bf935df94c3e99e8065c026601c8",
    subject: "The total of a counter was set",
    text: "Somebody gave it another total. PINBUS_CAUSE says who.\nNothing is to be done.",
  },
  "counter-not-kept": {
    id: "5ef6131b6347412ab838129483d924f5",
    subject: "The total of a counter is not kept",
    text: "It counts on, but what is counted since then would be lost with the agent: the disk does not take it.\nMake room on the disk, or see why it is read-only: `df /var/lib/pinbus`, `journalctl -k -p err`.",
  },
  "counter-kept-again": {
    id: "f392d0c67ec84757878cb9c168106f2d",
    subject: "The total of a counter is kept again",
    text: "The disk takes it again, with what was counted meanwhile.\nNothing is to be done.",
  },
  "rule-fired": {
    id: "8b4ae9788c2b4852b7569bdc6edd4da0",
    subject: "A rule fired",
    text: "PINBUS_CAUSE says what set it going. Rules that only switch are told by what they move instead: PINBUS_RULE of those entries.\nNothing is to be done.",
  },
  "rule-enabled": {
    id: "a74348c676fd4b64aa8f7e29d94c2739",
    subject: "A rule was enabled",
    text: "PINBUS_CAUSE says by whom.\nNothing is to be done.",
  },
  "rule-disabled": {
    id: "c2a2b37b08b84e9885f600238937b8dd",
    subject: "A rule was disabled",
    text: "It does not fire until it is enabled, over restarts too. PINBUS_CAUSE says by whom.\nEnable it with `pinbus rules enable RULE`.",
  },
  "rule-rests": {
    id: "dd0d6cb16f994d67a5da15e56b409f8c",
    subject: "A rule fired too often and rests",
    text: "It may start itself in a ring over other devices, or an input chatters. Everything else works on.\nSee what set it going: `journalctl -u pinbus PINBUS_RULE=RULE`.",
  },
  "rule-resumed": {
    id: "172a3594ed954e639fb65a84aed446b8",
    subject: "A rule works again",
    text: "It has rested for its time.\nIf it rests again, what sets it going so often is still there.",
  },
  "controller-switched": {
    id: "83b8d75c15934567950eed8e2748a1a4",
    subject: "A controller switched something elsewhere",
    text: "PINBUS_CAUSE says by which value. Outputs of this machine tell it themselves.\nNothing is to be done.",
  },
  "controller-held": {
    id: "7daec92140564321aa4affd4d0570ac5",
    subject: "A controller does not control",
    text: "PINBUS_REASON says why: a value is stale, its conditions are not met, the broker is lost, or it is disabled. It does meanwhile what its configuration says.\nA stale value has a reason of its own above.",
  },
  "controller-resumed": {
    id: "fd4c3371ce484a0b865bdd3dd8a2a220",
    subject: "A controller controls again",
    text: "Its values are there, and its conditions are met.\nNothing is to be done.",
  },
  "controller-set": {
    id: "233988176b4249f590812db954a3558d",
    subject: "A controller was enabled, disabled or got another setpoint",
    text: "PINBUS_CAUSE says by whom. Another setpoint holds until the next start.\nNothing is to be done.",
  },
  "start-rules-held": {
    id: "96776a5680f24aca9bcae23b5a0e0011",
    subject: "Rules of the start were left out",
    text: "The agent has crashed again and again at its start, and these rules may be why.\nLook at the crashes above; `systemctl restart pinbus` tries again when the cause is gone.",
  },
  "time-missed": {
    id: "5e57d430eb444322a404ba6de70b1a2b",
    subject: "The time of a rule was missed",
    text: "The clock jumped over it. What is missed is not made up for.\nCheck that the clock is set before the time comes: `timedatectl`.",
  },
  "sensor-failed": {
    id: "2d5ea21f31484ad9a13af8f89ac79cf2",
    subject: "A sensor cannot be read, or its reading is too old",
    text: "It is offline on the bus and no value is published. It is read again after its time.\nCheck its wiring and its overlay; the message says what the read said.",
  },
  "sensor-returned": {
    id: "0438866ea6344a2592a692ccdff246be",
    subject: "A sensor can be read again",
    text: "Its values are published again.\nNothing is to be done.",
  },
  "value-refused": {
    id: "30045ed22b7144068ec570fdcaa29ea3",
    subject: "A message gave no value",
    text: "The message says what was wrong with it. The sensor keeps its last value, which grows older.\nCompare what the device publishes (`mosquitto_sub -v -t TOPIC`) with values of this sensor.",
  },
  "expressions-failed": {
    id: "8d946c7305d54234888f6379dce0eb0e",
    subject: "Expressions are not evaluated",
    text: "The thread in which they run ended or did not begin. It is started again; values that need none go on.\nIf it comes again and again, look at the memory of this machine.",
  },
  "owlcms-platform": {
    id: "b7ea52d0ba3c46d2be1d3341097f5f24",
    subject: "The platform of a box of owlcms",
    text: "owlcms was asked for its platforms: the message says which one this box is at, or why that is not known. Without it the box says nothing to owlcms.\nCorrect owlcms.platform in the configuration, or the platforms of owlcms.",
  },
  "peer-offline": {
    id: "a4c7a9202fc3440cb4adb327de50321f",
    subject: "Another device is away",
    text: "It or the broker said so, or it was silent for longer than stale_after. Outputs with on_peer_offline go where it says.\nCheck that device and its network.",
  },
  "peer-online": {
    id: "85ab099d43aa440d866b0deb14f01c2e",
    subject: "Another device is there",
    text: "It said so, or something was heard from it.\nNothing is to be done.",
  },
  "file-not-written": {
    id: "29ee0d3699014b7283b8c0157b077168",
    subject: "A file could not be written",
    text: "The agent works on, and forgets with a restart what the message names.\nMake room on the disk, or see why it is read-only: `df /var/lib/pinbus`, `journalctl -k -p err`.",
  },
  "file-written-again": {
    id: "8a12f941e11e49e7bd3f088612f5bef3",
    subject: "A file can be written again",
    text: "What waited in memory is on disk.\nNothing is to be done.",
  },
  "file-not-read": {
    id: "e778011732a04185ae291f242f55bab1",
    subject: "A file could not be read",
    text: "All of it, or some records, are left out; a file that makes no sense is kept beside it as `.bad`. Usually a power cut or a full disk.\nCheck the card if it happens again.",
  },
  "configuration-refused": {
    id: "7e87887f0e274f80846f254374f02f0c",
    subject: "A changed configuration was refused",
    text: "Nothing of it is in force: the one before it goes on.\nCorrect what the messages name (`pinbus check` lists all of it) and reload again.",
  },
  "configuration-reloaded": {
    id: "b32c378f04b84c129ef27ab6d83acf0e",
    subject: "The configuration was reloaded",
    text: "What the file changes is in force; everything else was left as it is.\nNothing is to be done.",
  },
  "client-refused": {
    id: "036d0e1d6dd04b81bb9d59e1ab76b87f",
    subject: "The built-in broker refused a client",
    text: "It was not let in: user, password, client id, keep alive, origin, TLS or too many at once. The message says which.\nIf it is yours, correct it there or under `broker` in the configuration; if not, somebody is trying.",
  },
  "client-limited": {
    id: "bc1096dfaf9f4a9098d2f8246b1ac418",
    subject: "The built-in broker limits a client",
    text: "What it sent was dropped, or it was disconnected: a topic that is not allowed, a packet that is too large, a queue that is full.\nChange the client, or broker.acl_file and the limits under `broker`.",
  },
  "listener-failed": {
    id: "58a51ae181334022ac7e3287c7f9fe92",
    subject: "The built-in broker cannot listen",
    text: "Another program has the port, or the address is not there. The lines work; it is tried again.\nThe message names who has it; if it is a broker, use it: mqtt.server: 127.0.0.1.",
  },
  "listener-works": {
    id: "5a5cbe93f6cc4c7d800868ddea462b54",
    subject: "The built-in broker listens",
    text: "Clients can connect there.\nNothing is to be done.",
  },
  "broker-failed": {
    id: "106e2f21fb75456ca4b26b1d2438f75a",
    subject: "The built-in broker has failed",
    text: "It is started again by itself, with what it kept. The lines were not touched.\nIf it happens again, report it with the output of `pinbus diag`.",
  },
  "bridge-online": {
    id: "f5be28b5e1084a7da16add6d9efc1ac5",
    subject: "The bridge to the central broker is there",
    text: "What waited goes on its way.\nNothing is to be done.",
  },
  "bridge-offline": {
    id: "7402188e35024f7291c3dba8b016a9f7",
    subject: "The bridge to the central broker is away",
    text: "The message says why and what to check under broker.bridge. Messages wait in the file of the built-in broker.\nIt is tried again for ever.",
  },
  "watchdog-starved": {
    id: "d5a9bc957c504058a8ac5731a621f6ed",
    subject: "A part of the agent makes no progress",
    text: "systemd's watchdog is not fed until it does; if it does not, the agent is killed, `pinbus safe` drives the outputs and it is started anew.\nIf it happens again, report it with the output of `pinbus diag`.",
  },
  "watchdog-fed": {
    id: "9dda0c900d334d09a5a2f9937dc68e60",
    subject: "A part of the agent makes progress again",
    text: "The watchdog is fed again.\nNothing is to be done.",
  },
  "clock-unset": {
    id: "a29e3fafdca845c2920755175108cc6c",
    subject: "The clock of this machine is not set",
    text: "Times in messages are wrong, ages of commands are not judged, rules with times of day wait.\nIt is set by the network: `timedatectl status`. A Pi without a network needs a clock with a battery.",
  },
  "clock-set": {
    id: "ed9da392ff9c4c7783654a1ee122e2b1",
    subject: "The clock of this machine is set",
    text: "Times and ages are right from here on; entries before this one have a wrong time.\nNothing is to be done.",
  },
  "power-low": {
    id: "d32d417a22fb4519b4702353ad6994e5",
    subject: "The supply voltage is too low",
    text: "The firmware of the Pi says so. It makes inputs chatter, slows the machine down and corrupts cards.\nUse a stronger supply and a shorter, thicker cable.",
  },
  "power-good": {
    id: "d03bfa0bb2bc48c9b83201cdd65a5fdf",
    subject: "The supply voltage is good again",
    text: "The firmware of the Pi says so. What was read and written meanwhile may be wrong.\nUse a stronger supply all the same.",
  },
  "service-controlled": {
    id: "bf87e58660bf440faf17b3d3bb148cea",
    subject: "A service was started, stopped or restarted",
    text: "Somebody asked for it in the terminal UI. The message says who, as that client says of itself.\nNothing is to be done.",
  },
  "certificate-warning": {
    id: "b827d8baa964433cb0975388754c31cc",
    subject: "A certificate needs somebody",
    text: "It has expired, expires soon, is not verified, or its file cannot be used. The message says which.\nRenew it; a new file is used without a restart.",
  },
  repeated: {
    id: "9fa04fd1569a45fe9419a46b89742e0c",
    subject: "More of the same was counted, not written",
    text: "So many entries of one input, output, rule, other device or kind of refused client came within a minute that the rest was counted (PINBUS_COUNT).\nA contact that bounces longer than its debounce looks like this; a larger `debounce` helps. So does a device with bad Wi-Fi. Refused commands, failed writes, max_on and failsafes are never left out.",
  },
} as const satisfies Readonly<Record<string, LogEventText>>;

export type LogEvent = keyof typeof logEvents;
