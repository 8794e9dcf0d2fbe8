
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * A gzip body, in pieces: what is accepted is what zlib makes of it at once,
 * one member and all of it, and never more than is allowed.
 *
 * The input's first bytes say what is done, and from the second line it is the
 * body, or what is compressed to be one:
 *
 *     compress (bit 0), and a second member behind it (bit 1)
 *     how it is cut into pieces
 *     the most that it may hold, in units of 64 bytes
 *     where a byte is changed, and to what
 */


#include "fuzz.h"
#include "itinerary_gunzip.h"

#include <zlib.h>


#define PLAIN_MAX  (256 * 1024)

typedef struct {
    size_t                 len;
    u_char                 data[PLAIN_MAX];
} plain_t;


static plain_t  got, expected;


static itinerary_result_e
take(void *data, const u_char *piece, size_t len)
{
    plain_t *plain = data;

    fuzz_check(len && len <= ITINERARY_GUNZIP_PIECE
               && len <= PLAIN_MAX - plain->len, "%zu", len);

    memcpy(plain->data + plain->len, piece, len);
    plain->len += len;

    return ITINERARY_OK;
}


static itinerary_str_t
compressed(arena_t *arena, const itinerary_str_t *text, int twice)
{
    z_stream          stream;
    itinerary_str_t   body;

    body.len = 0;
    body.data = arena_alloc(arena, 2 * compressBound(text->len) + 128);

    do {
        memset(&stream, 0, sizeof(z_stream));

        fuzz_check(deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8,
                                Z_DEFAULT_STRATEGY) == Z_OK, "deflate");

        stream.next_in = text->data;
        stream.avail_in = text->len;
        stream.next_out = body.data + body.len;
        stream.avail_out = compressBound(text->len) + 64;

        fuzz_check(deflate(&stream, Z_FINISH) == Z_STREAM_END, "deflate");

        body.len += stream.total_out;

        deflateEnd(&stream);

    } while (twice--);

    return body;
}


/* whether it is one member, and all of it */

static int
inflated(const itinerary_str_t *body)
{
    int        rc;
    z_stream   stream;

    memset(&stream, 0, sizeof(z_stream));

    fuzz_check(inflateInit2(&stream, MAX_WBITS + 16) == Z_OK, "inflate");

    stream.next_in = body->data;
    stream.avail_in = body->len;
    stream.next_out = expected.data;
    stream.avail_out = PLAIN_MAX;

    rc = inflate(&stream, Z_FINISH);

    expected.len = PLAIN_MAX - stream.avail_out;

    inflateEnd(&stream);

    return rc == Z_STREAM_END && stream.avail_in == 0;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                how, place, to;
    size_t                i, n, max;
    arena_t               arena, pieces;
    uint32_t              seed;
    fuzz_input_t          in;
    itinerary_str_t       body, piece;
    itinerary_gunzip_t   *gunzip;
    itinerary_result_e    rc;

    in.p = data;
    in.last = data + size;

    how = fuzz_byte(&in);
    seed = fuzz_byte(&in);
    max = (size_t) fuzz_byte(&in) * 64;
    place = fuzz_byte(&in);
    to = fuzz_byte(&in);
    (void) fuzz_line(&in);

    arena_init(&arena, 0);
    arena_init(&pieces, 0);

    body = fuzz_rest(&in);

    if (how & 1) {
        body = compressed(&arena, &body, (how >> 1) & 1);

    } else {
        body = fuzz_copy(&arena, &body);
    }

    if (place < body.len && place != '.') {
        body.data[place] = to;
    }

    got.len = 0;

    gunzip = itinerary_gunzip_create(&arena.pool, max, take, &got);
    fuzz_check(gunzip, "no memory");

    for (i = 0; i < body.len; i += n) {

        n = 1 + fuzz_random(&seed, 1 + fuzz_random(&seed, 300));
        if (n > body.len - i) {
            n = body.len - i;
        }

        piece.data = body.data + i;
        piece.len = n;
        piece = fuzz_copy(&pieces, &piece);

        (void) itinerary_gunzip_feed(gunzip, piece.data, piece.len);

        arena_free(&pieces);
    }

    rc = itinerary_gunzip_finish(gunzip);

    fuzz_check(got.len <= max, "%zu", got.len);
    fuzz_check((rc == ITINERARY_OK) == (inflated(&body)
                                        && expected.len <= max),
               "%d, %zu, %zu", rc, expected.len, max);
    fuzz_check(got.len <= expected.len
               && memcmp(got.data, expected.data, got.len) == 0
               && (rc != ITINERARY_OK || got.len == expected.len),
               "%zu, %zu", got.len, expected.len);

    arena_free(&arena);

    return 0;
}
