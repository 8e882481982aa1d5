// Fails, shortens, traces or kills at the N-th change of a file below one folder. Preloaded into musterd, muster-agent
// and the sweep (LD_PRELOAD); it counts what these ask of the file system, at the border to the C library.
//
//   MUSTER_INJECT_DIR     the folder; without it nothing is done
//   MUSTER_INJECT_AT      the operation to fail: 1 is the first; 0 or absent: none
//   MUSTER_INJECT_KIND    eio | enospc: the call fails so. short: a write does half. kill: SIGKILL instead of the call
//   MUSTER_INJECT_STICKY  1: every later operation of that kind of call fails, too, as on a disk that dies
//   MUSTER_INJECT_TRACE   every operation is recorded here as it ends, in the format of disk_model.h
//
// Programs that fork may call the functions at the end of this file instead.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum Operation { kCreate = 1, kWrite, kTruncate, kSync, kRename, kUnlink, kMkdir, kMark };
enum Kind { kNone, kEio, kEnospc, kShort, kKill };

struct Record {
  uint32_t operation;
  int32_t error;
  uint64_t offset;
  uint32_t path_bytes;
  uint32_t data_bytes;
};

static struct {
  char dir[PATH_MAX];
  size_t dir_bytes;
  unsigned long at;
  enum Kind kind;
  int sticky;
  int trace;
  // Under mu.
  unsigned long count;
  unsigned long fired;
  enum Operation broken;  // With sticky: what fails from now on.
} self = {.trace = -1};

// Held from before an operation until it is recorded, so that the record has the order of the file system.
static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;

static void* Real(void** slot, const char* name) {
  if (*slot == NULL) *slot = dlsym(RTLD_NEXT, name);
  return *slot;
}
// The C library's own function of this name.
#define REAL(name) ((__typeof__(&name))Real(&real_##name, #name))
#define DECLARE_REAL(name) static void* real_##name
DECLARE_REAL(open);
DECLARE_REAL(openat);
DECLARE_REAL(write);
DECLARE_REAL(pwrite);
DECLARE_REAL(writev);
DECLARE_REAL(fsync);
DECLARE_REAL(fdatasync);
DECLARE_REAL(ftruncate);
DECLARE_REAL(rename);
DECLARE_REAL(renameat);
DECLARE_REAL(unlink);
DECLARE_REAL(remove);
DECLARE_REAL(mkdir);

static enum Kind KindOf(const char* name) {
  if (name == NULL) return kNone;
  if (strcmp(name, "eio") == 0) return kEio;
  if (strcmp(name, "enospc") == 0) return kEnospc;
  if (strcmp(name, "short") == 0) return kShort;
  return strcmp(name, "kill") == 0 ? kKill : kNone;
}

void muster_inject_start(const char* dir, unsigned long at, const char* kind, int sticky, const char* trace) {
  pthread_mutex_lock(&mu);
  snprintf(self.dir, sizeof(self.dir), "%s", dir);
  self.dir_bytes = strlen(self.dir);
  self.at = at;
  self.kind = KindOf(kind);
  self.sticky = sticky;
  self.count = 0;
  self.fired = 0;
  self.broken = 0;
  if (self.trace >= 0) close(self.trace);
  self.trace = -1;
  if (trace != NULL && *trace != '\0') {
    self.trace = REAL(open)(trace, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  }
  pthread_mutex_unlock(&mu);
}

// Operations so far, and how many of them were made to fail.
unsigned long muster_inject_count(void) { return self.count; }
unsigned long muster_inject_fired(void) { return self.fired; }

__attribute__((constructor)) static void StartFromEnvironment(void) {
  const char* dir = getenv("MUSTER_INJECT_DIR");
  const char* at = getenv("MUSTER_INJECT_AT");
  if (dir == NULL || *dir == '\0') return;
  muster_inject_start(dir, at == NULL ? 0 : strtoul(at, NULL, 10), getenv("MUSTER_INJECT_KIND"),
                      getenv("MUSTER_INJECT_STICKY") != NULL, getenv("MUSTER_INJECT_TRACE"));
}

static int IsBelow(const char* path) {
  return self.dir_bytes > 0 && path != NULL && strncmp(path, self.dir, self.dir_bytes) == 0 &&
         (path[self.dir_bytes] == '/' || path[self.dir_bytes] == '\0');
}

// The path of an open file, if it lies below the folder.
static int PathBelow(int fd, char path[PATH_MAX]) {
  if (self.dir_bytes == 0 || fd < 0) return 0;
  char link[64];
  snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  const ssize_t bytes = readlink(link, path, PATH_MAX - 1);
  if (bytes <= 0) return 0;
  path[bytes] = '\0';
  return IsBelow(path);
}

static void WriteWhole(const void* bytes, size_t count) {
  const char* next = bytes;
  while (count > 0) {
    const ssize_t written = REAL(write)(self.trace, next, count);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) abort();  // A trace with a hole would accuse the program.
    next += written;
    count -= (size_t)written;
  }
}

static void Trace(enum Operation operation, int error, const char* path, uint64_t offset, const void* data,
                  size_t data_bytes) {
  if (self.trace < 0) return;
  const int kept = errno;
  const struct Record record = {operation, error, offset, (uint32_t)strlen(path), (uint32_t)data_bytes};
  WriteWhole(&record, sizeof(record));
  WriteWhole(path, record.path_bytes);
  WriteWhole(data, data_bytes);
  errno = kept;
}

// Counts an operation. Returns 0 when it shall be done, else the error to fail with; -1: do half of it.
static int Verdict(enum Operation operation) {
  ++self.count;
  const int hit = self.at != 0 && (self.count == self.at || (self.sticky && self.broken == operation));
  if (!hit || self.kind == kNone || (self.kind == kShort && operation != kWrite)) return 0;
  self.broken = operation;
  ++self.fired;
  switch (self.kind) {
    case kEio:
      return EIO;
    case kEnospc:
      return ENOSPC;
    case kShort:
      return -1;
    default:
      kill(getpid(), SIGKILL);
      pause();
      return EIO;
  }
}

// Runs `call` as an operation on `path` and records it.
#define OPERATION(operation, path, offset, data, data_bytes, call)                             \
  do {                                                                                         \
    pthread_mutex_lock(&mu);                                                                   \
    const int verdict = Verdict(operation);                                                    \
    if (verdict > 0) {                                                                         \
      Trace(operation, verdict, path, offset, "", 0);                                          \
      pthread_mutex_unlock(&mu);                                                               \
      errno = verdict;                                                                         \
      return -1;                                                                               \
    }                                                                                          \
    const __typeof__(call) result = call;                                                      \
    Trace(operation, result < 0 ? errno : 0, path, offset, data, result < 0 ? 0 : data_bytes); \
    pthread_mutex_unlock(&mu);                                                                 \
    return result;                                                                             \
  } while (0)

// ---- Files that come to be -------------------------------------------------------------------------------------

static int OpenAny(int at, const char* path, int flags, mode_t mode) {
  struct stat info;
  const int makes = (flags & O_CREAT) != 0 && IsBelow(path) && stat(path, &info) != 0;
  const int empties = (flags & O_TRUNC) != 0 && IsBelow(path) && !makes;
  if (!makes && !empties) return REAL(openat)(at, path, flags, mode);
  OPERATION(makes ? kCreate : kTruncate, path, 0, "", 0, REAL(openat)(at, path, flags, mode));
}

#define MODE_OF(flags)                          \
  mode_t mode = 0;                              \
  if (((flags) & (O_CREAT | O_TMPFILE)) != 0) { \
    va_list arguments;                          \
    va_start(arguments, flags);                 \
    mode = va_arg(arguments, mode_t);           \
    va_end(arguments);                          \
  }

int open(const char* path, int flags, ...) {
  MODE_OF(flags);
  return OpenAny(AT_FDCWD, path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  MODE_OF(flags);
  return OpenAny(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}
int openat(int at, const char* path, int flags, ...) {
  MODE_OF(flags);
  return OpenAny(at, path, flags, mode);
}
int openat64(int at, const char* path, int flags, ...) {
  MODE_OF(flags);
  return OpenAny(at, path, flags | O_LARGEFILE, mode);
}

int mkdir(const char* path, mode_t mode) {
  if (!IsBelow(path)) return REAL(mkdir)(path, mode);
  OPERATION(kMkdir, path, 0, "", 0, REAL(mkdir)(path, mode));
}

// ---- Content ---------------------------------------------------------------------------------------------------

ssize_t pwrite(int fd, const void* bytes, size_t count, off_t offset) {
  char path[PATH_MAX];
  if (!PathBelow(fd, path)) return REAL(pwrite)(fd, bytes, count, offset);
  pthread_mutex_lock(&mu);
  const int verdict = Verdict(kWrite);
  if (verdict < 0 && count > 1) count /= 2;
  ssize_t result = -1;
  if (verdict > 0) {
    errno = verdict;
  } else {
    result = REAL(pwrite)(fd, bytes, count, offset);
  }
  Trace(kWrite, result < 0 ? errno : 0, path, (uint64_t)offset, bytes, result < 0 ? 0 : (size_t)result);
  pthread_mutex_unlock(&mu);
  return result;
}
ssize_t pwrite64(int fd, const void* bytes, size_t count, off64_t offset) { return pwrite(fd, bytes, count, offset); }

ssize_t write(int fd, const void* bytes, size_t count) {
  char path[PATH_MAX];
  if (!PathBelow(fd, path)) return REAL(write)(fd, bytes, count);
  const int appends = (fcntl(fd, F_GETFL) & O_APPEND) != 0;
  const off_t offset = lseek(fd, 0, appends ? SEEK_END : SEEK_CUR);
  const ssize_t result = pwrite(fd, bytes, count, offset);
  if (result > 0) lseek(fd, offset + result, SEEK_SET);
  return result;
}

ssize_t writev(int fd, const struct iovec* parts, int count) {
  char path[PATH_MAX];
  if (!PathBelow(fd, path)) return REAL(writev)(fd, parts, count);
  ssize_t all = 0;
  for (int i = 0; i < count; ++i) {
    const ssize_t result = parts[i].iov_len == 0 ? 0 : write(fd, parts[i].iov_base, parts[i].iov_len);
    if (result < 0) return all > 0 ? all : -1;
    all += result;
    if ((size_t)result < parts[i].iov_len) break;
  }
  return all;
}

int ftruncate(int fd, off_t length) {
  char path[PATH_MAX];
  if (!PathBelow(fd, path)) return REAL(ftruncate)(fd, length);
  OPERATION(kTruncate, path, (uint64_t)length, "", 0, REAL(ftruncate)(fd, length));
}
int ftruncate64(int fd, off64_t length) { return ftruncate(fd, length); }

// ---- What makes it last ----------------------------------------------------------------------------------------

int fsync(int fd) {
  char path[PATH_MAX];
  if (!PathBelow(fd, path)) return REAL(fsync)(fd);
  OPERATION(kSync, path, 0, "", 0, REAL(fsync)(fd));
}
int fdatasync(int fd) {
  char path[PATH_MAX];
  if (!PathBelow(fd, path)) return REAL(fdatasync)(fd);
  OPERATION(kSync, path, 0, "", 0, REAL(fdatasync)(fd));
}

// ---- Names -----------------------------------------------------------------------------------------------------

int rename(const char* from, const char* to) {
  if (!IsBelow(from)) return REAL(rename)(from, to);
  OPERATION(kRename, from, 0, to, strlen(to), REAL(rename)(from, to));
}
int renameat(int from_at, const char* from, int to_at, const char* to) {
  if (!IsBelow(from)) return REAL(renameat)(from_at, from, to_at, to);
  OPERATION(kRename, from, 0, to, strlen(to), REAL(renameat)(from_at, from, to_at, to));
}
int unlink(const char* path) {
  if (!IsBelow(path)) return REAL(unlink)(path);
  OPERATION(kUnlink, path, 0, "", 0, REAL(unlink)(path));
}
int remove(const char* path) {
  if (!IsBelow(path)) return REAL(remove)(path);
  OPERATION(kUnlink, path, 0, "", 0, REAL(remove)(path));
}

// ---- For programs that fork ------------------------------------------------------------------------------------

// Puts a mark into the trace: what is recorded before it had been done by then.
void muster_inject_mark(const char* text) {
  pthread_mutex_lock(&mu);
  Trace(kMark, 0, text, 0, "", 0);
  pthread_mutex_unlock(&mu);
}
