/* Makes every fsync and fdatasync take at least as long as a file says, in microseconds, as a slow disk would.
   Loaded into PostgreSQL by LD_PRELOAD; SLOWDISK_FILE names the file, whose first four bytes are the number. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static volatile uint32_t *least;
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);

__attribute__((constructor)) static void begin(void)
{
    real_fsync = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    const char *path = getenv("SLOWDISK_FILE");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0)
        return;
    void *page = mmap(NULL, sizeof *least, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (page != MAP_FAILED)
        least = page;
}

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int slowly(int (*real)(int), int fd)
{
    int64_t until = least && *least ? now() + *least * 1000LL : 0;
    int result = real(fd);
    if (until > now()) {
        struct timespec t = { until / 1000000000LL, until % 1000000000LL };
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0) {
        }
    }
    return result;
}

int fsync(int fd) { return slowly(real_fsync, fd); }

int fdatasync(int fd) { return slowly(real_fdatasync, fd); }
