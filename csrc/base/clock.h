/* SPDX-License-Identifier: MIT */
#ifndef AP_BASE_CLOCK_H
#define AP_BASE_CLOCK_H

/* Seconds that only go forward, standby of the device included. */
double ap_clock_monotonic(void);
/* Seconds since 1970, as the device believes. */
double ap_clock_wall(void);
/* Sleeps for some seconds, or less if a signal comes. */
void ap_clock_sleep(double seconds);

#endif
