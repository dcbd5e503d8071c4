/* SPDX-License-Identifier: MIT */
#include "http/url_cache.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A longer one is read, used and forgotten: it will not come again. */
enum { LONGEST_KEPT = 512 };

/* FNV-1a. Who makes two of them meet gains nothing but a slower request. */
static size_t place_of(const char *text) {
  uint32_t hash = 2166136261u;
  for (; *text != '\0'; text++)
    hash = (hash ^ (unsigned char)*text) * 16777619u;
  return hash % AP_URL_CACHE_SIZE;
}

ap_url *ap_url_cache_open(ap_url_cache *urls, const char *text,
                          const struct curl_slist *allowed,
                          ap_failure *failure) {
  ap_url **place = &urls->kept[place_of(text)];
  ap_url *url;
  if (*place != NULL && strcmp((*place)->text, text) == 0)
    return ap_url_use(*place);
  url = ap_url_open(text, allowed, failure);
  if (url == NULL || strlen(text) > LONGEST_KEPT) return url;
  ap_url_drop(*place);
  *place = ap_url_use(url);
  return url;
}

void ap_url_cache_close(ap_url_cache *urls) {
  size_t i;
  for (i = 0; i < AP_URL_CACHE_SIZE; i++) ap_url_drop(urls->kept[i]);
  memset(urls, 0, sizeof *urls);
}
