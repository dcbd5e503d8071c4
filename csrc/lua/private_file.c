/* SPDX-License-Identifier: MIT */
/*** @submodule adobepass.core */
#include "lua/bindings.h"

#include <string.h>

#include "crypto/aead.h"
#include "base/handle_count.h"
#include "storage/file_lock.h"
#include "storage/private_file.h"
#include "storage/private_folder.h"

#define LOCK "adobepass.lock"
#define CONTENT "adobepass.content"

static const double usual_ceiling = 1024 * 1024;
static const double highest_ceiling = 1024 * 1024 * 1024;
static const double longest_wait = 3600;
static const double usual_entries = 1000000, highest_entries = 10000000;
enum {
  NAME_SIZE = 256
}; /* a name of 255 bytes, which Linux allows, and NUL */

static const unsigned char *option_key(lua_State *L, int arg) {
  size_t length = 0;
  const char *key = ap_option_bytes(L, arg, "key", &length);
  if (key != NULL && length != AP_AEAD_KEY_SIZE)
    (void)ap_option_error(L, arg, "key", "32 bytes");
  return (const unsigned char *)key;
}

static int content_gc(lua_State *L) {
  ap_buffer_free(ap_check_handle(L, CONTENT));
  return 0;
}

/*** Private files: accessible only to their owner, and replaced atomically. File
functions block.
@section file */

/***
Reads a private file. Refuses a file that others may access, that belongs to
another user, or that is not a regular file.
@function file.read
@string path
@tparam[opt] table options `max`: bytes (default 1 MiB); `key`: 32 bytes, for
an encrypted file
@treturn[1] string
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code: `not_found`, `insecure_file`, `no_access`,
`too_large`, `key_needed`, `decrypt_failed` or `io_error` */
static int read_file(lua_State *L) {
  static const char *const known[] = { "max", "key", NULL };
  const char *path = ap_check_text(L, 1);
  const unsigned char *key;
  double most;
  ap_buffer *content;
  ap_failure failure;
  ap_options_check(L, 2, known);
  key = option_key(L, 2);
  most = ap_option_number(L, 2, "max", usual_ceiling, 1, highest_ceiling);
  content = ap_new_handle(L, CONTENT, sizeof *content);
  ap_buffer_init(content, (size_t)most);
  if (!ap_private_file_read(path, key, content, &failure))
    return ap_push_failure(L, &failure);
  lua_pushlstring(L, content->length > 0 ? content->data : "",
                  content->length);
  ap_buffer_free(content);
  return 1;
}

/***
Writes a private file atomically. When this returns true the content has been
synced to disk; after a failure the old content remains. Exception: when syncing
the folder fails with `io_error`, the file may have either content.
@function file.write
@string path
@string content
@tparam[opt] table options `key`: 32 bytes, to encrypt with AES-256-GCM
@treturn[1] boolean true
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code: `not_found`, `insecure_file`, `no_access`,
`no_space`, `read_only`, `busy`, `no_randomness` or `io_error` */
static int write_file(lua_State *L) {
  static const char *const known[] = { "key", NULL };
  const char *path = ap_check_text(L, 1);
  size_t length;
  const char *content = ap_check_bytes(L, 2, &length);
  const unsigned char *key;
  ap_failure failure;
  ap_options_check(L, 3, known);
  key = option_key(L, 3);
  luaL_argcheck(L, key != NULL || !ap_aead_is_sealed(content, length), 2,
                "begins like an encrypted file: give the option 'key'");
  if (!ap_private_file_write(path, content, length, key, &failure))
    return ap_push_failure(L, &failure);
  lua_pushboolean(L, 1);
  return 1;
}

/***
Removes a file. Returns true also when there is none.
@function file.remove
@string path
@treturn[1] boolean true
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code: `not_found` (a parent is not a folder), `no_access`,
`read_only` or `io_error` */
static int remove_file(lua_State *L) {
  const char *path = ap_check_text(L, 1);
  ap_failure failure;
  if (!ap_private_file_remove(path, &failure))
    return ap_push_failure(L, &failure);
  lua_pushboolean(L, 1);
  return 1;
}

/***
Creates a folder for private files, and its missing parents, with mode 0700. A
folder that exists is not changed. Refuses a folder that others may write in, or
that belongs neither to this user nor to the superuser. Follows a symbolic link
to a folder.
@function file.make_folder
@string path
@treturn[1] boolean true
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code: `insecure_file`, `not_found` (a parent is not a
folder), `no_access`, `no_space`, `read_only` or `io_error` */
static int make_folder(lua_State *L) {
  const char *path = ap_check_text(L, 1);
  ap_failure failure;
  if (!ap_private_folder_make(path, &failure))
    return ap_push_failure(L, &failure);
  lua_pushboolean(L, 1);
  return 1;
}

static void push_names(lua_State *L, const ap_buffer *names) {
  size_t at = 0;
  int count = 0;
  lua_newtable(L);
  while (at < names->length) {
    size_t length = strlen(names->data + at);
    lua_pushlstring(L, names->data + at, length);
    lua_rawseti(L, -2, ++count);
    at += length + 1;
  }
}

/***
Returns the names in a folder, hidden ones included, in no particular order.
@function file.list
@string path
@tparam[opt] table options `max`: entries (default 1,000,000)
@treturn[1] {string,...} names
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code: `not_found`, `no_access`, `too_large` or `io_error` */
static int list_folder(lua_State *L) {
  static const char *const known[] = { "max", NULL };
  const char *path = ap_check_text(L, 1);
  double most;
  ap_buffer *names;
  ap_failure failure;
  ap_options_check(L, 2, known);
  most = ap_option_number(L, 2, "max", usual_entries, 1, highest_entries);
  names = ap_new_handle(L, CONTENT, sizeof *names);
  ap_buffer_init(names, (size_t)most * NAME_SIZE);
  if (!ap_private_folder_list(path, (size_t)most, names, &failure))
    return ap_push_failure(L, &failure);
  push_names(L, names);
  ap_buffer_free(names);
  return 1;
}

static ap_file_lock *to_lock(lua_State *L) {
  return ap_check_handle(L, LOCK);
}

/***
Takes an advisory lock on a lock file, which must not be the file that the lock
protects. The system releases the lock when the process ends.
@function file.lock
@string path of the lock file, created if missing
@number[opt=0] seconds to wait at most; 0 tries once
@treturn[1] lock with one method, `close`
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code: `busy`, `insecure_file` or `io_error` */
static int lock(lua_State *L) {
  const char *path = ap_check_text(L, 1);
  double seconds = ap_check_number(L, 2, 0, 0, longest_wait);
  ap_file_lock *box = ap_new_handle(L, LOCK, sizeof *box);
  ap_failure failure;
  if (!ap_file_lock_take(box, path, seconds, &failure))
    return ap_push_failure(L, &failure);
  ap_handle_count_add(AP_HANDLE_LOCK, 1);
  return 1;
}

/***
Releases the lock. Idempotent.
@function lock:close */
static int release(lua_State *L) {
  ap_file_lock *box = to_lock(L);
  if (box->owner == 0) return 0;
  ap_file_lock_drop(box);
  ap_handle_count_add(AP_HANDLE_LOCK, -1);
  return 0;
}

static int to_string(lua_State *L) {
  lua_pushfstring(L, "adobepass.lock (%s)",
                  to_lock(L)->owner == 0 ? "closed" : "held");
  return 1;
}

static const luaL_Reg functions[] = {
  { "read", read_file },
  { "write", write_file },
  { "remove", remove_file },
  { "lock", lock },
  { "make_folder", make_folder },
  { "list", list_folder },
  { NULL, NULL },
};

static const luaL_Reg methods[] = {
  { "close", release },
  { NULL, NULL },
};

static const luaL_Reg metamethods[] = {
  { "__gc", release },
  { "__close", release },
  { "__tostring", to_string },
  { NULL, NULL },
};

static const luaL_Reg content_metamethods[] = {
  { "__gc", content_gc },
  { NULL, NULL },
};

static const luaL_Reg content_methods[] = { { NULL, NULL } };

void ap_open_private_file(lua_State *L) {
  ap_new_type(L, LOCK, metamethods, methods);
  ap_new_type(L, CONTENT, content_metamethods, content_methods);
  luaL_newlib(L, functions);
}
