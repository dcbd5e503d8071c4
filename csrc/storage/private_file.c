/* SPDX-License-Identifier: MIT */
#include "storage/private_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "crypto/aead.h"
#include "storage/file_error.h"
#include "storage/file_lock.h"
#include "storage/parent_folder.h"

enum { CHUNK = 16 * 1024, TEMPORARY_TRIES = 100 };

static const double longest_lock_wait = 10; /* seconds */

/* Returns whether the open file is a regular one, belongs to this user and is
** not accessible to others. */
static int check_private(int fd, const char *path, ap_failure *failure) {
  struct stat info;
  if (fstat(fd, &info) != 0)
    return ap_file_error_set(failure, "Cannot examine", path);
  if (!S_ISREG(info.st_mode))
    return ap_file_error_insecure(failure, path, "is not a regular file");
  if (info.st_uid != geteuid())
    return ap_file_error_insecure(failure, path, "belongs to another user");
  if ((info.st_mode & 077) != 0)
    return ap_file_error_insecure(
      failure, path, "is accessible to other users: run chmod 600 on it");
  return 1;
}

static int keep(ap_buffer *out, const char *bytes, size_t length,
                const char *path, ap_failure *failure) {
  switch (ap_buffer_append(out, bytes, length)) {
    case AP_BUFFER_OK: return 1;
    case AP_BUFFER_FULL:
      return ap_failure_set(failure, "too_large",
                            "%s is larger than %lu bytes.", path,
                            (unsigned long)out->ceiling);
    default: return ap_failure_no_memory(failure);
  }
}

static int read_all(int fd, const char *path, ap_buffer *out,
                    ap_failure *failure) {
  char chunk[CHUNK];
  ssize_t got;
  int done = 1;
  while (done && (got = read(fd, chunk, sizeof chunk)) != 0) {
    if (got > 0) done = keep(out, chunk, (size_t)got, path, failure);
    else if (errno != EINTR)
      done = ap_file_error_set(failure, "Cannot read", path);
  }
  OPENSSL_cleanse(chunk, sizeof chunk);
  return done;
}

static int read_private(const char *path, ap_buffer *out,
                        ap_failure *failure) {
  int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  int fd = open(path, flags);
  int done;
  if (fd < 0) return ap_file_error_set(failure, "Cannot open", path);
  done = check_private(fd, path, failure) && read_all(fd, path, out, failure);
  (void)close(fd);
  return done;
}

static int read_sealed(const char *path, const unsigned char *key,
                       ap_buffer *out, ap_failure *failure) {
  ap_buffer sealed;
  int done;
  ap_buffer_init(&sealed, out->ceiling + AP_AEAD_EXTRA);
  done = read_private(path, &sealed, failure) &&
         ap_aead_open(key, sealed.data, sealed.length, out, failure);
  ap_buffer_free(&sealed);
  return done;
}

int ap_private_file_read(const char *path, const unsigned char *key,
                         ap_buffer *out, ap_failure *failure) {
  if (key != NULL) return read_sealed(path, key, out, failure);
  if (!read_private(path, out, failure)) return 0;
  if (!ap_aead_is_sealed(out->data, out->length)) return 1;
  return ap_failure_set(failure, "key_needed",
                        "%s is encrypted: give its key.", path);
}

/* Returns "folder/.name.tmp" for "folder/name", which the caller frees. All
** writers use the same name, under a lock, so that a file left by a crash is
** reused and temporary files do not accumulate. */
static char *temporary_path(const char *path) {
  const char *slash = strrchr(path, '/');
  const char *name = slash != NULL ? slash + 1 : path;
  size_t size = strlen(path) + sizeof "..tmp";
  char *temporary = malloc(size);
  if (temporary != NULL)
    (void)snprintf(temporary, size, "%.*s.%s.tmp", (int)(name - path), path,
                   name);
  return temporary;
}

/* Returns whether the locked file has this name and no other. Another writer may
** have renamed it before this one took the lock. A backup may have made a hard link
** to it, and would get the content; then this name is removed. */
static int has_only_name(int fd, const char *path) {
  struct stat held, named;
  if (fstat(fd, &held) != 0 || lstat(path, &named) != 0 ||
      held.st_ino != named.st_ino || held.st_dev != named.st_dev)
    return 0;
  if (held.st_nlink == 1) return 1;
  (void)unlink(path);
  return 0;
}

static int open_temporary(const char *path, ap_failure *failure) {
  int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
  int tries;
  for (tries = 0; tries < TEMPORARY_TRIES; tries++) {
    int fd = open(path, flags, 0600);
    if (fd < 0) {
      (void)ap_file_error_set(failure, "Cannot write", path);
      return -1;
    }
    if (!ap_file_lock_hold(fd, longest_lock_wait, failure)) {
      (void)close(fd);
      return -1;
    }
    if (has_only_name(fd, path)) return fd;
    (void)close(fd);
  }
  (void)ap_failure_set(
    failure, "busy",
    "Too many processes write %s at the same time: try again "
    "later.",
    path);
  return -1;
}

static int write_all(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t put = write(fd, bytes, length);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return 0;
    bytes += put;
    length -= (size_t)put;
  }
  return 1;
}

static int fill(int fd, const char *path, const char *bytes, size_t length,
                ap_failure *failure) {
  if (fchmod(fd, 0600) != 0)
    return ap_file_error_set(failure, "Cannot write", path);
  if (!check_private(fd, path, failure)) return 0;
  if (ftruncate(fd, 0) != 0 || !write_all(fd, bytes, length) || fsync(fd) != 0)
    return ap_file_error_set(failure, "Cannot write", path);
  return 1;
}

static int replace_in(int folder, const char *path, const char *temporary,
                      const char *bytes, size_t length, ap_failure *failure) {
  int fd = open_temporary(temporary, failure);
  int done;
  if (fd < 0) return 0;
  done = fill(fd, temporary, bytes, length, failure);
  if (done && rename(temporary, path) != 0)
    done = ap_file_error_set(failure, "Cannot replace", path);
  if (!done) (void)unlink(temporary);
  (void)close(fd);
  return done && ap_parent_folder_sync(folder, path, failure);
}

static int replace(const char *path, const char *temporary, const char *bytes,
                   size_t length, ap_failure *failure) {
  int folder = ap_parent_folder_open(path, failure);
  int done;
  if (folder < 0) return 0;
  done = replace_in(folder, path, temporary, bytes, length, failure);
  (void)close(folder);
  return done;
}

static int check_target(const char *path, ap_failure *failure) {
  struct stat info;
  if (lstat(path, &info) != 0 || S_ISREG(info.st_mode)) return 1;
  return ap_file_error_insecure(failure, path, "is not a regular file");
}

static int write_plain(const char *path, const char *bytes, size_t length,
                       ap_failure *failure) {
  char *temporary;
  int done;
  if (!check_target(path, failure)) return 0;
  temporary = temporary_path(path);
  if (temporary == NULL) return ap_failure_no_memory(failure);
  done = replace(path, temporary, bytes, length, failure);
  free(temporary);
  return done;
}

int ap_private_file_write(const char *path, const char *bytes, size_t length,
                          const unsigned char *key, ap_failure *failure) {
  ap_buffer sealed;
  int done;
  if (key == NULL) return write_plain(path, bytes, length, failure);
  ap_buffer_init(&sealed, length + AP_AEAD_EXTRA);
  done = ap_aead_seal(key, bytes, length, &sealed, failure) &&
         write_plain(path, sealed.data, sealed.length, failure);
  ap_buffer_free(&sealed);
  return done;
}

static int remove_in(int folder, const char *path, ap_failure *failure) {
  if (unlink(path) == 0) return ap_parent_folder_sync(folder, path, failure);
  return errno == ENOENT || ap_file_error_set(failure, "Cannot remove", path);
}

int ap_private_file_remove(const char *path, ap_failure *failure) {
  int folder = ap_parent_folder_open(path, failure);
  int done;
  if (folder < 0) return errno == ENOENT;
  done = remove_in(folder, path, failure);
  (void)close(folder);
  return done;
}
