/* SPDX-License-Identifier: MIT */
/*** @submodule adobepass.core */
#include "lbind.h"

#include "clock.h"

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

static const luaL_Reg functions[] = {
  { "monotonic", monotonic },
  { "wall", wall },
  { NULL, NULL },
};

void ap_open_clock(lua_State *L) {
  luaL_newlib(L, functions);
}
