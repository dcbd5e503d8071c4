/* SPDX-License-Identifier: MIT */
/* Runs a script with stopped clocks, which the script advances.
** usage: later script.lua argument ...
**
** The script receives a function before its arguments: `later(seconds)`.
** The clock functions of this program replace those of the C library, also
** for libcurl. */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <lauxlib.h>

#include "script.h"

#define SEEN __attribute__((visibility("default")))

static time_t passed;

SEEN int clock_gettime(clockid_t clock, struct timespec *now) {
  static struct timespec start;
  if (start.tv_sec == 0 && syscall(SYS_clock_gettime, clock, &start) != 0)
    return -1;
  *now = start;
  now->tv_sec += passed;
  return 0;
}

SEEN time_t time(time_t *out) {
  struct timespec now;
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
  if (out != NULL) *out = now.tv_sec;
  return now.tv_sec;
}

static int later(lua_State *L) {
  passed += (time_t)luaL_checkinteger(L, 1);
  return 0;
}

int main(int argc, char **argv) {
  return argc < 1 ? 2 : script_run(argv + 1, later);
}
