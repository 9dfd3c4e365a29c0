import type { Aedes, Client } from "aedes";

/** What of aedes' list of clients is not in its types. */
interface Register {
  clients: Record<string, Client | undefined>;
  registerClient(client: Client): void;
  unregisterClient(client: Client): void;
}

/**
 * One connection for each client id, whatever happens at the same time [MQTT-3.1.4-2]: aedes 1.2.0 takes a name off its list for a connection that has
 * ended, though another one has it by then; the next one of that name would end nobody. Call it once.
 */
export function mendTakeover(aedes: Aedes): void {
  const inside = aedes as unknown as Register;
  const [register, unregister] = [inside.registerClient.bind(aedes), inside.unregisterClient.bind(aedes)];
  /** Who comes next, by the connection that has the name. */
  const next = new Map<Client, Client[]>();
  inside.unregisterClient = (client) => {
    if (inside.clients[client.id] === client) unregister(client);
    else aedes.emit("clientDisconnect", client);
  };
  inside.registerClient = (client) => {
    // It may be gone itself.
    if (client.closed) {
      aedes.emit("clientDisconnect", client);
      return;
    }
    const other = inside.clients[client.id];
    if (!other) return register(client);
    next.set(other, [...(next.get(other) ?? []), client]);
    other.close();
  };
  aedes.on("clientDisconnect", (gone) => {
    const waiting = next.get(gone) ?? [];
    next.delete(gone);
    // The one before it may have the name now.
    for (const client of waiting) inside.registerClient(client);
  });
}
