/* SPDX-License-Identifier: MIT */
/* A growable buffer with a maximum size, wiped before it is freed. */
#ifndef AP_BASE_BUFFER_H
#define AP_BASE_BUFFER_H

#include <stddef.h>

#include "base/failure.h"

typedef struct {
  char *data;
  size_t length, capacity, ceiling;
} ap_buffer;

typedef enum {
  AP_BUFFER_OK,
  AP_BUFFER_FULL,
  AP_BUFFER_NO_MEMORY
} ap_buffer_result;

void ap_buffer_init(ap_buffer *buf, size_t ceiling);
/* Makes room for `length` more bytes. The caller may write them at
** buf->data + buf->length, which is not NULL then, and adds their number to
** buf->length. */
ap_buffer_result ap_buffer_reserve(ap_buffer *buf, size_t length);
ap_buffer_result ap_buffer_append(ap_buffer *buf, const void *bytes,
                                  size_t length);
/* Returns 1 for AP_BUFFER_OK; else 0 with "too_large" and this message, or with
** "out_of_memory". */
int ap_buffer_check(ap_buffer_result result, const char *too_large,
                    ap_failure *failure);
/* Wipes the content and keeps the memory. */
void ap_buffer_clear(ap_buffer *buf);
/* Wipes and frees; the buffer is then empty and usable. Idempotent. */
void ap_buffer_free(ap_buffer *buf);

/* Wipes and frees; NULL is allowed. */
void ap_wipe_free(void *bytes, size_t length);
/* Returns a NUL-terminated copy, which the caller frees; NULL if out of
** memory. */
char *ap_copy(const void *bytes, size_t length);

#endif
