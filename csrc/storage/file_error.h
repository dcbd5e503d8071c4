/* SPDX-License-Identifier: MIT */
/* Failures of file operations, from errno. */
#ifndef AP_STORAGE_FILE_ERROR_H
#define AP_STORAGE_FILE_ERROR_H

#include "base/failure.h"

/* Reports errno as "<what> <path>: <reason>." and returns 0. */
int ap_file_error_set(ap_failure *failure, const char *what, const char *path);
/* Reports "<path> <why>." with the code `insecure_file` and returns 0. */
int ap_file_error_insecure(ap_failure *failure, const char *path,
                           const char *why);

#endif
