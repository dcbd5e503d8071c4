/* SPDX-License-Identifier: MIT */
/* A growable buffer that is born with a ceiling and wiped when it goes. */
#ifndef AP_BASE_BUFFER_H
#define AP_BASE_BUFFER_H

#include <stddef.h>

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
/* Makes room for so many bytes more, which the caller may then write behind
** data + length, and count. */
ap_buffer_result ap_buffer_reserve(ap_buffer *buf, size_t length);
ap_buffer_result ap_buffer_append(ap_buffer *buf, const void *bytes,
                                  size_t length);
void ap_buffer_clear(ap_buffer *buf);
void ap_buffer_free(ap_buffer *buf);

/* Wipes and frees; NULL is allowed. */
void ap_wipe_free(void *bytes, size_t length);
/* A NUL-terminated copy that the caller frees, or NULL. */
char *ap_copy(const void *bytes, size_t length);

#endif
