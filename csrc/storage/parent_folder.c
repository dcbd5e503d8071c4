/* SPDX-License-Identifier: MIT */
#include "storage/parent_folder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <unistd.h>

#include "base/buffer.h"
#include "storage/file_error.h"

int ap_parent_folder_open(const char *path, ap_failure *failure) {
  const char *slash = strrchr(path, '/');
  size_t length = slash != NULL ? (size_t)(slash - path) + 1 : 1;
  char *folder = ap_copy(slash != NULL ? path : ".", length);
  int fd, error;
  fd = folder == NULL ? -1 : open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  error = folder == NULL ? ENOMEM : errno;
  if (folder == NULL) (void)ap_failure_no_memory(failure);
  else if (fd < 0) (void)ap_file_error_set(failure, "Cannot open", folder);
  free(folder);
  errno = error;
  return fd;
}

int ap_parent_folder_sync(int fd, const char *path, ap_failure *failure) {
  if (fsync(fd) == 0 || errno == EINVAL) return 1;
  return ap_file_error_set(failure, "Cannot sync the folder of", path);
}
