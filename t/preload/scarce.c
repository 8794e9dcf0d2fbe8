
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * A library for LD_PRELOAD that makes memory and disks scarce, when a test
 * says so (t/lib/Itinerary/Scarce.pm).  What is to fail stands in a file that
 * the test writes and that is mapped here before nginx forks: so it holds for
 * all of its processes, at once.
 *
 * Memory: the n-th allocation of one process fails, counted from when it was
 * told.  The allocations are those that nginx, the module, libxml2 and OpenSSL
 * ask libc for, and those that the module makes in nginx's pools, although
 * there may be room in the pool.  Their calls are taken over when the module is
 * loaded: a malloc() of this library would be in a sanitizer's way.
 *
 * Disks: what is done to files whose path contains a text fails, once there is
 * no more room for what is written.
 */


#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>


#define SCARCE_MODULE  "ngx_http_itinerary_module.so"

#define SCARCE_WRITE   0x01    /* write(), pwrite() and the like */
#define SCARCE_SYNC    0x02    /* fsync(), fdatasync() */
#define SCARCE_OPEN    0x04    /* open() of a file that is to be created */
#define SCARCE_NAME    0x08    /* rename(), link() */

#define SCARCE_FRAMES  24


/* as Itinerary::Scarce packs it */

typedef struct {

    /* memory */

    uint32_t    pid;           /* whose allocations are counted */
    uint32_t    nth;           /* the allocation to fail, from 1; 0: none */
    uint32_t    lasting;       /* and all that follow it */
    uint32_t    count;
    uint32_t    failed;

    /* disks */

    uint32_t    error;         /* an errno; 0: all is well */
    uint32_t    calls;         /* SCARCE_* */
    uint32_t    room;          /* bytes that are written before it fails */
    uint32_t    refused;       /* calls that failed, or wrote less */

    char        match[220];
} scarce_t;


static scarce_t           *scarce;
static __thread unsigned   scarce_inside;


static void *scarce_real(const char *name);
static int scarce_memory(void);
static void scarce_told(void);
static int scarce_disk(uint32_t call, const char *path);
static int scarce_disk_fd(uint32_t call, int fd);
static ssize_t scarce_room(int fd, size_t size);
static void scarce_take_over(struct link_map *map);
static void scarce_take_over_calls(struct link_map *map,
    const ElfW(Rela) *rela, size_t size, const ElfW(Sym) *symbols,
    const char *names);


#define scarce_call(name, type)                                               \
    static __typeof__(name)  *real;                                           \
                                                                              \
    if (real == NULL) {                                                       \
        real = (__typeof__(name) *) scarce_real(#name);                       \
    }


__attribute__((constructor))
static void
scarce_init(void)
{
    int          fd;
    void        *p, *frames[1];
    const char  *path;

    path = getenv("ITINERARY_SCARCE");
    if (path == NULL) {
        return;
    }

    fd = open(path, O_RDWR|O_CLOEXEC);
    if (fd == -1) {
        return;
    }

    p = mmap(NULL, sizeof(scarce_t), PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0);

    (void) close(fd);

    /* the first call loads a library, and allocates */

    (void) backtrace(frames, 1);

    if (p != MAP_FAILED) {
        scarce = p;
    }
}


static void *
scarce_real(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}


/* Memory. */

static int
scarce_memory(void)
{
    uint32_t  nth;

    if (scarce == NULL || scarce_inside) {
        return 0;
    }

    nth = scarce->nth;

    if (nth == 0 || scarce->pid != (uint32_t) getpid()) {
        return 0;
    }

    scarce->count++;

    if (scarce->count < nth || (scarce->count > nth && !scarce->lasting)) {
        return 0;
    }

    if (scarce->failed++ == 0) {
        scarce_told();
    }

    errno = ENOMEM;

    return 1;
}


/* where it was, in nginx's log; "+" is an offset in the module */

static void
scarce_told(void)
{
    int   i, n;
    char  line[1024];
    void *frames[SCARCE_FRAMES];
    size_t  len;

    scarce_inside++;

    n = backtrace(frames, SCARCE_FRAMES);

    len = snprintf(line, sizeof(line), "scarce: allocation %u fails at",
                   scarce->nth);

    for (i = 2; i < n && len < sizeof(line) - 32; i++) {
        Dl_info  info;

        if (dladdr(frames[i], &info) == 0) {
            continue;
        }

        if (info.dli_fname && strstr(info.dli_fname, SCARCE_MODULE)) {
            len += snprintf(line + len, sizeof(line) - len, " +%zx",
                            (size_t) ((char *) frames[i] - 1
                                      - (char *) info.dli_fbase));

        } else if (info.dli_sname) {
            len += snprintf(line + len, sizeof(line) - len, " %.24s",
                            info.dli_sname);
        }
    }

    line[len++] = '\n';

    if (write(STDERR_FILENO, line, len) == -1) {
        /* nobody is to be told */
    }

    scarce_inside--;
}


/* what is called instead; NULL is returned, or an error */

#define scarce_wrap(name, result, failure, prototype, arguments)              \
    static result (*real_##name) prototype;                                   \
                                                                              \
    static result                                                             \
    scarce_##name prototype                                                   \
    {                                                                         \
        return scarce_memory() ? failure : real_##name arguments;             \
    }

scarce_wrap(malloc, void *, NULL, (size_t size), (size))
scarce_wrap(calloc, void *, NULL, (size_t n, size_t size), (n, size))
scarce_wrap(realloc, void *, NULL, (void *p, size_t size), (p, size))
scarce_wrap(posix_memalign, int, ENOMEM, (void **p, size_t a, size_t size),
            (p, a, size))
scarce_wrap(ngx_palloc, void *, NULL, (void *p, size_t size), (p, size))
scarce_wrap(ngx_pnalloc, void *, NULL, (void *p, size_t size), (p, size))
scarce_wrap(ngx_pcalloc, void *, NULL, (void *p, size_t size), (p, size))
scarce_wrap(ngx_create_pool, void *, NULL, (size_t size, void *log),
            (size, log))
scarce_wrap(ngx_create_temp_buf, void *, NULL, (void *p, size_t size),
            (p, size))
scarce_wrap(ngx_pool_cleanup_add, void *, NULL, (void *p, size_t size),
            (p, size))
scarce_wrap(ngx_pstrdup, void *, NULL, (void *p, void *s), (p, s))
scarce_wrap(ngx_array_push, void *, NULL, (void *a), (a))
scarce_wrap(ngx_list_push, void *, NULL, (void *l), (l))
scarce_wrap(ngx_alloc_chain_link, void *, NULL, (void *p), (p))
scarce_wrap(ngx_chain_get_free_buf, void *, NULL, (void *p, void *f), (p, f))

static intptr_t (*real_ngx_http_post_request)(void *r, void *pr);

static intptr_t
scarce_ngx_http_post_request(void *r, void *pr)
{
    return pr == NULL && scarce_memory() ? -1
                                         : real_ngx_http_post_request(r, pr);
}


static const struct {
    const char   *name;
    void         *ours;
    void        **real;
} scarce_wraps[] = {

#define scarce_row(name)                                                      \
    { #name, (void *) scarce_##name, (void **) &real_##name }

    scarce_row(malloc),
    scarce_row(calloc),
    scarce_row(realloc),
    scarce_row(posix_memalign),
    scarce_row(ngx_palloc),
    scarce_row(ngx_pnalloc),
    scarce_row(ngx_pcalloc),
    scarce_row(ngx_create_pool),
    scarce_row(ngx_create_temp_buf),
    scarce_row(ngx_pool_cleanup_add),
    scarce_row(ngx_pstrdup),
    scarce_row(ngx_array_push),
    scarce_row(ngx_list_push),
    scarce_row(ngx_alloc_chain_link),
    scarce_row(ngx_chain_get_free_buf),
    scarce_row(ngx_http_post_request),
    { NULL, NULL, NULL }
};


void *
dlopen(const char *path, int flags)
{
    void             *handle;
    struct link_map  *map;

    scarce_call(dlopen, 0)

    handle = real(path, flags);

    if (handle == NULL || scarce == NULL || path == NULL
        || strstr(path, SCARCE_MODULE) == NULL
        || dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0)
    {
        return handle;
    }

    while (map->l_prev) {
        map = map->l_prev;
    }

    for ( /* void */ ; map; map = map->l_next) {

        if (map->l_name[0] == '\0'                    /* nginx */
            || strstr(map->l_name, SCARCE_MODULE)
            || strstr(map->l_name, "/libxml2.")
            || strstr(map->l_name, "/libcrypto."))
        {
            scarce_take_over(map);
        }
    }

    return handle;
}


/* changes the tables of what is called, and pointers to it */

static void
scarce_take_over(struct link_map *map)
{
    size_t             size, plt_size;
    ElfW(Dyn)         *d;
    const char        *names;
    const ElfW(Sym)   *symbols;
    const ElfW(Rela)  *rela, *plt;

    size = 0;
    plt_size = 0;
    names = NULL;
    symbols = NULL;
    rela = NULL;
    plt = NULL;

    for (d = map->l_ld; d->d_tag != DT_NULL; d++) {

        switch (d->d_tag) {

        case DT_STRTAB:
            names = (const char *) d->d_un.d_ptr;
            break;

        case DT_SYMTAB:
            symbols = (const ElfW(Sym) *) d->d_un.d_ptr;
            break;

        case DT_RELA:
            rela = (const ElfW(Rela) *) d->d_un.d_ptr;
            break;

        case DT_RELASZ:
            size = d->d_un.d_val;
            break;

        case DT_JMPREL:
            plt = (const ElfW(Rela) *) d->d_un.d_ptr;
            break;

        case DT_PLTRELSZ:
            plt_size = d->d_un.d_val;
            break;
        }
    }

    scarce_take_over_calls(map, rela, size, symbols, names);
    scarce_take_over_calls(map, plt, plt_size, symbols, names);
}


static void
scarce_take_over_calls(struct link_map *map, const ElfW(Rela) *rela,
    size_t size, const ElfW(Sym) *symbols, const char *names)
{
    long         page;
    char        *start;
    void       **slot;
    size_t       i, k, n;
    const char  *name;

    page = sysconf(_SC_PAGESIZE);
    n = rela ? size / sizeof(ElfW(Rela)) : 0;

    for (i = 0; i < n; i++) {

        name = names + symbols[ELF64_R_SYM(rela[i].r_info)].st_name;

        for (k = 0; scarce_wraps[k].name; k++) {
            if (strcmp(scarce_wraps[k].name, name) == 0) {
                break;
            }
        }

        if (scarce_wraps[k].name == NULL) {
            continue;
        }

        slot = (void **) (map->l_addr + rela[i].r_offset);
        start = (char *) ((uintptr_t) slot & ~((uintptr_t) page - 1));

        if (mprotect(start, page, PROT_READ|PROT_WRITE) != 0) {
            continue;
        }

        if (*scarce_wraps[k].real == NULL) {
            *scarce_wraps[k].real = dlsym(RTLD_DEFAULT, name);
        }

        *slot = scarce_wraps[k].ours;
    }
}


/* Disks. */

static int
scarce_disk(uint32_t call, const char *path)
{
    if (scarce == NULL || scarce->error == 0 || !(scarce->calls & call)
        || scarce_inside || strstr(path, scarce->match) == NULL)
    {
        return 0;
    }

    if (call == SCARCE_WRITE && scarce->room) {
        return 0;
    }

    scarce->refused++;
    errno = scarce->error;

    return 1;
}


static int
scarce_disk_fd(uint32_t call, int fd)
{
    char     path[1024], name[32];
    ssize_t  n;

    if (scarce == NULL || scarce->error == 0 || !(scarce->calls & call)) {
        return 0;
    }

    (void) snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);

    n = readlink(name, path, sizeof(path) - 1);
    if (n == -1) {
        return 0;
    }

    path[n] = '\0';

    return strstr(path, scarce->match) ? scarce_disk(call, path) ? 1 : -1 : 0;
}


/* how much of it can be written, or -1 */

static ssize_t
scarce_room(int fd, size_t size)
{
    switch (scarce_disk_fd(SCARCE_WRITE, fd)) {

    case 0:
        return size;

    case 1:
        return -1;
    }

    if (size > scarce->room) {
        size = scarce->room;
        scarce->refused++;
    }

    scarce->room -= size;

    return size;
}


ssize_t
write(int fd, const void *data, size_t size)
{
    ssize_t  n;

    scarce_call(write, 0)

    n = scarce_room(fd, size);

    return n == -1 ? -1 : real(fd, data, n);
}


ssize_t
pwrite(int fd, const void *data, size_t size, off_t offset)
{
    ssize_t  n;

    scarce_call(pwrite, 0)

    n = scarce_room(fd, size);

    return n == -1 ? -1 : real(fd, data, n, offset);
}


ssize_t
pwrite64(int fd, const void *data, size_t size, off64_t offset)
{
    ssize_t  n;

    scarce_call(pwrite64, 0)

    n = scarce_room(fd, size);

    return n == -1 ? -1 : real(fd, data, n, offset);
}


/* of several pieces the first is written where there is not room for all */

static ssize_t
scarce_pieces(int fd, const struct iovec *pieces, int *n)
{
    int      i;
    size_t   size;
    ssize_t  room;

    size = 0;

    for (i = 0; i < *n; i++) {
        size += pieces[i].iov_len;
    }

    room = scarce_room(fd, size);

    if (room >= 0 && (size_t) room < size) {
        *n = 1;
        return (size_t) room < pieces[0].iov_len ? room
                                           : (ssize_t) pieces[0].iov_len;
    }

    return room;
}


ssize_t
writev(int fd, const struct iovec *pieces, int n)
{
    int           all;
    ssize_t       size;
    struct iovec  piece;

    scarce_call(writev, 0)

    all = n;
    size = scarce_pieces(fd, pieces, &n);

    if (size == -1) {
        return -1;
    }

    if (n == all && n != 1) {
        return real(fd, pieces, n);
    }

    piece.iov_base = n ? pieces[0].iov_base : NULL;
    piece.iov_len = size;

    return real(fd, &piece, n);
}


ssize_t
pwritev(int fd, const struct iovec *pieces, int n, off_t offset)
{
    int           all;
    ssize_t       size;
    struct iovec  piece;

    scarce_call(pwritev, 0)

    all = n;
    size = scarce_pieces(fd, pieces, &n);

    if (size == -1) {
        return -1;
    }

    if (n == all && n != 1) {
        return real(fd, pieces, n, offset);
    }

    piece.iov_base = n ? pieces[0].iov_base : NULL;
    piece.iov_len = size;

    return real(fd, &piece, n, offset);
}


ssize_t
pwritev64(int fd, const struct iovec *pieces, int n, off64_t offset)
{
    return pwritev(fd, pieces, n, offset);
}


int
fsync(int fd)
{
    scarce_call(fsync, 0)

    return scarce_disk_fd(SCARCE_SYNC, fd) > 0 ? -1 : real(fd);
}


int
fdatasync(int fd)
{
    scarce_call(fdatasync, 0)

    return scarce_disk_fd(SCARCE_SYNC, fd) > 0 ? -1 : real(fd);
}


#define scarce_open(flags, last)                                              \
    mode_t   mode;                                                            \
    va_list  args;                                                            \
                                                                              \
    mode = 0;                                                                 \
                                                                              \
    if (((flags) & O_CREAT) || ((flags) & O_TMPFILE) == O_TMPFILE) {          \
        va_start(args, last);                                                 \
        mode = va_arg(args, mode_t);                                          \
        va_end(args);                                                         \
                                                                              \
        if (scarce_disk(SCARCE_OPEN, path)) {                                 \
            return -1;                                                        \
        }                                                                     \
    }


int
open(const char *path, int flags, ...)
{
    scarce_call(open, 0)
    scarce_open(flags, flags)

    return real(path, flags, mode);
}


int
open64(const char *path, int flags, ...)
{
    scarce_call(open64, 0)
    scarce_open(flags, flags)

    return real(path, flags, mode);
}


int
openat(int at, const char *path, int flags, ...)
{
    scarce_call(openat, 0)
    scarce_open(flags, flags)

    return real(at, path, flags, mode);
}


int
openat64(int at, const char *path, int flags, ...)
{
    scarce_call(openat64, 0)
    scarce_open(flags, flags)

    return real(at, path, flags, mode);
}


int
rename(const char *from, const char *to)
{
    scarce_call(rename, 0)

    return scarce_disk(SCARCE_NAME, to) ? -1 : real(from, to);
}


int
link(const char *from, const char *to)
{
    scarce_call(link, 0)

    return scarce_disk(SCARCE_NAME, to) ? -1 : real(from, to);
}
