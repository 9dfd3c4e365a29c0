/* Input devices (evdev) of chardev.c: of a keyboard only those keys are ever seen that were asked for. */
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <sys/ioctl.h>
#include <time.h>

#include "handle.h"

/* As the kernel hands it to a process of 32 bits, too. */
_Static_assert(sizeof(struct input_event) == 2 * sizeof(long) + 8, "struct input_event");

/* Nothing comes from the device until it is asked for: the mask is set before the clock, whose change empties the queue. */
static napi_value open_device(napi_env env, napi_callback_info info) {
  char path[256];
  unsigned long none[1 + EV_MAX / (8 * sizeof(long))] = {0}; /* the kernel takes whole words of a long */
  struct input_mask mask = {.type = EV_SYN, .codes_size = sizeof none, .codes_ptr = (uintptr_t)none};
  int clock = CLOCK_MONOTONIC;
  struct room *room = path_of(env, info, path, sizeof path);
  if (!room) return NULL;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return fail(env, errno, path);
  if (ioctl(fd, EVIOCSMASK, &mask) == 0 && ioctl(fd, EVIOCSCLOCKID, &clock) == 0) return keep(env, room, fd, DEVICE);
  int error = errno;
  close(fd);
  return fail(env, error, path);
}

/* The arguments of a call that brings a bitmap of codes; throws and returns NULL when they are none. */
static struct handle *enter_codes(napi_env env, napi_callback_info info, uint32_t *type, unsigned char **codes, size_t *length) {
  napi_value args[3];
  napi_typedarray_type kind = napi_int8_array;
  void *data = NULL;
  struct handle *handle = enter(env, info, 3, args, DEVICE);
  if (!handle || !whole(env, args[1], type)) return NULL;
  if (napi_get_typedarray_info(env, args[2], &kind, length, &data, NULL, NULL) != napi_ok || kind != napi_uint8_array || !data)
    return refuse(env, "chardev: a Uint8Array is needed");
  *codes = data;
  return handle;
}

/* The kernel itself keeps every other code of this type away from this process. */
static napi_value mask_device(napi_env env, napi_callback_info info) {
  struct input_mask mask = {0};
  unsigned char *codes;
  size_t length;
  struct handle *handle = enter_codes(env, info, &mask.type, &codes, &length);
  if (!handle) return NULL;
  mask.codes_size = (uint32_t)length;
  mask.codes_ptr = (uintptr_t)codes;
  return ioctl(handle->fd, EVIOCSMASK, &mask) < 0 ? fail(env, errno, "mask") : NULL;
}

/* Leaves the codes that are on; the state of all others does not leave this function. */
static napi_value device_state(napi_env env, napi_callback_info info) {
  uint32_t type;
  unsigned char *codes, bits[(KEY_CNT + 7) / 8] = {0};
  size_t length;
  struct handle *handle = enter_codes(env, info, &type, &codes, &length);
  if (!handle) return NULL;
  if (type != EV_KEY && type != EV_SW) return fail(env, EINVAL, "state");
  if (ioctl(handle->fd, type == EV_KEY ? EVIOCGKEY(sizeof bits) : EVIOCGSW(sizeof bits), bits) < 0) return fail(env, errno, "state");
  for (size_t i = 0; i < length; i++) codes[i] &= i < sizeof bits ? bits[i] : 0;
  return NULL;
}

static napi_value grab_device(napi_env env, napi_callback_info info) {
  napi_value args[2];
  uint32_t grabbed;
  struct handle *handle = enter(env, info, 2, args, DEVICE);
  if (!handle || !whole(env, args[1], &grabbed)) return NULL;
  return ioctl(handle->fd, EVIOCGRAB, (unsigned long)grabbed) < 0 ? fail(env, errno, "grab") : NULL;
}
