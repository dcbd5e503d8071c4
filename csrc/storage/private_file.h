/* SPDX-License-Identifier: MIT */
/* Files for secrets: for the owner's eyes only, replaced whole or not at
** all, and on the disk when a call says so. */
#ifndef AP_STORAGE_PRIVATE_FILE_H
#define AP_STORAGE_PRIVATE_FILE_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/failure.h"

/* `key` has AP_AEAD_KEY_SIZE bytes, or is NULL for a plain file. The
** content is appended to `out`, whose ceiling bounds the file. */
int ap_private_file_read(const char *path, const unsigned char *key,
                         ap_buffer *out, ap_failure *failure);
int ap_private_file_write(const char *path, const char *bytes, size_t length,
                          const unsigned char *key, ap_failure *failure);
/* Removing what is not there is well. */
int ap_private_file_remove(const char *path, ap_failure *failure);

#endif
