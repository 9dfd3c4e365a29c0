// The smallest possible job with MQTT.js: receives <base>/out/<id>/set, publishes <base>/out/<id>/state, retained. A floor, not a product.
// usage: node echo.mjs PORT BASE QOS VERSION(5|4)
import mqtt from "mqtt";

const [port, base, qosText, version] = process.argv.slice(2);
const qos = Number(qosText);
const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, { protocolVersion: Number(version) });
client.on("connect", () => {
  client.subscribe(`${base}/out/+/set`, { qos }, () => client.publish(`${base}/status`, "online", { qos: 1, retain: true }));
});
client.on("message", (topic, payload) => client.publish(`${topic.slice(0, -3)}state`, payload, { qos, retain: true }));
