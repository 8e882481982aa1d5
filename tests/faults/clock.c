// Moves the wall clock of one program (LD_PRELOAD), forward and back, while it runs.
//
//   MUSTER_CLOCK_FILE   a file that holds a 64-bit number: nanoseconds to add to the machine's clock. Looked at anew
//                       whenever the time is asked for.
//
// As on a machine whose clock is set, the monotonic clock goes on as it was, and whoever sleeps until a point of the
// wall clock sleeps until that point: longer when the clock is set back, shorter when it is set forward. libfaketime
// (0.9.10) does not do that for futexes, on which Abseil waits.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { kNanosPerSecond = 1000000000 };
// How long a sleeper may take to notice that the clock was set.
static const int64_t kSlice = 50 * 1000 * 1000;
// A point in time beyond this many seconds is the wall clock's, before it the monotonic one's.
static const int64_t kWallClock = 1000000000;

static const volatile int64_t* offset;

__attribute__((constructor)) static void MapOffset(void) {
  const char* file = getenv("MUSTER_CLOCK_FILE");
  const int fd = file == NULL ? -1 : open(file, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  const void* mapped = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  if (mapped != MAP_FAILED) offset = mapped;
}

static int64_t Offset(void) { return offset == NULL ? 0 : *offset; }

static int64_t NanosOf(const struct timespec* time) { return (int64_t)time->tv_sec * kNanosPerSecond + time->tv_nsec; }

static struct timespec TimeOf(int64_t nanos) {
  const struct timespec time = {nanos / kNanosPerSecond, nanos % kNanosPerSecond};
  return time;
}

static void* Real(const char* name) { return dlsym(RTLD_NEXT, name); }

static int64_t MachineNow(void) {
  static int (*real)(clockid_t, struct timespec*);
  if (real == NULL) real = (int (*)(clockid_t, struct timespec*))Real("clock_gettime");
  struct timespec now;
  real(CLOCK_REALTIME, &now);
  return NanosOf(&now);
}

int clock_gettime(clockid_t clock, struct timespec* time) {
  static int (*real)(clockid_t, struct timespec*);
  if (real == NULL) real = (int (*)(clockid_t, struct timespec*))Real("clock_gettime");
  const int result = real(clock, time);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    *time = TimeOf(NanosOf(time) + Offset());
  }
  return result;
}

int gettimeofday(struct timeval* time, void* zone) {
  (void)zone;
  const int64_t now = MachineNow() + Offset();
  time->tv_sec = now / kNanosPerSecond;
  time->tv_usec = now % kNanosPerSecond / 1000;
  return 0;
}

time_t time(time_t* result) {
  const time_t now = (MachineNow() + Offset()) / kNanosPerSecond;
  if (result != NULL) *result = now;
  return now;
}

// The machine's time until which to sleep now; the sleeper looks again then.
static struct timespec NextLook(int64_t until) {
  const int64_t wanted = until < Offset() ? 0 : until - Offset();
  const int64_t slice = MachineNow() + kSlice;
  return TimeOf(wanted < slice ? wanted : slice);
}

static int Passed(int64_t until) { return MachineNow() + Offset() >= until; }

long syscall(long number, ...) {
  static long (*real)(long, ...);
  if (real == NULL) real = (long (*)(long, ...))Real("syscall");
  long a[6];
  va_list arguments;
  va_start(arguments, number);
  for (int i = 0; i < 6; ++i) a[i] = va_arg(arguments, long);
  va_end(arguments);
  const int waits = number == SYS_futex && (a[1] & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET &&
                    (a[1] & FUTEX_CLOCK_REALTIME) != 0 && a[3] != 0;
  if (!waits) return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  const int64_t until = NanosOf((const struct timespec*)a[3]);
  for (;;) {
    const struct timespec look = NextLook(until);
    const long result = real(number, a[0], a[1], a[2], &look, a[4], a[5]);
    if (result == 0 || errno != ETIMEDOUT || Passed(until)) return result;
  }
}

int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex, const struct timespec* time) {
  static int (*real)(pthread_cond_t*, pthread_mutex_t*, const struct timespec*);
  if (real == NULL) {
    real = (int (*)(pthread_cond_t*, pthread_mutex_t*, const struct timespec*))dlvsym(
        RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
  }
  if (time->tv_sec < kWallClock) return real(condition, mutex, time);
  const int64_t until = NanosOf(time);
  for (;;) {
    const struct timespec look = NextLook(until);
    const int result = real(condition, mutex, &look);
    if (result != ETIMEDOUT || Passed(until)) return result;
  }
}
