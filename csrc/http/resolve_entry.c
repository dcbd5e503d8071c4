/* SPDX-License-Identifier: MIT */
#include "http/resolve_entry.h"

#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include "http/header_field.h"

enum { LONGEST_PORT = 5, HIGHEST_PORT = 65535, LONGEST_ADDRESS = 45 };

static const char digits[] = "0123456789";

static int is_port(const char *text, size_t length) {
  long port = strtol(text, NULL, 10);
  return length > 0 && length <= LONGEST_PORT &&
         strspn(text, digits) == length && port > 0 && port <= HIGHEST_PORT;
}

/* IPv6 with or without its brackets. */
static int is_address(const char *text, size_t length) {
  char address[LONGEST_ADDRESS + 1];
  unsigned char bytes[sizeof(struct in6_addr)];
  int bracketed = length > 2 && text[0] == '[' && text[length - 1] == ']';
  if (bracketed) {
    text++;
    length -= 2;
  }
  if (length > LONGEST_ADDRESS) return 0;
  memcpy(address, text, length);
  address[length] = '\0';
  return inet_pton(AF_INET6, address, bytes) == 1 ||
         (!bracketed && inet_pton(AF_INET, address, bytes) == 1);
}

static int are_addresses(const char *text) {
  for (;;) {
    size_t length = strcspn(text, ",");
    if (!is_address(text, length)) return 0;
    if (text[length] == '\0') return 1;
    text += length + 1;
  }
}

int ap_resolve_entry_is_one(const char *entry) {
  size_t host = strcspn(entry, ":"), port;
  if (host == 0 || entry[host] == '\0') return 0;
  port = strcspn(entry + host + 1, ":");
  return is_port(entry + host + 1, port) && entry[host + 1 + port] == ':' &&
         are_addresses(entry + host + 1 + port + 1);
}

/* A name, and not one of the forms that libcurl reads as more: "+name",
** "-name" and the pattern "*" (CURLOPT_RESOLVE), or an address. */
int ap_resolve_entry_is_of_another(const char *entry) {
  static const char numeric[] = "0123456789.";
  static const char others[] = "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_0123456789.";
  size_t length = strcspn(entry, ":");
  return entry[0] != '-' && strspn(entry, others) == length &&
         strspn(entry, numeric) < length &&
         !ap_header_field_is(entry, length, "localhost");
}
