/* SPDX-License-Identifier: MIT */
/* A growable buffer that is born with a ceiling and wiped when it goes. */
#ifndef AP_BUF_H
#define AP_BUF_H

#include <stddef.h>

typedef struct {
  char *data;
  size_t length, capacity, ceiling;
} ap_buf;

typedef enum { AP_BUF_OK, AP_BUF_FULL, AP_BUF_NO_MEMORY } ap_buf_result;

void ap_buf_init(ap_buf *buf, size_t ceiling);
/* Makes room for so many bytes more, which the caller may then write behind
** data + length, and count. */
ap_buf_result ap_buf_reserve(ap_buf *buf, size_t length);
ap_buf_result ap_buf_append(ap_buf *buf, const void *bytes, size_t length);
/* Gives back what it has room for and does not hold. */
ap_buf_result ap_buf_trim(ap_buf *buf);
void ap_buf_clear(ap_buf *buf);
void ap_buf_free(ap_buf *buf);

/* Wipes and frees; NULL is allowed. */
void ap_wipe_free(void *bytes, size_t length);
/* A NUL-terminated copy that the caller frees, or NULL. */
char *ap_copy(const void *bytes, size_t length);

#endif
