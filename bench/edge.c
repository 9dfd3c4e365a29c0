// The floor for a kernel edge: poll + read + ioctl, nothing else. Also the hand that presses. Runs inside the test machine.
// usage: edge answer CHIP-LABEL IN OUT COUNTED   writes OUT as IN goes, counts the edges of COUNTED; SIGUSR1 prints them
//        edge press PULL-FILE COUNT PERIOD-US [VALUE-FILE]   pulls a simulated line up and down, COUNT edges; with VALUE-FILE
//        each waits until the line there has the same level, at most 2 s
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t asked;
static void ask(int signal) { (void)signal; asked = 1; }
static void die(const char *what) { perror(what); exit(1); }

static int open_chip(const char *label) {
  DIR *dev = opendir("/dev");
  struct dirent *entry;
  while ((entry = readdir(dev))) {
    char path[300];
    struct gpiochip_info info;
    int fd;
    if (strncmp(entry->d_name, "gpiochip", 8) != 0) continue;
    snprintf(path, sizeof path, "/dev/%s", entry->d_name);
    fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd >= 0 && ioctl(fd, GPIO_GET_CHIPINFO_IOCTL, &info) == 0 && strcmp(info.label, label) == 0) return fd;
    if (fd >= 0) close(fd);
  }
  errno = ENOENT;
  die(label);
  return -1;
}

static int request(int chip, int offset, unsigned long long flags, const char *consumer) {
  struct gpio_v2_line_request r;
  memset(&r, 0, sizeof r);
  r.offsets[0] = (unsigned)offset;
  r.num_lines = 1;
  r.config.flags = flags;
  r.event_buffer_size = flags & GPIO_V2_LINE_FLAG_INPUT ? 1024 : 0;
  snprintf(r.consumer, sizeof r.consumer, "%s", consumer);
  if (ioctl(chip, GPIO_V2_GET_LINE_IOCTL, &r) < 0) die(consumer);
  return r.fd;
}

static _Noreturn void answer(char **args) {
  const unsigned long long edges = GPIO_V2_LINE_FLAG_INPUT | GPIO_V2_LINE_FLAG_EDGE_RISING | GPIO_V2_LINE_FLAG_EDGE_FALLING;
  int chip = open_chip(args[0]);
  int out = request(chip, atoi(args[2]), GPIO_V2_LINE_FLAG_OUTPUT, "bench:lamp");
  struct pollfd fds[2] = {{.fd = request(chip, atoi(args[1]), edges, "bench:button"), .events = POLLIN},
                          {.fd = request(chip, atoi(args[3]), edges, "bench:bounce"), .events = POLLIN}};
  struct gpio_v2_line_event events[64];
  struct sigaction action = {.sa_handler = ask};
  long seen = 0, lost = 0;
  unsigned next = 1;
  sigaction(SIGUSR1, &action, NULL);
  puts("ready");
  fflush(stdout);
  for (;;) {
    if (asked) {
      asked = 0;
      printf("%ld %ld\n", seen, lost);
      fflush(stdout);
    }
    if (poll(fds, 2, -1) < 0) continue;
    if (fds[0].revents) {
      long bytes = read(fds[0].fd, events, sizeof events);
      for (long i = 0; i < bytes / (long)sizeof *events; i++) {
        struct gpio_v2_line_values values = {.mask = 1, .bits = events[i].id == GPIO_V2_LINE_EVENT_RISING_EDGE};
        if (ioctl(out, GPIO_V2_LINE_SET_VALUES_IOCTL, &values) < 0) die("set");
      }
    }
    if (fds[1].revents) {
      long bytes = read(fds[1].fd, events, sizeof events);
      for (long i = 0; i < bytes / (long)sizeof *events; i++) {
        lost += events[i].line_seqno - next;
        next = events[i].line_seqno + 1;
        seen++;
      }
    }
  }
}

/** Looks rarely: looking takes time from the program that is measured. */
static void wait_for(int fd, char level) {
  const struct timespec look = {0, 2000000};
  char is = 0;
  for (int i = 0; i < 1000 && is != level; i++) {
    nanosleep(&look, NULL);
    if (pread(fd, &is, 1, 0) < 0) die("value");
  }
}

static int press(int extra, char **args) {
  int fd = open(args[0], O_WRONLY), value = extra ? open(args[3], O_RDONLY) : -1;
  long count = atol(args[1]), period = atol(args[2]) * 1000;
  struct timespec start, due, end;
  if (fd < 0) die(args[0]);
  if (extra && value < 0) die(args[3]);
  clock_gettime(CLOCK_MONOTONIC, &start);
  due = start;
  for (long i = 0; i < count; i++) {
    const char *pull = i % 2 ? "pull-down" : "pull-up";
    if (pwrite(fd, pull, strlen(pull), 0) < 0) die("pull");
    if (extra) {
      const struct timespec pause = {0, period};
      wait_for(value, i % 2 ? '0' : '1');
      nanosleep(&pause, NULL);
      continue;
    }
    due.tv_nsec += period;
    while (due.tv_nsec >= 1000000000) { due.tv_nsec -= 1000000000; due.tv_sec++; }
    // A sleep takes longer than the period of a fast burst: sleep only when ahead.
    clock_gettime(CLOCK_MONOTONIC, &end);
    if (due.tv_sec > end.tv_sec || (due.tv_sec == end.tv_sec && due.tv_nsec > end.tv_nsec + 50000))
      clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
  }
  clock_gettime(CLOCK_MONOTONIC, &end);
  printf("%.6f\n", (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9);
  return 0;
}

int main(int count, char **args) {
  if (count == 6 && strcmp(args[1], "answer") == 0) answer(args + 2);
  if ((count == 5 || count == 6) && strcmp(args[1], "press") == 0) return press(count == 6, args + 2);
  return 64;
}
