/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <time.h>

/* CLOCK_MONOTONIC does not count the time of a suspend, so a token that expired
** in standby would seem valid; CLOCK_BOOTTIME does (clock_gettime(2)). */
#ifdef CLOCK_BOOTTIME
#define FORWARD_CLOCK CLOCK_BOOTTIME
#else
#define FORWARD_CLOCK CLOCK_MONOTONIC
#endif

static double seconds_of(clockid_t clock) {
  struct timespec at;
  (void)clock_gettime(clock, &at);
  return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

double ap_clock_monotonic(void) {
  return seconds_of(FORWARD_CLOCK);
}

double ap_clock_wall(void) {
  return seconds_of(CLOCK_REALTIME);
}

void ap_clock_sleep(double seconds) {
  struct timespec span;
  span.tv_sec = (time_t)seconds;
  span.tv_nsec = (long)((seconds - (double)span.tv_sec) * 1e9);
  (void)nanosleep(&span, NULL);
}
