/*
 * GPIO character device, uAPI v2, and keys of input devices (evdev), for Node: one function per ioctl, one uv_poll per line or device, no thread.
 * The functions and their errors are described in gpio/native.ts. handle.h and evdev.h are parts of it.
 */
#define _GNU_SOURCE
#define NAPI_VERSION 8
#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "evdev.h"
#include "handle.h"

/* As many as the kernel keeps: what waits is taken at once, so no timer runs between two edges that were there before it. */
enum { FIELDS = 3, BATCH = 1024 };

static napi_value open_chip(napi_env env, napi_callback_info info) {
  char path[256];
  struct gpiochip_info chip;
  struct room *room = path_of(env, info, path, sizeof path);
  if (!room) return NULL;
  int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return fail(env, errno, path);
  if (ioctl(fd, GPIO_GET_CHIPINFO_IOCTL, &chip) == 0) return keep(env, room, fd, CHIP);
  int error = errno;
  close(fd);
  return fail(env, error, path);
}

/* {name, <second>: text, <third>: number}; the kernel's texts are 32 bytes, not always ended by a zero. */
static napi_value describe(napi_env env, const char *name, const char *second, const char *text, const char *third, uint32_t number) {
  napi_value object, values[3];
  bool made = napi_create_object(env, &object) == napi_ok && napi_create_string_utf8(env, name, strnlen(name, 32), &values[0]) == napi_ok &&
              napi_create_string_utf8(env, text, strnlen(text, 32), &values[1]) == napi_ok && napi_create_uint32(env, number, &values[2]) == napi_ok &&
              napi_set_named_property(env, object, "name", values[0]) == napi_ok &&
              napi_set_named_property(env, object, second, values[1]) == napi_ok && napi_set_named_property(env, object, third, values[2]) == napi_ok;
  return made ? object : NULL;
}

static napi_value chip_info(napi_env env, napi_callback_info info) {
  napi_value args[1];
  struct gpiochip_info chip = {0};
  struct handle *handle = enter(env, info, 1, args, CHIP);
  if (!handle) return NULL;
  if (ioctl(handle->fd, GPIO_GET_CHIPINFO_IOCTL, &chip) < 0) return fail(env, errno, "chip info");
  return describe(env, chip.name, "label", chip.label, "lines", chip.lines);
}

static napi_value line_info(napi_env env, napi_callback_info info) {
  napi_value args[2];
  struct gpio_v2_line_info line = {0};
  struct handle *handle = enter(env, info, 2, args, CHIP);
  if (!handle || !whole(env, args[1], &line.offset)) return NULL;
  if (ioctl(handle->fd, GPIO_V2_GET_LINEINFO_IOCTL, &line) < 0) return fail(env, errno, "line info");
  return describe(env, line.name, "consumer", line.consumer, "flags", (uint32_t)line.flags);
}

static napi_value request(napi_env env, napi_callback_info info) {
  napi_value args[7];
  uint32_t flags, level, debounce;
  struct gpio_v2_line_request line = {.num_lines = 1};
  struct handle *handle = enter(env, info, 7, args, CHIP);
  if (!handle || !whole(env, args[1], &line.offsets[0]) || !whole(env, args[2], &flags) ||
      !whole(env, args[4], &line.event_buffer_size) || !whole(env, args[5], &level) ||
      !whole(env, args[6], &debounce))
    return NULL;
  if (napi_get_value_string_utf8(env, args[3], line.consumer, sizeof line.consumer, NULL) != napi_ok)
    return refuse(env, "chardev: a consumer name is needed");
  line.config.flags = flags;
  if (flags & GPIO_V2_LINE_FLAG_OUTPUT) { /* the start level is part of the request: no moment with the wrong one */
    line.config.num_attrs = 1;
    line.config.attrs[0].attr.id = GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES;
    line.config.attrs[0].attr.values = level;
    line.config.attrs[0].mask = 1;
  } else if (debounce > 0) { /* not for outputs: the kernel refuses it there */
    line.config.num_attrs = 1;
    line.config.attrs[0].attr.id = GPIO_V2_LINE_ATTR_ID_DEBOUNCE;
    line.config.attrs[0].attr.debounce_period_us = debounce;
    line.config.attrs[0].mask = 1;
  }
  if (ioctl(handle->fd, GPIO_V2_GET_LINE_IOCTL, &line) < 0) return fail(env, errno, "request");
  return keep(env, handle->room, line.fd, LINE);
}

static napi_value get_value(napi_env env, napi_callback_info info) {
  napi_value args[1], result;
  struct gpio_v2_line_values values = {.mask = 1};
  struct handle *handle = enter(env, info, 1, args, LINE);
  if (!handle) return NULL;
  if (ioctl(handle->fd, GPIO_V2_LINE_GET_VALUES_IOCTL, &values) < 0) return fail(env, errno, "read");
  return napi_create_uint32(env, values.bits & 1, &result) == napi_ok ? result : NULL;
}

static napi_value set_value(napi_env env, napi_callback_info info) {
  napi_value args[2];
  uint32_t level;
  struct handle *handle = enter(env, info, 2, args, LINE);
  if (!handle || !whole(env, args[1], &level)) return NULL;
  struct gpio_v2_line_values values = {.mask = 1, .bits = level};
  return ioctl(handle->fd, GPIO_V2_LINE_SET_VALUES_IOCTL, &values) < 0 ? fail(env, errno, "write") : NULL;
}

/* libuv turns every error of a poll into EBADF and stops; the kernel knows the reason. */
static int reason(struct handle *handle, int status) {
  struct gpio_v2_line_values values = {.mask = 1};
  int version;
  int answer = handle->kind == LINE ? ioctl(handle->fd, GPIO_V2_LINE_GET_VALUES_IOCTL, &values) : ioctl(handle->fd, EVIOCGVERSION, &version);
  return answer < 0 ? -errno : status;
}

/* Reads at most one batch into the caller's array: the number of events, or -errno when the line or device is over. */
static int drain(napi_env env, struct handle *handle, int status) {
  union {
    struct gpio_v2_line_event line[BATCH];
    struct input_event device[BATCH];
  } events;
  napi_value array;
  size_t length = 0;
  void *data = NULL;
  if (status < 0) return reason(handle, status);
  /* Asked for each time: the array may have been detached since. */
  if (napi_get_reference_value(env, handle->buffer, &array) != napi_ok || !array ||
      napi_get_typedarray_info(env, array, NULL, &length, &data, NULL, NULL) != napi_ok || !data || length < FIELDS)
    return -EFAULT;
  size_t room = length / FIELDS < BATCH ? length / FIELDS : BATCH;
  size_t size = handle->kind == LINE ? sizeof *events.line : sizeof *events.device;
  ssize_t bytes = read(handle->fd, &events, room * size);
  if (bytes < 0) return errno == EAGAIN || errno == EINTR ? 0 : -errno;
  int count = (int)((size_t)bytes / size);
  double *out = data;
  for (int i = 0; i < count && handle->kind == LINE; i++) {
    *out++ = events.line[i].id == GPIO_V2_LINE_EVENT_RISING_EDGE;
    *out++ = (double)events.line[i].timestamp_ns;
    *out++ = events.line[i].line_seqno;
  }
  for (int i = 0; i < count && handle->kind == DEVICE; i++) {
    *out++ = events.device[i].type * 65536.0 + events.device[i].code;
    *out++ = events.device[i].input_event_sec * 1e9 + events.device[i].input_event_usec * 1e3;
    *out++ = events.device[i].value;
  }
  return count;
}

static void ready(uv_poll_t *poll, int status, int events) {
  struct handle *handle = poll->data;
  napi_env env = handle->room->env;
  napi_handle_scope scope;
  napi_value callback, receiver, count, error;
  (void)events; /* only one kind was asked for */
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  int result = drain(env, handle, status);
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
  napi_typedarray_type type = napi_int8_array;
  size_t length = 0;
  uv_loop_t *loop;
  struct handle *handle = enter(env, info, 3, args, WATCHED);
  if (!handle) return NULL;
  if (napi_get_typedarray_info(env, args[1], &type, &length, NULL, NULL, NULL) != napi_ok || type != napi_float64_array || length < FIELDS ||
      napi_typeof(env, args[2], &kind) != napi_ok || kind != napi_function)
    return refuse(env, "chardev: a Float64Array of 3 or more and a function are needed");
  if (handle->poll) return fail(env, EALREADY, "watch");
  /* By the running libuv's size: the header that this was built with may be older. It makes the descriptor non-blocking. */
  uv_poll_t *poll = malloc(uv_handle_size(UV_POLL));
  if (!poll || napi_get_uv_event_loop(env, &loop) != napi_ok || uv_poll_init(loop, poll, handle->fd) < 0) {
    free(poll);
    return fail(env, ENOMEM, "watch");
  }
  poll->data = handle;
  handle->poll = poll;
  if (napi_create_string_utf8(env, "pinbus:line", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_async_init(env, NULL, name, &handle->context) != napi_ok || napi_create_reference(env, args[1], 1, &handle->buffer) != napi_ok ||
      napi_create_reference(env, args[2], 1, &handle->callback) != napi_ok || uv_poll_start(poll, UV_READABLE, ready) < 0)
    return fail(env, ENOMEM, "watch");
  return NULL;
}

static napi_value close_handle(napi_env env, napi_callback_info info) {
  napi_value args[1];
  struct handle *handle = enter(env, info, 1, args, ANY);
  if (handle) shut(handle);
  return NULL;
}

#define FUNCTION(name, call) {name, NULL, call, NULL, NULL, NULL, napi_enumerable, room}

NAPI_MODULE_INIT() {
  struct room *room = calloc(1, sizeof *room);
  if (!room) return fail(env, ENOMEM, "chardev");
  room->env = env;
  const napi_property_descriptor functions[] = {
      FUNCTION("openChip", open_chip), FUNCTION("chipInfo", chip_info), FUNCTION("lineInfo", line_info), FUNCTION("request", request),
      FUNCTION("getValue", get_value), FUNCTION("setValue", set_value), FUNCTION("watch", watch),        FUNCTION("close", close_handle),
      FUNCTION("openDevice", open_device), FUNCTION("maskDevice", mask_device), FUNCTION("deviceState", device_state),
      FUNCTION("grabDevice", grab_device)};
  if (napi_add_async_cleanup_hook(env, end, room, NULL) != napi_ok) {
    free(room);
    return fail(env, ENOMEM, "chardev");
  }
  return napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions) == napi_ok ? exports : NULL;
}
