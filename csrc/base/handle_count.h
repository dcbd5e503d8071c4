/* SPDX-License-Identifier: MIT */
/* How many handles of each kind are open, so that a test can prove that none
** was left behind. */
#ifndef AP_LIVE_H
#define AP_LIVE_H

typedef enum {
  AP_LIVE_SESSION,
  AP_LIVE_TRANSFER,
  AP_LIVE_TOKEN,
  AP_LIVE_KEY,
  AP_LIVE_LOCK,
  AP_LIVE_KINDS
} ap_live_kind;

void ap_live_add(ap_live_kind kind, long change);
long ap_live_count(ap_live_kind kind);

#endif
