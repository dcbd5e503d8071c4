/* SPDX-License-Identifier: MIT */
/* Each header lies within the block and after the previous one. Its name is a
** token; its value is trimmed and has no control characters. */
#include "fuzz.h"

#include <string.h>

#include "http/header_field.h"

static int is_blank(char c) {
  return c == ' ' || c == '\t';
}

static void check_name(const ap_header_field *header) {
  char *name = malloc(header->name_length + 1);
  MUST(name != NULL);
  memcpy(name, header->name, header->name_length);
  name[header->name_length] = '\0';
  MUST(ap_header_field_is_token(name, header->name_length));
  MUST(strpbrk(name, " \t\r\n:\"(),/;<=>?@[\\]{}") == NULL);
  MUST(ap_header_field_is(header->name, header->name_length, name));
  MUST(!ap_header_field_is(header->name, header->name_length - 1, name));
  free(name);
}

static void check_value(const ap_header_field *header) {
  const char *value = header->value;
  size_t length = header->value_length;
  MUST(ap_header_field_is_value(value, length));
  MUST(memchr(value, '\r', length) == NULL);
  MUST(memchr(value, '\n', length) == NULL);
  MUST(memchr(value, '\0', length) == NULL);
  if (length == 0) return;
  MUST(!is_blank(value[0]) && !is_blank(value[length - 1]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const char *block = (const char *)data, *at = block, *before = block;
  ap_header_field header;
  int status;
  if (size == 0) return 0;
  status = ap_header_field_status(block, size);
  MUST(status == 0 || (status >= 100 && status <= 999));
  while (ap_header_field_next(&at, block + size, &header)) {
    MUST(header.name >= before && header.name_length > 0);
    MUST(header.value > header.name + header.name_length);
    MUST(header.value + header.value_length <= at && at <= block + size);
    check_name(&header);
    check_value(&header);
    before = at;
  }
  MUST(at == block + size);
  return 0;
}
