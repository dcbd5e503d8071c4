/* SPDX-License-Identifier: MIT */
#ifndef AP_BASE_CLOCK_H
#define AP_BASE_CLOCK_H

/* Returns seconds that never go backwards and include standby where the system
** has CLOCK_BOOTTIME. The start is arbitrary. */
double ap_clock_monotonic(void);
/* Returns seconds since 1970 by the device's wall clock. */
double ap_clock_wall(void);
/* Sleeps for a number of seconds; a signal ends the sleep early. */
void ap_clock_sleep(double seconds);

#endif
