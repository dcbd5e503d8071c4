/* SPDX-License-Identifier: MIT */
/* Reading an unencrypted file returns its bytes. A file decrypts exactly if its
** bytes decrypt in memory. Encrypted text decrypts until a byte has changed. */
#include "fuzz.h"

#include <string.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/aead.h"
#include "storage/private_file.h"

/* More than the reader's chunk of 16 KiB. */
enum { CEILING = 20000 };

/* spec/fuzz/corpus/private_file/sealed was made with this key. */
static const unsigned char key[AP_AEAD_KEY_SIZE];

static char folder[] = "/tmp/adobepass-fuzz.XXXXXX";
static char path[sizeof folder + sizeof "/file"];

int LLVMFuzzerInitialize(int *count, char ***arguments);

static void remove_folder(void) {
  (void)unlink(path);
  (void)rmdir(folder);
}

int LLVMFuzzerInitialize(int *count, char ***arguments) {
  (void)count;
  (void)arguments;
  MUST(mkdtemp(folder) != NULL);
  (void)snprintf(path, sizeof path, "%s/file", folder);
  return atexit(remove_folder);
}

static void put(const uint8_t *data, size_t size) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  MUST(fd >= 0);
  MUST(write(fd, data, size) == (ssize_t)size);
  (void)close(fd);
}

static int holds(const ap_buffer *buf, const void *bytes, size_t length) {
  return buf->length == length &&
         (length == 0 || memcmp(buf->data, bytes, length) == 0);
}

static void check_plain(const uint8_t *data, size_t size) {
  ap_failure failure;
  ap_buffer out;
  ap_buffer_init(&out, CEILING);
  if (ap_private_file_read(path, NULL, &out, &failure))
    MUST(holds(&out, data, size));
  else if (size <= CEILING) MUST(ap_aead_is_sealed((const char *)data, size));
  else MUST(strcmp(failure.code, "too_large") == 0);
  ap_buffer_free(&out);
}

static void check_sealed(const uint8_t *data, size_t size) {
  ap_failure failure;
  ap_buffer from_file, from_memory;
  int opened;
  ap_buffer_init(&from_file, CEILING);
  ap_buffer_init(&from_memory, CEILING);
  opened = ap_aead_open(key, (const char *)data, size, &from_memory, &failure);
  MUST(ap_private_file_read(path, key, &from_file, &failure) == opened);
  MUST(holds(&from_file, from_memory.data, from_memory.length));
  MUST(opened || from_memory.length == 0);
  ap_buffer_free(&from_file);
  ap_buffer_free(&from_memory);
}

static void check_round(const uint8_t *data, size_t size) {
  ap_failure failure;
  ap_buffer sealed, opened;
  ap_buffer_init(&sealed, size + AP_AEAD_EXTRA);
  ap_buffer_init(&opened, size);
  MUST(ap_aead_seal(key, (const char *)data, size, &sealed, &failure));
  MUST(ap_aead_open(key, sealed.data, sealed.length, &opened, &failure));
  MUST(holds(&opened, data, size));
  sealed.data[size % sealed.length] ^= 1;
  ap_buffer_clear(&opened);
  MUST(!ap_aead_open(key, sealed.data, sealed.length, &opened, &failure));
  MUST(strcmp(failure.code, "decrypt_failed") == 0);
  ap_buffer_free(&sealed);
  ap_buffer_free(&opened);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  put(data, size);
  check_plain(data, size);
  check_sealed(data, size);
  check_round(data, size);
  return 0;
}
