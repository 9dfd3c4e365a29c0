// The smallest possible job in C: receives <base>/out/<id>/set, publishes <base>/out/<id>/state, retained. A floor, not a product.
// usage: echo PORT BASE QOS VERSION(5|4)
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char base[128];
static int qos;

static void on_connect(struct mosquitto *m, void *user, int code) {
  char filter[160];
  (void)user;
  if (code) { fprintf(stderr, "echo: the broker answers %d\n", code); exit(1); }
  snprintf(filter, sizeof filter, "%s/out/+/set", base);
  mosquitto_subscribe(m, NULL, filter, qos);
}

static void on_subscribe(struct mosquitto *m, void *user, int mid, int count, const int *granted) {
  char topic[160];
  (void)user; (void)mid; (void)count; (void)granted;
  snprintf(topic, sizeof topic, "%s/status", base);
  mosquitto_publish(m, NULL, topic, 6, "online", 1, true);
}

static void on_message(struct mosquitto *m, void *user, const struct mosquitto_message *message) {
  char topic[256];
  size_t length = strlen(message->topic);
  (void)user;
  if (length < 4 || length + 3 > sizeof topic) return;
  memcpy(topic, message->topic, length - 3);
  strcpy(topic + length - 3, "state");
  mosquitto_publish(m, NULL, topic, message->payloadlen, message->payload, qos, true);
}

int main(int count, char **args) {
  struct mosquitto *m;
  if (count != 5) return 64;
  snprintf(base, sizeof base, "%s", args[2]);
  qos = atoi(args[3]);
  mosquitto_lib_init();
  m = mosquitto_new(NULL, true, NULL);
  mosquitto_int_option(m, MOSQ_OPT_PROTOCOL_VERSION, atoi(args[4]) == 5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311);
  mosquitto_int_option(m, MOSQ_OPT_TCP_NODELAY, 1);
  mosquitto_connect_callback_set(m, on_connect);
  mosquitto_subscribe_callback_set(m, on_subscribe);
  mosquitto_message_callback_set(m, on_message);
  if (mosquitto_connect(m, "127.0.0.1", atoi(args[1]), 60) != MOSQ_ERR_SUCCESS) { perror("echo: connect"); return 1; }
  return mosquitto_loop_forever(m, -1, 1);
}
