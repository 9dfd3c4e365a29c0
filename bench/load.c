// The client that commands and observes: publishes <base>/out/out-<n>/set, waits for <base>/out/out-<n>/state. Prints one JSON line.
// usage: load PORT BASE QOS VERSION(5|4) paced RATE COUNT | closed COUNT | open COUNT
//   paced   one command every 1/RATE s; the time from the publish call to the state
//   closed  one unanswered command for each output; commands per second
//   open    commands without waiting for states; until the state of the command sent last
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// One more is reserved as the marker that ends an open loop.
enum { outputs = 19, marker = 19, in_flight_most = 20 };

static struct mosquitto *m;
static const char *base;
static int qos, in_flight, pending, answered;
static bool ready, failed_to_connect;
// -1 = unknown.
static int known[outputs + 1], wanted[outputs + 1];
static bool waits[outputs + 1];
static double sent_at[outputs + 1];
static double *latency;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void on_connect(struct mosquitto *client, void *user, int code) {
  char filter[160];
  (void)user;
  if (code) { failed_to_connect = true; return; }
  snprintf(filter, sizeof filter, "%s/out/+/state", base);
  mosquitto_subscribe(client, NULL, filter, qos);
}

static void on_subscribe(struct mosquitto *client, void *user, int mid, int count, const int *granted) {
  (void)client; (void)user; (void)mid; (void)count; (void)granted;
  ready = true;
}

static void on_publish(struct mosquitto *client, void *user, int mid) {
  (void)client; (void)user; (void)mid;
  in_flight--;
}

static void on_message(struct mosquitto *client, void *user, const struct mosquitto_message *message) {
  const char *id = strstr(message->topic, "/out/out-");
  int output = id ? atoi(id + 9) : -1, level = message->payloadlen == 2 ? 1 : 0;
  (void)client; (void)user;
  if (output < 0 || output > outputs) return;
  known[output] = level;
  if (!waits[output] || level != wanted[output]) return;
  waits[output] = false;
  pending--;
  if (latency) latency[answered] = now() - sent_at[output];
  answered++;
}

/** Until something happened or `until` (µs) has come. */
static void turn(double until) {
  struct pollfd fd = {.fd = mosquitto_socket(m), .events = POLLIN};
  double left = until - now();
  struct timespec wait = {(time_t)(left / 1e6), 0};
  if (fd.fd < 0) { fprintf(stderr, "load: the connection was lost\n"); exit(1); }
  if (left < 0) left = 0;
  wait.tv_sec = (time_t)(left / 1e6);
  wait.tv_nsec = (long)((left - (double)wait.tv_sec * 1e6) * 1e3);
  if (mosquitto_want_write(m)) fd.events |= POLLOUT;
  ppoll(&fd, 1, &wait, NULL);
  if (fd.revents & POLLOUT) mosquitto_loop_write(m, 1);
  if (fd.revents & (POLLIN | POLLERR | POLLHUP)) mosquitto_loop_read(m, 1);
  mosquitto_loop_misc(m);
}

static void command(int output, int level) {
  char topic[160];
  snprintf(topic, sizeof topic, "%s/out/out-%d/set", base, output);
  wanted[output] = level;
  in_flight++;
  sent_at[output] = now();
  if (mosquitto_publish(m, NULL, topic, level ? 2 : 3, level ? "ON" : "OFF", qos, false) != MOSQ_ERR_SUCCESS) {
    fprintf(stderr, "load: publish failed\n");
    exit(1);
  }
}

static void expect(int output, int level) {
  waits[output] = true;
  pending++;
  command(output, level);
}

static bool all_known(bool to_be_as_wanted) {
  for (int i = 0; i <= outputs; i++) if (to_be_as_wanted ? known[i] != wanted[i] : known[i] < 0) return false;
  return true;
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double at(double part) { return answered ? latency[(int)(part * (double)(answered - 1) + 0.5)] : -1; }

int main(int count, char **args) {
  double start, end, limit;
  const char *mode = count > 5 ? args[5] : "";
  int total = count > 6 ? atoi(args[count - 1]) : 0, rate = count > 7 ? atoi(args[6]) : 0;
  if (total < 1 || (strcmp(mode, "paced") == 0) != (rate > 0)) return 64;
  base = args[2];
  qos = atoi(args[3]);
  mosquitto_lib_init();
  m = mosquitto_new(NULL, true, NULL);
  mosquitto_int_option(m, MOSQ_OPT_PROTOCOL_VERSION, atoi(args[4]) == 5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311);
  mosquitto_int_option(m, MOSQ_OPT_TCP_NODELAY, 1);
  mosquitto_connect_callback_set(m, on_connect);
  mosquitto_subscribe_callback_set(m, on_subscribe);
  mosquitto_publish_callback_set(m, on_publish);
  mosquitto_message_callback_set(m, on_message);
  memset(known, -1, sizeof known);
  if (mosquitto_connect(m, "127.0.0.1", atoi(args[1]), 60) != MOSQ_ERR_SUCCESS) { perror("load: connect"); return 1; }
  limit = now() + 20e6;
  while (!ready && !failed_to_connect && now() < limit) turn(limit);
  // Every output off: told by the retained state or by the answer.
  for (int i = 0; ready && i <= outputs; i++) { command(i, 0); while (in_flight >= in_flight_most) turn(limit); }
  while (ready && !all_known(true) && now() < limit) turn(limit);
  if (!ready || !all_known(true)) { fprintf(stderr, "load: nobody answers below %s\n", base); return 1; }
  // What an echo still has to say about that must not be taken for an answer.
  for (start = now() + 2e5; now() < start;) turn(start);

  latency = malloc(sizeof *latency * (size_t)(total + outputs + 2));
  start = now();
  limit = start + 120e6 + (rate ? 1e6 * total / rate : 0);
  if (rate) {
    for (int i = 0; i < total; i++) {
      double due = start + 1e6 * i / rate;
      int output = i % outputs;
      while (now() < due) turn(due);
      if (waits[output]) continue; // not answered in a whole round: counts as missing
      expect(output, !known[output]);
    }
    for (limit = now() + 5e6; pending > 0 && now() < limit;) turn(limit);
  } else if (strcmp(mode, "closed") == 0) {
    int sent = 0;
    while (answered < total && now() < limit) {
      for (int i = 0; i < outputs && sent < total; i++) if (!waits[i] && in_flight < in_flight_most) { expect(i, !known[i]); sent++; }
      turn(limit);
    }
  } else {
    for (int i = 0; i < total && now() < limit; i++) {
      while (in_flight >= in_flight_most && now() < limit) turn(limit);
      command(i % outputs, !wanted[i % outputs]);
    }
    answered = 0;
    expect(marker, 1);
    while (waits[marker] && now() < limit) turn(limit);
    answered = waits[marker] ? 0 : total;
  }
  end = now();
  for (limit = now() + 2e6; !all_known(true) && now() < limit;) turn(limit);
  qsort(latency, rate ? (size_t)answered : 0, sizeof *latency, by_size);
  printf("{\"sent\":%d,\"answered\":%d,\"seconds\":%.6f,\"p50\":%.1f,\"p99\":%.1f,\"last_right\":%s}\n", total, answered,
         (end - start) / 1e6, rate ? at(0.5) : -1, rate ? at(0.99) : -1, all_known(true) ? "true" : "false");
  return 0;
}
