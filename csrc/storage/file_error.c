/* SPDX-License-Identifier: MIT */
#include "storage/file_error.h"

#include <errno.h>
#include <string.h>

static const char *code_of(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR: return "not_found";
    case ELOOP: return "insecure_file";
    case EACCES:
    case EPERM: return "no_access";
    case ENOSPC:
    case EDQUOT: return "no_space";
    case EROFS: return "read_only";
    case ENOMEM: return "out_of_memory";
    default: return "io_error";
  }
}

int ap_file_error_set(ap_failure *failure, const char *what,
                      const char *path) {
  int error = errno;
  return ap_failure_set(failure, code_of(error), "%s %s: %s.", what, path,
                        strerror(error));
}

int ap_file_error_insecure(ap_failure *failure, const char *path,
                           const char *why) {
  return ap_failure_set(failure, "insecure_file", "%s %s.", path, why);
}
