/* SPDX-License-Identifier: MIT */
#include "http/prepared_headers.h"

#include <stdlib.h>

ap_prepared_headers *ap_prepared_headers_new(void) {
  ap_prepared_headers *headers = calloc(1, sizeof *headers);
  if (headers == NULL) return NULL;
  ap_header_list_init(&headers->lines);
  headers->uses = 1;
  return headers;
}

int ap_prepared_headers_seal(ap_prepared_headers *headers,
                             ap_failure *failure) {
  if (ap_buffer_trim(&headers->lines.text) != AP_BUFFER_OK)
    return ap_failure_no_memory(failure);
  return ap_header_list_link(&headers->lines, NULL, &headers->list, failure);
}

ap_prepared_headers *ap_prepared_headers_use(ap_prepared_headers *headers) {
  headers->uses++;
  return headers;
}

void ap_prepared_headers_drop(ap_prepared_headers *headers) {
  if (headers == NULL || --headers->uses > 0) return;
  free(headers->list);
  ap_header_list_free(&headers->lines);
  free(headers);
}
