/* Stage 1 of a Xen guest: from the kernel's start to lab-init.  One C file per concern; stage1.c holds the
 * order.  Everything in here ends the machine when it fails, with one line that says why. */
#ifndef IMAGES_XEN_STAGE1_H
#define IMAGES_XEN_STAGE1_H

#include <stddef.h>

#define STAGE1_IFACES_MAX 64
#define STAGE1_WAIT_MS 30000 /* for disks and interfaces, which the host may still be making */

/* One line on the console, the same into xenstore as a failed boot, then the machine goes off. */
_Noreturn void stage1_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Reads a whole file of at most 'max' - 1 bytes, NUL-terminated; its length.  -1: it cannot be read. */
long stage1_read(const char *path, char *out, size_t max);
void stage1_sleep(unsigned ms);

/* stage1_mount.c */
void mount_kernel_files(void);            /* /proc, /sys and /dev of the initramfs */
void mount_root(const char *at);          /* the overlay of both disks; leaves /private mounted */
void mount_guest_files(const char *root); /* what a guest finds in /dev, /run, /tmp, ...; moves /proc etc. */
void mount_switch(const char *root);      /* empties the initramfs and makes 'root' the root */

/* stage1_seed.c: the author's files, hostname and hosts into a private disk that has not been in use yet. */
void seed_once(const char *root, const char *hostname);

/* stage1_net.c: gives the interfaces their planned names.  'names' get copies, NULL after the last. */
void net_rename(char *names[STAGE1_IFACES_MAX + 1]);

#endif
