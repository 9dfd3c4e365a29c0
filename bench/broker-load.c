// Clients of a broker, without a library: what they cost must not be what is measured. Prints one JSON line.
// usage: broker-load PORT QOS PUBLISHERS SUBSCRIBERS COUNT [RATE]     each subscriber gets each of COUNT publications
//        broker-load PORT idle CLIENTS                                each with a subscription; until stdin ends
//   without RATE as fast as the broker delivers: so many are under way at most, and 20 unacknowledged ones of one publisher
//   with RATE (a second) the time from the publication to each delivery
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { clients_most = 2000, payload = 64, under_way = 1000, unacknowledged = 20, buffer = 256 * 1024 };

struct client {
  int fd, waiting; // publications without their PUBACK
  uint16_t id;
  bool watched, writes; // as epoll knows it
  char topic[32];
  size_t in, out;
  uint8_t *inbox, *outbox;
};

static struct client all[clients_most];
static int poller, qos, clients, ready, received, total;
static double *latency;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void fail(const char *what) {
  fprintf(stderr, "broker-load: %s\n", what);
  exit(1);
}

static void watch(struct client *c, bool writes) {
  struct epoll_event event = {.events = EPOLLIN | (writes ? EPOLLOUT : 0), .data.ptr = c};
  if (c->watched && writes == c->writes) return;
  epoll_ctl(poller, c->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, c->fd, &event);
  c->watched = true;
  c->writes = writes;
}

static void flush(struct client *c) {
  ssize_t sent = c->out ? send(c->fd, c->outbox, c->out, MSG_NOSIGNAL) : 0;
  if (sent < 0 && errno != EAGAIN) fail("the connection was lost");
  if (sent > 0) memmove(c->outbox, c->outbox + sent, c->out -= (size_t)sent);
  watch(c, c->out > 0);
}

/** A packet with a text in front of its rest. */
static void put(struct client *c, int first, const void *head, size_t head_length, const char *text, const void *rest, size_t rest_length) {
  size_t length = strlen(text), size = head_length + (text[0] ? 2 + length : 0) + rest_length;
  uint8_t *at = c->outbox + c->out;
  if (c->out + size + 8 > buffer) fail("too much waits to be sent");
  *at++ = (uint8_t)first;
  if (size > 127) *at++ = (uint8_t)(size % 128 | 128), *at++ = (uint8_t)(size / 128);
  else *at++ = (uint8_t)size;
  if (head_length) memcpy(at, head, head_length);
  at += head_length;
  if (text[0]) {
    *at++ = (uint8_t)(length >> 8), *at++ = (uint8_t)length;
    memcpy(at, text, length);
    at += length;
  }
  if (rest_length) memcpy(at, rest, rest_length);
  c->out += (size_t)(at + rest_length - (c->outbox + c->out));
}

static void publish(struct client *c) {
  uint8_t rest[2 + payload] = {0}, *at = rest;
  double t = now();
  if (qos) {
    c->id = (uint16_t)(c->id % 65535 + 1);
    *at++ = (uint8_t)(c->id >> 8), *at++ = (uint8_t)c->id;
    c->waiting++;
  }
  memcpy(at, &t, sizeof t);
  put(c, 0x30 | qos << 1, NULL, 0, c->topic, rest, (size_t)(at - rest) + payload);
}

static void packet(struct client *c, const uint8_t *body, size_t length, int first) {
  switch (first >> 4) {
  case 2: // CONNACK
    if (length < 2 || body[1]) fail("refused");
    ready++;
    return;
  case 9: // SUBACK
    ready++;
    return;
  case 4: // PUBACK
    c->waiting--;
    return;
  case 3: {
    size_t topic = (size_t)body[0] << 8 | body[1];
    const uint8_t *at = body + 2 + topic;
    double sent;
    if (first & 6) {
      put(c, 0x40, at, 2, "", NULL, 0);
      at += 2;
    }
    memcpy(&sent, at, sizeof sent);
    if (received < total) latency[received++] = now() - sent;
  }
  }
}

static void take(struct client *c) {
  ssize_t got = recv(c->fd, c->inbox + c->in, buffer - c->in, 0);
  size_t at = 0;
  if (got == 0 || (got < 0 && errno != EAGAIN)) fail("the broker closed the connection");
  if (got > 0) c->in += (size_t)got;
  while (c->in - at >= 2) {
    size_t length = c->inbox[at + 1] & 127, head = 2;
    if (c->inbox[at + 1] & 128) {
      if (c->in - at < 3) break;
      length += (size_t)c->inbox[at + 2] << 7;
      head = 3;
    }
    if (c->in - at < head + length) break;
    packet(c, c->inbox + at + head, length, c->inbox[at]);
    at += head + length;
  }
  memmove(c->inbox, c->inbox + at, c->in -= at);
}

/** Until something came or `until` (µs). */
static void turn(double until) {
  struct epoll_event events[256];
  struct timespec wait = {0, 0};
  double left = until - now();
  if (left > 0) wait.tv_sec = (time_t)(left / 1e6), wait.tv_nsec = (long)((left - (double)wait.tv_sec * 1e6) * 1e3);
  int count = epoll_pwait2(poller, events, 256, &wait, NULL);
  for (int i = 0; i < count; i++) {
    struct client *c = events[i].data.ptr;
    if (events[i].events & ~EPOLLOUT) take(c);
    flush(c);
  }
}

static void until_ready(int wanted) {
  double limit = now() + 20e6;
  while (ready < wanted && now() < limit) turn(limit);
  if (ready < wanted) fail("no answer");
  ready = 0;
}

static void connect_all(int port, int count) {
  static const uint8_t protocol[] = {0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 0};
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (count > clients_most) fail("too many clients");
  poller = epoll_create1(0);
  for (clients = 0; clients < count; clients++) {
    struct client *c = &all[clients];
    char name[32];
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address)) fail("nobody listens");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    c->inbox = malloc(buffer);
    c->outbox = malloc(buffer);
    snprintf(name, sizeof name, "bench-%d", clients);
    snprintf(c->topic, sizeof c->topic, "bench/load/%d", clients);
    put(c, 0x10, protocol, sizeof protocol, name, NULL, 0);
    flush(c);
  }
  until_ready(count);
}

static void subscribe(struct client *c, const char *filter) {
  put(c, 0x82, "\0\1", 2, filter, &(uint8_t){(uint8_t)qos}, 1);
  flush(c);
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double at(double part) { return received ? latency[(int)(part * (double)(received - 1) + 0.5)] : -1; }

int main(int argc, char **args) {
  if (argc == 4 && strcmp(args[2], "idle") == 0) {
    connect_all(atoi(args[1]), atoi(args[3]));
    for (int i = 0; i < clients; i++) subscribe(&all[i], all[i].topic);
    until_ready(clients);
    puts("{}");
    fflush(stdout);
    return getchar() == EOF ? 0 : 1;
  }
  if (argc < 6) return 64;
  int publishers = atoi(args[3]), subscribers = atoi(args[4]), count = atoi(args[5]), rate = argc > 6 ? atoi(args[6]) : 0, sent = 0, turns = 0;
  qos = atoi(args[2]);
  total = count * subscribers;
  latency = malloc(sizeof *latency * (size_t)total);
  connect_all(atoi(args[1]), publishers + subscribers);
  for (int i = publishers; i < clients; i++) subscribe(&all[i], "bench/load/+");
  until_ready(subscribers);

  double start = now(), limit = start + 60e6;
  while ((received < total || sent < count) && now() < limit) {
    double due = rate ? start + 1e6 * sent / rate : 0;
    for (int blocked = 0; sent < count && blocked < publishers && now() >= due;) {
      if (!rate && sent * subscribers - received >= under_way * subscribers) break;
      struct client *c = &all[turns++ % publishers];
      if (c->waiting >= unacknowledged || c->out > buffer / 2) {
        blocked++;
        continue;
      }
      blocked = 0;
      publish(c);
      sent++;
      if (rate) due = start + 1e6 * sent / rate;
      if (rate || sent % 50 == 0) flush(c);
    }
    for (int i = 0; i < publishers; i++) if (all[i].out && !all[i].writes) flush(&all[i]);
    turn(rate && sent < count && due < limit ? due : limit);
  }
  double seconds = (now() - start) / 1e6;
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  double busy = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
  qsort(latency, (size_t)received, sizeof *latency, by_size);
  printf("{\"delivered\":%d,\"missing\":%d,\"seconds\":%.6f,\"busy\":%.6f,\"p50\":%.1f,\"p99\":%.1f}\n", received, total - received, seconds, busy,
         rate ? at(0.5) : -1, rate ? at(0.99) : -1);
  return 0;
}
