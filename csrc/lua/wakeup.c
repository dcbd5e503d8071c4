/* SPDX-License-Identifier: MIT */
/*** @submodule adobepass.core */
#include "lua/bindings.h"

#include <limits.h>
#include <stdio.h>

#include "base/wakeup.h"

#define WAKEUP "adobepass.wakeup"

static const double longest_time = 86400;

static ap_wakeup **to_box(lua_State *L) {
  return ap_check_handle(L, WAKEUP);
}

static ap_wakeup *to_open(lua_State *L) {
  ap_wakeup **box = to_box(L);
  if (*box == NULL) (void)luaL_argerror(L, 1, "the wakeup is closed");
  return *box;
}

/*** Wakes an event loop that reads only sockets of its own, as nginx does for
Lua code. A thread waits for descriptors, such as those of `transport:sockets`,
and writes a byte to a Unix socket. Connect to `path`, call `start`, then read
from the connection. Linux only.
@type wakeup */

/***
Opens the socket.
@function wakeup
@treturn[1] wakeup
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code: `unsupported` (no descriptor is left, the folder of
TMPDIR or /tmp is not writable or its path is too long, or the system is not
Linux) or `out_of_memory` */
int ap_make_wakeup(lua_State *L) {
  ap_failure failure;
  ap_wakeup **box = ap_new_handle(L, WAKEUP, sizeof *box);
  *box = ap_wakeup_open(&failure);
  return *box != NULL ? 1 : ap_push_failure(L, &failure);
}

/***
Returns the path of the Unix socket to connect to.
@function wakeup:path
@treturn string */
static int path(lua_State *L) {
  char copy[AP_WAKEUP_PATH_SIZE]; /* see lua/handle.h */
  (void)snprintf(copy, sizeof copy, "%s", ap_wakeup_path(to_open(L)));
  lua_pushstring(L, copy);
  return 1;
}

/***
Accepts the connection of this process, removes the path, and starts the thread.
To be called once, after the connection was made.
@function wakeup:start
@treturn[1] boolean true
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code: `unsupported` (not connected, or no thread is left) */
static int start(lua_State *L) {
  ap_failure failure;
  if (!ap_wakeup_start(to_open(L), &failure))
    return ap_push_failure(L, &failure);
  lua_pushboolean(L, 1);
  return 1;
}

/***
Writes one byte when a descriptor becomes readable; nothing after that, until
called again.
@function wakeup:watch
@tparam integer fd
@treturn boolean whether the descriptor can be watched */
static int watch(lua_State *L) {
  ap_wakeup *wakeup = to_open(L);
  int fd = (int)ap_check_number(L, 2, -1, -1, INT_MAX);
  lua_pushboolean(L, ap_wakeup_watch(wakeup, fd));
  return 1;
}

/***
Writes one byte after a time. Replaces the time of an earlier call.
@function wakeup:after
@number seconds */
static int after(lua_State *L) {
  ap_wakeup *wakeup = to_open(L);
  ap_wakeup_after(wakeup, ap_check_number(L, 2, 0, 0, longest_time));
  return 0;
}

/***
Ends the thread and closes the connection. Idempotent.
@function wakeup:close */
static int release(lua_State *L) {
  ap_wakeup **box = to_box(L);
  ap_wakeup *wakeup = *box;
  *box = NULL;
  ap_wakeup_close(wakeup);
  return 0;
}

static int to_string(lua_State *L) {
  lua_pushfstring(L, "adobepass.wakeup (%s)",
                  *to_box(L) == NULL ? "closed" : "open");
  return 1;
}

static const luaL_Reg methods[] = {
  { "path", path },   { "start", start },   { "watch", watch },
  { "after", after }, { "close", release }, { NULL, NULL },
};

static const luaL_Reg metamethods[] = {
  { "__gc", release },
  { "__close", release },
  { "__tostring", to_string },
  { NULL, NULL },
};

void ap_open_wakeup(lua_State *L) {
  ap_new_type(L, WAKEUP, metamethods, methods);
}
