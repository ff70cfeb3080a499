/* Faults of a disk and of a clock, for LD_PRELOAD.
 *
 * FAULT_ERRNO after FAULT_AFTER calls that write to (FAULT_KIND=write), flush (sync) or read from (read) a regular
 * file below FAULT_BELOW; the calls before succeed. CLOCK_FILE names a file with the seconds that the wall clock is
 * off. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static long count;

static int failing(const char *kind, int fd) {
  const char *wanted = getenv("FAULT_KIND"), *below = getenv("FAULT_BELOW");
  char link[64], path[PATH_MAX + 1];
  struct stat info;
  if (!wanted || !below || strcmp(wanted, kind) || fstat(fd, &info) || !(S_ISREG(info.st_mode) || !strcmp(kind, "sync")))
    return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t size = readlink(link, path, PATH_MAX);
  if (size < 0) return 0;
  path[size] = 0;
  if (strncmp(path, below, strlen(below)) || __sync_fetch_and_add(&count, 1) < atol(getenv("FAULT_AFTER"))) return 0;
  errno = atoi(getenv("FAULT_ERRNO"));
  return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *data, size_t size) {
  return failing("write", fd) ? -1 : REAL(write)(fd, data, size);
}
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
  return failing("write", fd) ? -1 : REAL(pwrite64)(fd, data, size, at);
}
ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t size, unsigned flags) {
  return failing("write", out) ? -1 : REAL(copy_file_range)(in, from, out, to, size, flags);
}
int fsync(int fd) { return failing("sync", fd) ? -1 : REAL(fsync)(fd); }
int fdatasync(int fd) { return failing("sync", fd) ? -1 : REAL(fdatasync)(fd); }
ssize_t read(int fd, void *data, size_t size) { return failing("read", fd) ? -1 : REAL(read)(fd, data, size); }
ssize_t pread64(int fd, void *data, size_t size, off64_t at) {
  return failing("read", fd) ? -1 : REAL(pread64)(fd, data, size, at);
}
ssize_t preadv64(int fd, const struct iovec *parts, int number, off64_t at) {
  return failing("read", fd) ? -1 : REAL(preadv64)(fd, parts, number, at);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  int done = REAL(clock_gettime)(clock, now);
  const char *path = getenv("CLOCK_FILE");
  if (!done && clock == CLOCK_REALTIME && path) {
    FILE *file = fopen(path, "r");
    long seconds = 0;
    if (file) {
      if (fscanf(file, "%ld", &seconds) == 1) now->tv_sec += seconds;
      fclose(file);
    }
  }
  return done;
}
