/* SPDX-License-Identifier: MIT */
#include "storage/file_lock.h"

#include <errno.h>
#include <string.h>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"

static const double first_pause = 0.001, longest_pause = 0.05;

static double smaller(double a, double b) {
  return a < b ? a : b;
}

int ap_file_lock_hold(int fd, double seconds, ap_failure *failure) {
  double deadline = ap_clock_monotonic() + seconds, pause = first_pause;
  while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    double left;
    if (errno != EWOULDBLOCK && errno != EINTR)
      return ap_failure_set(failure, "io_error", "The lock failed: %s.",
                            strerror(errno));
    left = deadline - ap_clock_monotonic();
    if (left <= 0)
      return ap_failure_set(
        failure, "busy", "Another process holds the lock; try again later.");
    ap_clock_sleep(smaller(pause, left));
    pause = smaller(pause * 2, longest_pause);
  }
  return 1;
}

int ap_file_lock_take(ap_file_lock *lock, const char *path, double seconds,
                      ap_failure *failure) {
  int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  lock->owner = 0;
  if (fd < 0)
    return ap_failure_set(
      failure, errno == ELOOP ? "insecure_file" : "io_error",
      "The lock file could not be opened: %s.", strerror(errno));
  if (!ap_file_lock_hold(fd, seconds, failure)) {
    (void)close(fd);
    return 0;
  }
  lock->fd = fd;
  lock->owner = getpid();
  return 1;
}

void ap_file_lock_drop(ap_file_lock *lock) {
  if (lock->owner == 0) return;
  if (lock->owner == getpid()) (void)flock(lock->fd, LOCK_UN);
  (void)close(lock->fd);
  lock->owner = 0;
}
