/* SPDX-License-Identifier: MIT */
/* An advisory lock on a file made for it. The kernel lets go of it when the
** process ends, however it ends. */
#ifndef AP_STORAGE_FILE_LOCK_H
#define AP_STORAGE_FILE_LOCK_H

#include <sys/types.h>

#include "base/failure.h"

typedef struct {
  int fd;
  pid_t owner; /* 0: nobody, it is not held */
} ap_file_lock;

/* Waits at most `seconds`; 0 asks once. */
int ap_file_lock_take(ap_file_lock *lock, const char *path, double seconds,
                      ap_failure *failure);
/* The same for a descriptor that is open already. */
int ap_file_lock_hold(int fd, double seconds, ap_failure *failure);
/* A child that was forked meanwhile lets go of nothing, and keeps nothing from
** being let go of. Twice is well. */
void ap_file_lock_drop(ap_file_lock *lock);

#endif
