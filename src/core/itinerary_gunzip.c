
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <stdint.h>
#include <string.h>

#define ZLIB_CONST
#include <zlib.h>

#include "itinerary_gunzip.h"


#define ITINERARY_GUNZIP_WBITS   (MAX_WBITS + 16)    /* gzip, nothing else */
#define ITINERARY_GUNZIP_FEED    (1024 * 1024)       /* zlib counts in uInt */


struct itinerary_gunzip_s {
    z_stream               stream;
    itinerary_pool_t       pool;
    size_t                 left;       /* plain bytes that may follow */
    itinerary_gunzip_pt    handler;
    void                  *data;
    itinerary_result_e     result;
    unsigned               end;        /* the trailer has been checked */
    u_char                 piece[ITINERARY_GUNZIP_PIECE];
};


static itinerary_result_e itinerary_gunzip_inflate(itinerary_gunzip_t *gunzip,
    const u_char *bytes, size_t len);
static itinerary_result_e itinerary_gunzip_pass(itinerary_gunzip_t *gunzip);
static voidpf itinerary_gunzip_alloc(voidpf opaque, uInt items, uInt size);
static void itinerary_gunzip_free(voidpf opaque, voidpf address);


itinerary_gunzip_t *
itinerary_gunzip_create(itinerary_pool_t *pool, size_t max,
    itinerary_gunzip_pt handler, void *data)
{
    itinerary_gunzip_t  *gunzip;

    gunzip = pool->alloc(pool->data, sizeof(itinerary_gunzip_t));
    if (gunzip == NULL) {
        return NULL;
    }

    memset(gunzip, 0, offsetof(itinerary_gunzip_t, piece));

    gunzip->pool = *pool;
    gunzip->left = max;
    gunzip->handler = handler;
    gunzip->data = data;
    gunzip->result = ITINERARY_OK;

    gunzip->stream.zalloc = itinerary_gunzip_alloc;
    gunzip->stream.zfree = itinerary_gunzip_free;
    gunzip->stream.opaque = &gunzip->pool;

    if (inflateInit2(&gunzip->stream, ITINERARY_GUNZIP_WBITS) != Z_OK) {
        return NULL;
    }

    return gunzip;
}


itinerary_result_e
itinerary_gunzip_feed(itinerary_gunzip_t *gunzip, const u_char *bytes,
    size_t len)
{
    size_t  n;

    while (len && gunzip->result == ITINERARY_OK) {

        n = len < ITINERARY_GUNZIP_FEED ? len : ITINERARY_GUNZIP_FEED;

        gunzip->result = itinerary_gunzip_inflate(gunzip, bytes, n);

        bytes += n;
        len -= n;
    }

    return gunzip->result;
}


itinerary_result_e
itinerary_gunzip_finish(itinerary_gunzip_t *gunzip)
{
    if (gunzip->result == ITINERARY_OK && !gunzip->end) {
        gunzip->result = ITINERARY_REFUSED;
    }

    return gunzip->result;
}


static itinerary_result_e
itinerary_gunzip_inflate(itinerary_gunzip_t *gunzip, const u_char *bytes,
    size_t len)
{
    int                  rc;
    z_stream            *stream;
    itinerary_result_e   result;

    /* a second member, which some readers would read and others not */

    if (gunzip->end) {
        return ITINERARY_REFUSED;
    }

    stream = &gunzip->stream;

    stream->next_in = bytes;
    stream->avail_in = (uInt) len;

    do {
        stream->next_out = gunzip->piece;
        stream->avail_out = ITINERARY_GUNZIP_PIECE;

        rc = inflate(stream, Z_NO_FLUSH);

        if (rc == Z_MEM_ERROR) {
            return ITINERARY_NOMEM;
        }

        /* no progress: all was read, and nothing of it is to be passed */

        if (rc == Z_BUF_ERROR && stream->avail_in == 0) {
            return ITINERARY_OK;
        }

        if (rc != Z_OK && rc != Z_STREAM_END) {
            return ITINERARY_REFUSED;
        }

        result = itinerary_gunzip_pass(gunzip);
        if (result != ITINERARY_OK) {
            return result;
        }

        if (rc == Z_STREAM_END) {
            gunzip->end = 1;
            return stream->avail_in ? ITINERARY_REFUSED : ITINERARY_OK;
        }

        /* a full piece may have left something behind */

    } while (stream->avail_in || stream->avail_out == 0);

    return ITINERARY_OK;
}


static itinerary_result_e
itinerary_gunzip_pass(itinerary_gunzip_t *gunzip)
{
    size_t  len;

    len = ITINERARY_GUNZIP_PIECE - gunzip->stream.avail_out;

    if (len > gunzip->left) {
        return ITINERARY_REFUSED;
    }

    gunzip->left -= len;

    return len ? gunzip->handler(gunzip->data, gunzip->piece, len)
               : ITINERARY_OK;
}


static voidpf
itinerary_gunzip_alloc(voidpf opaque, uInt items, uInt size)
{
    itinerary_pool_t *pool = opaque;

    if (size && items > SIZE_MAX / size) {
        return Z_NULL;
    }

    return pool->alloc(pool->data, (size_t) items * size);
}


/* the pool is thrown away as a whole */

static void
itinerary_gunzip_free(voidpf opaque, voidpf address)
{
    (void) opaque;
    (void) address;
}
