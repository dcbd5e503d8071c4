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

#ifdef SYS_clock_gettime64 /* time_t has 64 bits on a machine of 32 */
#define CLOCK_CALL SYS_clock_gettime64
#else
#define CLOCK_CALL SYS_clock_gettime
#endif

static time_t passed;

SEEN int clock_gettime(clockid_t clock, struct timespec *now) {
  static struct timespec start;
  if (start.tv_sec == 0 && syscall(CLOCK_CALL, clock, &start) != 0) return -1;
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

#ifdef SYS_clock_gettime64

/* For a libcurl whose time_t has 32 bits (Debian's on i386). */
struct short_time {
  long seconds, nanoseconds;
};

SEEN int clock_gettime_short(clockid_t clock,
                             struct short_time *out) __asm__("clock_gettime");
SEEN long time_short(long *out) __asm__("time");

int clock_gettime_short(clockid_t clock, struct short_time *out) {
  struct timespec now;
  if (clock_gettime(clock, &now) != 0) return -1;
  out->seconds = (long)now.tv_sec;
  out->nanoseconds = (long)now.tv_nsec;
  return 0;
}

long time_short(long *out) {
  long now = (long)time(NULL);
  if (out != NULL) *out = now;
  return now;
}

#endif

static int later(lua_State *L) {
  passed += (time_t)luaL_checkinteger(L, 1);
  return 0;
}

int main(int argc, char **argv) {
  return argc < 1 ? 2 : script_run(argv + 1, later);
}
