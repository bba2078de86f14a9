#include "labd/host/guest/guest_image.h"

#include "labd/base/file.h"
#include "labd/base/mem.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool has_part(const struct guest_host *h, const char *name, const char *part)
{
    char path[PATH_MAX];

    return name[0] != '.' && strchr(name, '/') == NULL &&
           path_make(path, NULL, "%s/%s/%s", h->image_dir, name, part) == 0 && file_exists(path);
}

static bool recorded(const struct node_ref *n, char out[NAME_MAX + 1])
{
    char path[PATH_MAX];
    AUTO(buf_clear) struct buf text = BUF_INIT;

    if (path_state(n, "/image", path, NULL) < 0 || file_read(path, NAME_MAX, &text, NULL) < 0 ||
        text.len == 0)
        return false;
    snprintf(out, NAME_MAX + 1, "%s", buf_str(&text));
    return true;
}

int guest_image_name(const struct guest_lab *lab, size_t node, const char *part, char *out, struct err *e)
{
    const struct node_ref n = node_ref(lab, node);
    const char *image = lab->plan->nodes[node].image;
    char link[PATH_MAX], name[NAME_MAX + 1];

    if (recorded(&n, name) && has_part(lab->host, name, part)) {
        memcpy(out, name, sizeof name);
        return 0;
    }
    if (path_make(link, e, "%s/%s", lab->host->image_dir, image) < 0)
        return -1;
    /* "base" is a link to the folder of one build, which stays when the link moves on. */
    ssize_t len = readlink(link, name, sizeof name - 1);
    if (len > 0)
        name[len] = '\0';
    if (len <= 0 || !has_part(lab->host, name, part))
        snprintf(name, sizeof name, "%s", image);
    if (!has_part(lab->host, name, part))
        return err_set(e, ERR_NOT_FOUND, "image %s is not in %s", image, lab->host->image_dir);
    memcpy(out, name, sizeof name);
    return 0;
}

int guest_image_record(const struct node_ref *n, const char *image, struct err *e)
{
    char path[PATH_MAX];

    if (path_state(n, "/image", path, e) < 0)
        return -1;
    AUTO(mem_closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || write(fd, image, strlen(image)) != (ssize_t)strlen(image))
        return err_sys(e, "write %s", path);
    return 0;
}
