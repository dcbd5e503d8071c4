/* SPDX-License-Identifier: MIT */
/* Files for secrets: accessible only to their owner, replaced atomically, and
** synced to disk before a call returns success. */
#ifndef AP_STORAGE_PRIVATE_FILE_H
#define AP_STORAGE_PRIVATE_FILE_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/failure.h"

/* `key` has AP_AEAD_KEY_SIZE bytes, or is NULL for a plain file. The content is
** appended to `out`, whose ceiling limits the size of the file. */
int ap_private_file_read(const char *path, const unsigned char *key,
                         ap_buffer *out, ap_failure *failure);
int ap_private_file_write(const char *path, const char *bytes, size_t length,
                          const unsigned char *key, ap_failure *failure);
/* Removes a file. Succeeds if there is none. */
int ap_private_file_remove(const char *path, ap_failure *failure);

#endif
