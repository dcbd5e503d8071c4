/* SPDX-License-Identifier: MIT */
/*** @submodule adobepass.core */
#include "lua/bindings.h"

#include "base/clock.h"

static const double longest_sleep = 86400;

/*** The device's clocks.
@section clock */

/***
Seconds that only go forward, standby included. The start is arbitrary.
@function clock.monotonic
@treturn number */
static int monotonic(lua_State *L) {
  lua_pushnumber(L, ap_clock_monotonic());
  return 1;
}

/***
Seconds since 1970, as the device believes.
@function clock.wall
@treturn number */
static int wall(lua_State *L) {
  lua_pushnumber(L, ap_clock_wall());
  return 1;
}

/***
Sleep. The whole program waits, until the time is over or a signal comes.
@function clock.sleep
@number seconds from 0 to 86,400 */
static int sleep_for(lua_State *L) {
  ap_clock_sleep(ap_check_number(L, 1, 0, 0, longest_sleep));
  return 0;
}

static const luaL_Reg functions[] = {
  { "monotonic", monotonic },
  { "wall", wall },
  { "sleep", sleep_for },
  { NULL, NULL },
};

void ap_open_clock(lua_State *L) {
  luaL_newlib(L, functions);
}
