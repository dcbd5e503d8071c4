/* SPDX-License-Identifier: MIT */
/*** @submodule adobepass.core */
#include "lua/bindings.h"

#include <errno.h>
#include <string.h>

#include <sys/utsname.h>

#include "base/clock.h"

/*** The operating system.
@section system */

static void set_name(lua_State *L, const char *field, const char *name) {
  lua_pushstring(L, name);
  lua_setfield(L, -2, field);
}

/***
Returns the names that uname(2) reports, without the host's own name.
@function system.uname
@treturn[1] table `sysname` (like `Linux`), `release` (like `6.1.0`), `version`
and `machine` (like `x86_64`)
@treturn[2] nil
@treturn[2] string message
@treturn[2] string code: `io_error` */
static int system_uname(lua_State *L) {
  struct utsname names;
  if (uname(&names) < 0) return ap_push_code(L, "io_error", strerror(errno));
  lua_createtable(L, 0, 4);
  set_name(L, "sysname", names.sysname);
  set_name(L, "release", names.release);
  set_name(L, "version", names.version);
  set_name(L, "machine", names.machine);
  return 1;
}

static const luaL_Reg system_functions[] = {
  { "uname", system_uname },
  { NULL, NULL },
};

void ap_open_system(lua_State *L) {
  luaL_newlib(L, system_functions);
}

static const double longest_sleep = 86400;

/*** The device's clocks.
@section clock */

/***
Returns seconds that never go backwards and include standby where the system has
CLOCK_BOOTTIME. The start is arbitrary.
@function clock.monotonic
@treturn number */
static int monotonic(lua_State *L) {
  lua_pushnumber(L, ap_clock_monotonic());
  return 1;
}

/***
Returns seconds since 1970 by the device's wall clock.
@function clock.wall
@treturn number */
static int wall(lua_State *L) {
  lua_pushnumber(L, ap_clock_wall());
  return 1;
}

/***
Sleeps. Blocks the process until the time has passed or a signal comes.
@function clock.sleep
@number seconds from 0 to 86,400 */
static int sleep_for(lua_State *L) {
  ap_clock_sleep(ap_check_number(L, 1, 0, 0, longest_sleep));
  return 0;
}

static const luaL_Reg clock_functions[] = {
  { "monotonic", monotonic },
  { "wall", wall },
  { "sleep", sleep_for },
  { NULL, NULL },
};

void ap_open_clock(lua_State *L) {
  luaL_newlib(L, clock_functions);
}
