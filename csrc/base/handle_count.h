/* SPDX-License-Identifier: MIT */
/* Counts the open handles of each kind, so that tests can find leaks. */
#ifndef AP_BASE_HANDLE_COUNT_H
#define AP_BASE_HANDLE_COUNT_H

typedef enum {
  AP_HANDLE_TRANSPORT,
  AP_HANDLE_TRANSFER,
  AP_HANDLE_TOKEN,
  AP_HANDLE_KEY,
  AP_HANDLE_LOCK,
  AP_HANDLE_KINDS
} ap_handle_kind;

void ap_handle_count_add(ap_handle_kind kind, long change);
long ap_handle_count_get(ap_handle_kind kind);

#endif
