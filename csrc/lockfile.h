/* SPDX-License-Identifier: MIT */
/* An advisory lock on a file made for it. The kernel lets go of it when the
** process ends, however it ends. */
#ifndef AP_LOCKFILE_H
#define AP_LOCKFILE_H

#include "fail.h"

/* Waits at most `seconds`; 0 asks once. Answers a descriptor, or -1. */
int ap_lockfile_take(const char *path, double seconds, ap_failure *failure);
/* The same for a descriptor that is open already. */
int ap_lockfile_hold(int fd, double seconds, ap_failure *failure);
void ap_lockfile_drop(int fd);

#endif
