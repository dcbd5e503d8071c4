/* SPDX-License-Identifier: MIT */
#include "http/prepared_headers.h"

#include <stdlib.h>

ap_headers *ap_headers_new(void) {
  ap_headers *headers = calloc(1, sizeof *headers);
  if (headers == NULL) return NULL;
  ap_lines_init(&headers->lines);
  headers->uses = 1;
  return headers;
}

int ap_headers_seal(ap_headers *headers, ap_failure *failure) {
  if (ap_buf_trim(&headers->lines.text) != AP_BUF_OK)
    return ap_fail_memory(failure);
  return ap_lines_link(&headers->lines, NULL, &headers->list, failure);
}

ap_headers *ap_headers_use(ap_headers *headers) {
  headers->uses++;
  return headers;
}

void ap_headers_drop(ap_headers *headers) {
  if (headers == NULL || --headers->uses > 0) return;
  free(headers->list);
  ap_lines_free(&headers->lines);
  free(headers);
}
