/* SPDX-License-Identifier: MIT */
/* Folders in which only their owner may add, replace or remove files. */
#ifndef AP_STORAGE_PRIVATE_FOLDER_H
#define AP_STORAGE_PRIVATE_FOLDER_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/failure.h"

/* Creates the folder and its missing parents with mode 0700, whatever the umask,
** and checks it: owned by this user or the superuser, not writable by others.
** Folders that exist are not changed; a symbolic link to a folder is followed.
** Returns 1; or 0 with `failure`, "insecure_file" if the check failed. */
int ap_private_folder_make(const char *path, ap_failure *failure);

/* Appends the name of each entry except "." and "..", with its NUL. The failure
** is "too_large" above `most` entries or the ceiling of `names`. */
int ap_private_folder_list(const char *path, size_t most, ap_buffer *names,
                           ap_failure *failure);

#endif
