/* Which build of the guest image a node uses: the one that its private layer was made on, for the two belong
 * together, else the current one.  Shared by the drivers. */
#ifndef HOST_GUEST_IMAGE_H
#define HOST_GUEST_IMAGE_H

#include "labd/host/guest/guest_node.h"

/* 'out' (NAME_MAX + 1 bytes) becomes the name of a folder of image_dir that has 'part' ("root" or
 * "root.squashfs").  ERR_NOT_FOUND if there is none. */
int guest_image_name(const struct guest_lab *lab, size_t node, const char *part, char *out,
                     struct err *e) MUST_CHECK;
/* Notes in the node's state folder, which exists, that its new layer is made on 'image'. */
int guest_image_record(const struct node_ref *n, const char *image, struct err *e) MUST_CHECK;

#endif
