/* SPDX-License-Identifier: MIT */
/* The folder that holds a file or folder. A new, renamed or removed name is durable
** only after this folder is synced (rename(2), fsync(2)). */
#ifndef AP_STORAGE_PARENT_FOLDER_H
#define AP_STORAGE_PARENT_FOLDER_H

#include "base/failure.h"

/* Opens the folder of a path. To be called before anything changes, so that
** afterwards only the sync can fail. Returns -1 and sets errno on failure. */
int ap_parent_folder_open(const char *path, ap_failure *failure);
/* Syncs the open folder, if its file system supports that. */
int ap_parent_folder_sync(int fd, const char *path, ap_failure *failure);

#endif
