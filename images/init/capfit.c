/* capfit.so: lets a daemon start with the capabilities that a guest really has.
 *
 * FRR asks for CAP_SYS_ADMIN (for moving between network namespaces, which no lab uses) and exits when
 * it cannot have it.  A guest does not have it, because it would open the mount interfaces of the
 * host's kernel to the student.  Preloaded by frr-start, this wraps libcap's cap_set_flag() and leaves
 * out of the wish what is not in the bounding set and so could never be had. */
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <sys/prctl.h>

/* As in <sys/capability.h>, whose package is not needed otherwise. */
typedef int set_flag_fn(void *caps, int flag, int n, const int *values, int on);
int cap_set_flag(void *caps, int flag, int n, const int *values, int on);

#define CAP_NUMBERS 64

__attribute__((visibility("default"))) int cap_set_flag(void *caps, int flag, int n, const int *values,
                                                        int on)
{
    int fit[CAP_NUMBERS], nfit = 0;
    union {
        void *object;
        set_flag_fn *function;
    } next = {dlsym(RTLD_NEXT, "cap_set_flag")};

    if (next.object == NULL || n < 0 || n > CAP_NUMBERS) {
        errno = EINVAL;
        return -1;
    }
    for (int i = 0; i < n; i++) {
        if (prctl(PR_CAPBSET_READ, values[i], 0, 0, 0) == 1)
            fit[nfit++] = values[i];
    }
    return nfit == 0 ? 0 : next.function(caps, flag, nfit, fit, on);
}
