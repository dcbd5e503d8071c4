/* SPDX-License-Identifier: MIT */
#include "storage/private_folder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/file_error.h"
#include "storage/parent_folder.h"

static int is_folder(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* Restores the owner's rights if the umask removed them from a new folder.
** Other folders are not changed. */
static int restore_rights(const char *path) {
  struct stat info;
  if (lstat(path, &info) != 0) return 0;
  if (!S_ISDIR(info.st_mode) || (info.st_mode & 0700) == 0700) return 1;
  return chmod(path, 0700) == 0;
}

static int mkdir_private(const char *path) {
  int error;
  if (mkdir(path, 0700) == 0) return restore_rights(path);
  error = errno;
  if (is_folder(path)) return 1; /* another process may have created it */
  errno = error == EEXIST ? ENOTDIR : error;
  return 0;
}

/* A parent of -1 cannot be opened, and is not synced. */
static int make_in(int parent, const char *path, ap_failure *failure) {
  if (!mkdir_private(path))
    return ap_file_error_set(failure, "Cannot create", path);
  return parent < 0 || ap_parent_folder_sync(parent, path, failure);
}

/* A parent that may be written but not read gets the folder without a sync. */
static int make_one(const char *path, ap_failure *failure) {
  int parent, done;
  if (is_folder(path)) return 1;
  parent = ap_parent_folder_open(path, failure);
  if (parent < 0 && errno != EACCES) return 0;
  done = make_in(parent, path, failure);
  if (parent >= 0) (void)close(parent);
  return done;
}

/* Creates each missing folder of a path. Modifies the path while it runs. */
static int make_each(char *path, ap_failure *failure) {
  char *slash = path + strspn(path, "/");
  while ((slash = strchr(slash, '/')) != NULL) {
    int done;
    *slash = '\0';
    done = make_one(path, failure);
    *slash++ = '/';
    if (!done) return 0;
  }
  return make_one(path, failure);
}

static int make_missing(const char *path, ap_failure *failure) {
  char *copy = ap_copy(path, strlen(path));
  int done;
  if (copy == NULL) return ap_failure_no_memory(failure);
  done = make_each(copy, failure);
  free(copy);
  return done;
}

/* A user who may write in a folder can remove its files, which would log a
** viewer out. The superuser can do so anyway. */
static int check_folder(const char *path, ap_failure *failure) {
  struct stat info;
  if (stat(path, &info) != 0)
    return ap_file_error_set(failure, "Cannot examine", path);
  if (!S_ISDIR(info.st_mode))
    return ap_file_error_insecure(failure, path, "is not a folder");
  if (info.st_uid != geteuid() && info.st_uid != 0)
    return ap_file_error_insecure(failure, path, "belongs to another user");
  if ((info.st_mode & 022) != 0)
    return ap_file_error_insecure(
      failure, path, "is writable by other users: run chmod 700 on it");
  return 1;
}

int ap_private_folder_make(const char *path, ap_failure *failure) {
  return make_missing(path, failure) && check_folder(path, failure);
}

static DIR *open_folder(const char *path) {
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *folder;
  int error;
  if (fd < 0) return NULL;
  folder = fdopendir(fd);
  error = errno;
  if (folder == NULL) (void)close(fd);
  errno = error;
  return folder;
}

static int fail_too_large(ap_failure *failure, const char *path) {
  return ap_failure_set(failure, "too_large", "%s has too many entries.",
                        path);
}

static int keep_name(ap_buffer *names, const char *name, const char *path,
                     ap_failure *failure) {
  switch (ap_buffer_append(names, name, strlen(name) + 1)) {
    case AP_BUFFER_OK: return 1;
    case AP_BUFFER_FULL: return fail_too_large(failure, path);
    default: return ap_failure_no_memory(failure);
  }
}

static int is_own_or_parent(const char *name) {
  return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int read_names(DIR *folder, const char *path, size_t most,
                      ap_buffer *names, ap_failure *failure) {
  for (;;) {
    const struct dirent *entry;
    errno = 0; /* readdir(3): the only way to tell an error from the end */
    entry = readdir(folder);
    if (entry == NULL && errno != 0)
      return ap_file_error_set(failure, "Cannot read", path);
    if (entry == NULL) return 1;
    if (is_own_or_parent(entry->d_name)) continue;
    if (most-- == 0) return fail_too_large(failure, path);
    if (!keep_name(names, entry->d_name, path, failure)) return 0;
  }
}

int ap_private_folder_list(const char *path, size_t most, ap_buffer *names,
                           ap_failure *failure) {
  DIR *folder = open_folder(path);
  int done;
  if (folder == NULL) return ap_file_error_set(failure, "Cannot open", path);
  done = read_names(folder, path, most, names, failure);
  (void)closedir(folder);
  return done;
}
