/* SPDX-License-Identifier: MIT */
#ifndef SPEC_SCRIPT_H
#define SPEC_SCRIPT_H

#include <lua.h>

/* Runs a script in a Lua of its own, with the core loaded; `given` comes before
** its arguments. argv: the script's name, its arguments, NULL. Answers the
** program's status. */
int script_run(char **argv, lua_CFunction given);

#endif
