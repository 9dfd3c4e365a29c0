// node bench/aedes.mjs PORT: aedes as its readme starts it, without anything of ours; the floor of its runtime.
import { createServer } from "node:net";
import { Aedes } from "aedes";

const aedes = await Aedes.createBroker();
createServer({ noDelay: true }, aedes.handle).listen(Number(process.argv[2]), "127.0.0.1");
