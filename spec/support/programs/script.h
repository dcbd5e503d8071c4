/* SPDX-License-Identifier: MIT */
#ifndef SPEC_SCRIPT_H
#define SPEC_SCRIPT_H

#include <lua.h>

/* Runs a script in a new Lua state with the core loaded. The script receives
** the function `given`, then its arguments. argv: script name, arguments,
** NULL. Returns the program's exit status. */
int script_run(char **argv, lua_CFunction given);

#endif
