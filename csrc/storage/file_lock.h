/* SPDX-License-Identifier: MIT */
/* An advisory lock (flock(2)) on a file made for it. The kernel releases the
** lock when the process ends. */
#ifndef AP_STORAGE_FILE_LOCK_H
#define AP_STORAGE_FILE_LOCK_H

#include <sys/types.h>

#include "base/failure.h"

typedef struct {
  int fd;
  pid_t owner; /* 0: not held */
} ap_file_lock;

/* Opens the lock file, creating it if missing, and locks it. Waits at most
** `seconds`; 0 tries once. Returns 0 with "busy", "insecure_file" or
** "io_error". */
int ap_file_lock_take(ap_file_lock *lock, const char *path, double seconds,
                      ap_failure *failure);
/* Locks an open descriptor in the same way. */
int ap_file_lock_hold(int fd, double seconds, ap_failure *failure);
/* Releases the lock. In a child process that was forked while the lock was
** held, only closes the child's copy of the descriptor. Idempotent. */
void ap_file_lock_drop(ap_file_lock *lock);

#endif
