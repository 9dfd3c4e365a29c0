/*
 * The open descriptors of chardev.c. A handle is a file descriptor that this addon opened; any other number is refused with EBADF,
 * so a mistake in JavaScript cannot close or read a foreign descriptor.
 */
#pragma once
#include <errno.h>
#include <node_api.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

enum kind { CHIP = 1, LINE = 2, DEVICE = 4, WATCHED = LINE | DEVICE, ANY = CHIP | WATCHED };

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
};

static napi_value fail(napi_env env, int error, const char *what) {
  char text[160];
  napi_value code, message, object, number;
  snprintf(text, sizeof text, "%s: %s", what, strerror(error));
  if (napi_create_string_utf8(env, uv_err_name(-error), NAPI_AUTO_LENGTH, &code) == napi_ok &&
      napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &message) == napi_ok &&
      napi_create_error(env, code, message, &object) == napi_ok && napi_create_int32(env, error, &number) == napi_ok &&
      napi_set_named_property(env, object, "errno", number) == napi_ok)
    napi_throw(env, object);
  return NULL;
}

static void *refuse(napi_env env, const char *what) { return napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", what), NULL; }

/* A whole number that fits 32 bits; napi_get_value_uint32 would silently cut 1.5 and 2^32. */
static bool whole(napi_env env, napi_value value, uint32_t *out) {
  double number;
  if (napi_get_value_double(env, value, &number) == napi_ok && number >= 0 && number <= UINT32_MAX && number == (uint32_t)number) {
    *out = (uint32_t)number;
    return true;
  }
  refuse(env, "chardev: a whole number of 32 bits is needed");
  return false;
}

/* The arguments of a call (undefined where there are fewer); throws and returns NULL when the first is not an open handle. */
static struct handle *enter(napi_env env, napi_callback_info info, size_t count, napi_value *args, enum kind kind) {
  uint32_t fd;
  void *room;
  if (napi_get_cb_info(env, info, &count, args, NULL, &room) != napi_ok || !whole(env, args[0], &fd)) return NULL;
  for (struct handle *handle = ((struct room *)room)->open; handle; handle = handle->next)
    if ((uint32_t)handle->fd == fd && (handle->kind & kind)) return handle;
  fail(env, EBADF, kind == CHIP ? "not an open chip" : kind == DEVICE ? "not an open device" : "not an open line");
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

/* The hook is there from the end of the environment on; the last poll to close frees what they shared. */
static void maybe_end(struct room *room) {
  if (!room->hook || room->closing > 0) return;
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
  struct handle **at = &room->open;
  while (*at != handle) at = &(*at)->next;
  *at = handle->next;
  if (handle->poll) {
    room->closing++;
    uv_close((uv_handle_t *)handle->poll, closed); /* stops polling now, so the descriptor may go */
    napi_delete_reference(room->env, handle->buffer);
    napi_delete_reference(room->env, handle->callback);
    napi_async_destroy(room->env, handle->context);
  }
  close(handle->fd);
  if (!handle->poll) free(handle);
}

static void end(napi_async_cleanup_hook_handle hook, void *data) {
  struct room *room = data;
  while (room->open) shut(room->open);
  room->hook = hook;
  maybe_end(room);
}

/* The only argument of the call; throws and returns NULL when it is no path of that size. */
static struct room *path_of(napi_env env, napi_callback_info info, char *path, size_t size) {
  napi_value args[1];
  size_t count = 1, length;
  void *room;
  if (napi_get_cb_info(env, info, &count, args, NULL, &room) != napi_ok ||
      napi_get_value_string_utf8(env, args[0], path, size, &length) != napi_ok || length == size - 1 || strlen(path) != length)
    return refuse(env, "chardev: a path is needed");
  return room;
}
