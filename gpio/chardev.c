/*
 * GPIO character device, uAPI v2, for Node: one function per ioctl, one uv_poll per line, no thread.
 *
 * A handle is a file descriptor that this file opened; any other number is refused with EBADF, so a mistake in JavaScript
 * cannot close or read a foreign descriptor. Errors of the kernel are thrown as Error with `code` ("EBUSY") and `errno` (16).
 *
 *   openChip(path) -> fd                        chipInfo(fd) -> {name, label, lines}
 *   lineInfo(chip, offset) -> {name, consumer, flags}
 *   request(chip, offsets, flags, consumer, events, bits) -> fd     at most 32 lines; bits: start levels of outputs
 *   getValues(fd, mask) -> bits                 setValues(fd, mask, bits)
 *   watch(fd, Float64Array, callback(count))    4 doubles an event: offset, rising, atNs, line seqno; count < 0: -errno, over
 *   close(fd)
 */
#define _GNU_SOURCE
#define NAPI_VERSION 8
#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <node_api.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <uv.h>

enum { MAX_LINES = 32, FIELDS = 4, BATCH = 64 };
enum kind { CHIP, LINES };

/* One per open descriptor, in a list per environment; freed by the close callback of its poll. */
struct handle {
  struct handle *next;
  struct room *room;
  int fd;
  enum kind kind;
  uv_poll_t *poll;
  napi_ref buffer, callback;
  napi_async_context context;
};

struct room {
  napi_env env;
  struct handle *open;
  napi_async_cleanup_hook_handle hook;
  unsigned closing;
  bool ending;
};

static napi_value fail(napi_env env, int error, const char *what) {
  char text[160];
  napi_value code, message, object, number;
  snprintf(text, sizeof text, "%s: %s", what, strerror(error));
  const char *name = uv_err_name(-error);
  if (napi_create_string_utf8(env, name, NAPI_AUTO_LENGTH, &code) == napi_ok &&
      napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &message) == napi_ok &&
      napi_create_error(env, code, message, &object) == napi_ok && napi_create_int32(env, error, &number) == napi_ok &&
      napi_set_named_property(env, object, "errno", number) == napi_ok)
    napi_throw(env, object);
  return NULL;
}

/* Reads the arguments of a call; throws and returns NULL when there are fewer than wanted. */
static struct room *enter(napi_env env, napi_callback_info info, size_t wanted, napi_value *args) {
  void *data = NULL;
  size_t count = wanted;
  if (napi_get_cb_info(env, info, &count, args, NULL, &data) != napi_ok) return NULL;
  if (count >= wanted) return data;
  napi_throw_type_error(env, "ERR_MISSING_ARGS", "chardev: too few arguments");
  return NULL;
}

/* A whole number that fits 32 bits; napi_get_value_uint32 would silently cut 1.5 and 2^32. */
static bool whole(napi_env env, napi_value value, uint32_t *out) {
  double number;
  if (napi_get_value_double(env, value, &number) == napi_ok && number >= 0 && number <= UINT32_MAX && number == (uint32_t)number) {
    *out = (uint32_t)number;
    return true;
  }
  napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "chardev: a whole number of 32 bits is needed");
  return false;
}

static struct handle *find(napi_env env, struct room *room, napi_value value, enum kind kind) {
  uint32_t fd;
  if (!whole(env, value, &fd)) return NULL;
  for (struct handle *handle = room->open; handle; handle = handle->next)
    if ((uint32_t)handle->fd == fd && handle->kind == kind) return handle;
  fail(env, EBADF, kind == CHIP ? "not an open chip" : "not an open line");
  return NULL;
}

/* Takes ownership of fd, also when it fails. */
static napi_value keep(napi_env env, struct room *room, int fd, enum kind kind) {
  napi_value result;
  struct handle *handle = calloc(1, sizeof *handle);
  if (!handle || napi_create_int32(env, fd, &result) != napi_ok) {
    free(handle);
    close(fd);
    return fail(env, ENOMEM, "open");
  }
  *handle = (struct handle){.next = room->open, .room = room, .fd = fd, .kind = kind};
  room->open = handle;
  return result;
}

static void maybe_end(struct room *room) {
  if (!room->ending || room->closing > 0) return;
  napi_remove_async_cleanup_hook(room->hook);
  free(room);
}

static void closed(uv_handle_t *poll) {
  struct handle *handle = poll->data;
  struct room *room = handle->room;
  free(handle);
  free(poll);
  room->closing--;
  maybe_end(room);
}

/* The line is free when this returns; the memory follows when the loop has let go of the poll. */
static void shut(struct handle *handle) {
  struct room *room = handle->room;
  for (struct handle **at = &room->open; *at; at = &(*at)->next)
    if (*at == handle) {
      *at = handle->next;
      break;
    }
  if (handle->poll) {
    room->closing++;
    uv_close((uv_handle_t *)handle->poll, closed); /* stops polling now, so the descriptor may go */
    napi_delete_reference(room->env, handle->buffer);
    napi_delete_reference(room->env, handle->callback);
    napi_async_destroy(room->env, handle->context);
    handle->callback = NULL;
    close(handle->fd);
    return;
  }
  close(handle->fd);
  free(handle);
}

static void end(napi_async_cleanup_hook_handle hook, void *data) {
  struct room *room = data;
  room->hook = hook;
  while (room->open) shut(room->open);
  room->ending = true;
  maybe_end(room);
}

static napi_value open_chip(napi_env env, napi_callback_info info) {
  napi_value args[1];
  char path[256];
  size_t length;
  struct gpiochip_info chip;
  struct room *room = enter(env, info, 1, args);
  if (!room) return NULL;
  if (napi_get_value_string_utf8(env, args[0], path, sizeof path, &length) != napi_ok || length == sizeof path - 1 || strlen(path) != length) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "chardev: a path is needed");
    return NULL;
  }
  int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return fail(env, errno, path);
  if (ioctl(fd, GPIO_GET_CHIPINFO_IOCTL, &chip) < 0) {
    int error = errno;
    close(fd);
    return fail(env, error, path);
  }
  return keep(env, room, fd, CHIP);
}

static bool set_text(napi_env env, napi_value object, const char *key, const char *text, size_t size) {
  napi_value value;
  return napi_create_string_utf8(env, text, strnlen(text, size), &value) == napi_ok &&
         napi_set_named_property(env, object, key, value) == napi_ok;
}

static bool set_number(napi_env env, napi_value object, const char *key, uint32_t number) {
  napi_value value;
  return napi_create_uint32(env, number, &value) == napi_ok && napi_set_named_property(env, object, key, value) == napi_ok;
}

static napi_value chip_info(napi_env env, napi_callback_info info) {
  napi_value args[1], object;
  struct gpiochip_info chip = {0};
  struct room *room = enter(env, info, 1, args);
  struct handle *handle = room ? find(env, room, args[0], CHIP) : NULL;
  if (!handle) return NULL;
  if (ioctl(handle->fd, GPIO_GET_CHIPINFO_IOCTL, &chip) < 0) return fail(env, errno, "chip info");
  if (napi_create_object(env, &object) != napi_ok || !set_text(env, object, "name", chip.name, sizeof chip.name) ||
      !set_text(env, object, "label", chip.label, sizeof chip.label) || !set_number(env, object, "lines", chip.lines))
    return NULL;
  return object;
}

static napi_value line_info(napi_env env, napi_callback_info info) {
  napi_value args[2], object;
  struct gpio_v2_line_info line = {0};
  struct room *room = enter(env, info, 2, args);
  struct handle *handle = room ? find(env, room, args[0], CHIP) : NULL;
  if (!handle || !whole(env, args[1], &line.offset)) return NULL;
  if (ioctl(handle->fd, GPIO_V2_GET_LINEINFO_IOCTL, &line) < 0) return fail(env, errno, "line info");
  if (napi_create_object(env, &object) != napi_ok || !set_text(env, object, "name", line.name, sizeof line.name) ||
      !set_text(env, object, "consumer", line.consumer, sizeof line.consumer) || !set_number(env, object, "flags", (uint32_t)line.flags))
    return NULL;
  return object;
}

static napi_value request(napi_env env, napi_callback_info info) {
  napi_value args[6], item;
  uint32_t flags, bits;
  bool is_array = false;
  struct gpio_v2_line_request line = {0};
  struct room *room = enter(env, info, 6, args);
  struct handle *handle = room ? find(env, room, args[0], CHIP) : NULL;
  if (!handle) return NULL;
  if (napi_is_array(env, args[1], &is_array) != napi_ok || !is_array || napi_get_array_length(env, args[1], &line.num_lines) != napi_ok ||
      line.num_lines < 1 || line.num_lines > MAX_LINES ||
      napi_get_value_string_utf8(env, args[3], line.consumer, sizeof line.consumer, NULL) != napi_ok) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "chardev: 1 to 32 offsets and a consumer name are needed");
    return NULL;
  }
  for (uint32_t i = 0; i < line.num_lines; i++)
    if (napi_get_element(env, args[1], i, &item) != napi_ok || !whole(env, item, &line.offsets[i])) return NULL;
  if (!whole(env, args[2], &flags) || !whole(env, args[4], &line.event_buffer_size) || !whole(env, args[5], &bits)) return NULL;
  line.config.flags = flags;
  if (flags & GPIO_V2_LINE_FLAG_OUTPUT) { /* the start level is part of the request: no moment with the wrong one */
    line.config.num_attrs = 1;
    line.config.attrs[0].attr.id = GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES;
    line.config.attrs[0].attr.values = bits;
    line.config.attrs[0].mask = UINT64_MAX >> (64 - line.num_lines);
  }
  if (ioctl(handle->fd, GPIO_V2_GET_LINE_IOCTL, &line) < 0) return fail(env, errno, "request");
  int status = fcntl(line.fd, F_GETFL);
  if (status < 0 || fcntl(line.fd, F_SETFL, status | O_NONBLOCK) < 0) {
    int error = errno;
    close(line.fd);
    return fail(env, error, "request");
  }
  return keep(env, room, line.fd, LINES);
}

static napi_value get_values(napi_env env, napi_callback_info info) {
  napi_value args[2], result;
  uint32_t mask;
  struct room *room = enter(env, info, 2, args);
  struct handle *handle = room ? find(env, room, args[0], LINES) : NULL;
  if (!handle || !whole(env, args[1], &mask)) return NULL;
  struct gpio_v2_line_values values = {.mask = mask};
  if (ioctl(handle->fd, GPIO_V2_LINE_GET_VALUES_IOCTL, &values) < 0) return fail(env, errno, "read");
  return napi_create_uint32(env, (uint32_t)values.bits, &result) == napi_ok ? result : NULL;
}

static napi_value set_values(napi_env env, napi_callback_info info) {
  napi_value args[3];
  uint32_t mask, bits;
  struct room *room = enter(env, info, 3, args);
  struct handle *handle = room ? find(env, room, args[0], LINES) : NULL;
  if (!handle || !whole(env, args[1], &mask) || !whole(env, args[2], &bits)) return NULL;
  struct gpio_v2_line_values values = {.mask = mask, .bits = bits};
  if (ioctl(handle->fd, GPIO_V2_LINE_SET_VALUES_IOCTL, &values) < 0) return fail(env, errno, "write");
  return NULL;
}

/* Reads at most one batch into the caller's array: the number of events, or -errno when the line is over. */
static int drain(struct handle *handle, int status) {
  struct gpio_v2_line_event events[BATCH];
  napi_value array;
  napi_typedarray_type type;
  size_t length = 0;
  void *data = NULL;
  napi_env env = handle->room->env;
  if (status < 0) { /* libuv turns every error of a poll into EBADF and stops; the kernel knows the reason */
    struct gpio_v2_line_values values = {.mask = 1};
    return ioctl(handle->fd, GPIO_V2_LINE_GET_VALUES_IOCTL, &values) < 0 ? -errno : status;
  }
  /* Asked for each time: the array may have been detached since. */
  if (napi_get_reference_value(env, handle->buffer, &array) != napi_ok || !array ||
      napi_get_typedarray_info(env, array, &type, &length, &data, NULL, NULL) != napi_ok || !data || length < FIELDS)
    return -EFAULT;
  size_t room = length / FIELDS < BATCH ? length / FIELDS : BATCH;
  ssize_t bytes = read(handle->fd, events, room * sizeof *events);
  if (bytes < 0) return errno == EAGAIN || errno == EINTR ? 0 : -errno;
  double *out = data;
  size_t count = (size_t)bytes / sizeof *events;
  for (size_t i = 0; i < count; i++) {
    *out++ = events[i].offset;
    *out++ = events[i].id == GPIO_V2_LINE_EVENT_RISING_EDGE;
    *out++ = (double)events[i].timestamp_ns;
    *out++ = events[i].line_seqno;
  }
  return (int)count;
}

static void ready(uv_poll_t *poll, int status, int events) {
  struct handle *handle = poll->data;
  napi_env env = handle->room->env;
  napi_handle_scope scope;
  napi_value callback, receiver, count, error;
  (void)events;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  int result = drain(handle, status);
  if (result < 0) uv_poll_stop(poll); /* an ended line polls as ready for ever */
  if (result != 0 && napi_get_reference_value(env, handle->callback, &callback) == napi_ok && napi_get_global(env, &receiver) == napi_ok &&
      napi_create_int32(env, result, &count) == napi_ok &&
      napi_make_callback(env, handle->context, receiver, callback, 1, &count, NULL) == napi_pending_exception &&
      napi_get_and_clear_last_exception(env, &error) == napi_ok)
    napi_fatal_exception(env, error); /* as any other uncaught exception */
  napi_close_handle_scope(env, scope);
}

static napi_value watch(napi_env env, napi_callback_info info) {
  napi_value args[3], name;
  napi_valuetype kind;
  napi_typedarray_type type;
  bool is_array = false;
  size_t length = 0;
  uv_loop_t *loop;
  struct room *room = enter(env, info, 3, args);
  struct handle *handle = room ? find(env, room, args[0], LINES) : NULL;
  if (!handle) return NULL;
  if (napi_is_typedarray(env, args[1], &is_array) != napi_ok || !is_array ||
      napi_get_typedarray_info(env, args[1], &type, &length, NULL, NULL, NULL) != napi_ok || type != napi_float64_array || length < FIELDS ||
      napi_typeof(env, args[2], &kind) != napi_ok || kind != napi_function) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "chardev: a Float64Array of 4 or more and a function are needed");
    return NULL;
  }
  if (handle->poll) return fail(env, EALREADY, "watch");
  /* By the running libuv's size: the header that this was built with may be older. */
  uv_poll_t *poll = malloc(uv_handle_size(UV_POLL));
  if (!poll) return fail(env, ENOMEM, "watch");
  int error = napi_get_uv_event_loop(env, &loop) == napi_ok ? uv_poll_init(loop, poll, handle->fd) : UV_EINVAL;
  if (error < 0) {
    free(poll);
    return fail(env, -error, "watch");
  }
  poll->data = handle;
  handle->poll = poll;
  if (napi_create_string_utf8(env, "pinbus:line", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_async_init(env, NULL, name, &handle->context) != napi_ok || napi_create_reference(env, args[1], 1, &handle->buffer) != napi_ok ||
      napi_create_reference(env, args[2], 1, &handle->callback) != napi_ok)
    return fail(env, ENOMEM, "watch");
  error = uv_poll_start(poll, UV_READABLE, ready);
  return error < 0 ? fail(env, -error, "watch") : NULL;
}

static napi_value close_handle(napi_env env, napi_callback_info info) {
  napi_value args[1];
  uint32_t fd;
  struct room *room = enter(env, info, 1, args);
  if (!room || !whole(env, args[0], &fd)) return NULL;
  for (struct handle *handle = room->open; handle; handle = handle->next)
    if ((uint32_t)handle->fd == fd) {
      shut(handle);
      return NULL;
    }
  return fail(env, EBADF, "close");
}

NAPI_MODULE_INIT() {
  static const struct {
    const char *name;
    napi_callback call;
  } functions[] = {{"openChip", open_chip},   {"chipInfo", chip_info},   {"lineInfo", line_info}, {"request", request},
                   {"getValues", get_values}, {"setValues", set_values}, {"watch", watch},        {"close", close_handle}};
  struct room *room = calloc(1, sizeof *room);
  if (!room) return fail(env, ENOMEM, "chardev");
  room->env = env;
  if (napi_add_async_cleanup_hook(env, end, room, NULL) != napi_ok) {
    free(room);
    return fail(env, ENOMEM, "chardev");
  }
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    napi_value function;
    if (napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].call, room, &function) != napi_ok ||
        napi_set_named_property(env, exports, functions[i].name, function) != napi_ok)
      return NULL;
  }
  return exports;
}
