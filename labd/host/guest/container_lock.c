#include "labd/host/guest/container_int.h"

#include "labd/base/file.h"
#include "labd/base/loop.h"
#include "labd/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#define WAIT_MS 10000

int lab_lock(const struct guest_host *h, const char *lab, struct err *e)
{
    char dir[PATH_MAX], path[PATH_MAX];
    int64_t due = loop_now_ms() + WAIT_MS;

    if (path_make(dir, e, "%s/labs/%s", h->run_dir, lab) < 0 || path_make(path, e, "%s/.lock", dir) < 0 ||
        file_mkdirs(dir, 0711, e) < 0)
        return -1;
    AUTO(mem_closep) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_sys(e, "open %s", path);
    while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return err_sys(e, "lock %s", path);
        if (loop_now_ms() > due)
            return err_set(e, ERR_TIMEOUT, "another process works on the guests of lab %s", lab);
        usleep(1000);
    }
    return TAKE_FD(fd);
}
