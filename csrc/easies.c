/* SPDX-License-Identifier: MIT */
#include "easies.h"

#include <string.h>

#include "transfer.h"

/* In 7.83 to 8.1.0, a handle that is used again points to the last header of
** the answer before; an answer that begins with a folded line then writes
** there, into freed memory (curl/curl#11103). So those that have served are
** spent there: they are taken apart one at a time as others are made, and the
** allocator does not give their memory back to the system after each crowd. */
static int may_be_used_again(void) {
  unsigned version = curl_version_info(CURLVERSION_NOW)->version_num;
  return version < 0x075300 || version > 0x080100;
}

void ap_easies_open(ap_easies *easies, const ap_settings *settings) {
  memset(easies, 0, sizeof *easies);
  easies->settings = settings;
  easies->may_reuse = may_be_used_again();
}

static void clean_up(CURL **list, size_t *count) {
  while (*count > 0) curl_easy_cleanup(list[--*count]);
}

void ap_easies_close(ap_easies *easies) {
  clean_up(easies->idle, &easies->idle_count);
  clean_up(easies->spent, &easies->spent_count);
}

static CURL *make(const ap_easies *easies) {
  CURL *easy = curl_easy_init();
  if (easy == NULL) return NULL;
  if (ap_settings_apply(easies->settings, easy) == CURLE_OK &&
      ap_transfer_equip(easy) == CURLE_OK)
    return easy;
  curl_easy_cleanup(easy);
  return NULL;
}

static void take_one_apart(ap_easies *easies) {
  if (easies->spent_count > 0)
    curl_easy_cleanup(easies->spent[--easies->spent_count]);
}

CURL *ap_easies_take(ap_easies *easies) {
  if (easies->idle_count > 0) return easies->idle[--easies->idle_count];
  take_one_apart(easies);
  return make(easies);
}

void ap_easies_keep(ap_easies *easies, CURL *easy) {
  CURL **list = easies->may_reuse ? easies->idle : easies->spent;
  size_t *count = easies->may_reuse ? &easies->idle_count
                                    : &easies->spent_count;
  if (easy == NULL) return;
  if (*count < AP_EASIES) list[(*count)++] = easy;
  else curl_easy_cleanup(easy);
}

void ap_easies_prepare(ap_easies *easies) {
  take_one_apart(easies);
  if (easies->idle_count > 0) return;
  easies->idle[0] = make(easies);
  if (easies->idle[0] != NULL) easies->idle_count = 1;
}
