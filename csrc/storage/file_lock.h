/* SPDX-License-Identifier: MIT */
/* An advisory lock on a file made for it. The kernel lets go of it when the
** process ends, however it ends. */
#ifndef AP_LOCKFILE_H
#define AP_LOCKFILE_H

#include <sys/types.h>

#include "base/failure.h"

typedef struct {
  int fd;
  pid_t owner; /* 0: nobody, it is not held */
} ap_lockfile;

/* Waits at most `seconds`; 0 asks once. */
int ap_lockfile_take(ap_lockfile *lock, const char *path, double seconds,
                     ap_failure *failure);
/* The same for a descriptor that is open already. */
int ap_lockfile_hold(int fd, double seconds, ap_failure *failure);
/* A child that was forked meanwhile lets go of nothing, and keeps nothing from
** being let go of. Twice is well. */
void ap_lockfile_drop(ap_lockfile *lock);

#endif
