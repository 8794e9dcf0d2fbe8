
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * Gzip bodies as zlib's own deflate makes them: whole, in pieces, cut off,
 * damaged, continued, too large, and starved of memory.
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "arena.h"
#include "itinerary_gunzip.h"


#define PLAIN_MAX  (4 * 1024 * 1024)
#define ALL        ((size_t) -1)

#define GZIP       (MAX_WBITS + 16)
#define ZLIB       MAX_WBITS
#define RAW        (-MAX_WBITS)


typedef struct {
    u_char                *data;
    size_t                 len;
} bytes_t;

typedef struct {
    bytes_t                plain;      /* what the handler was given */
    unsigned               calls;
    unsigned               fail;       /* the call to fail, from 1; 0: none */
    itinerary_result_e     result;     /* of that call */
} taken_t;


static const u_char  text[] =
    "<Itinerary xmlns=\"http://www.concursolutions.com/api/travel/trip/"
    "2010/06\"><TripName>Trip from Dallas to Seattle</TripName>"
    "<TripStatus>HK</TripStatus></Itinerary>";

static const bytes_t  document = { (u_char *) text, sizeof(text) - 1 };


/* bytes that do not deflate, always the same */

static bytes_t
noise(size_t len)
{
    size_t    i;
    bytes_t   b;
    uint32_t  n;

    b.len = len;
    b.data = malloc(len + 1);
    assert_non_null(b.data);

    n = 1;

    for (i = 0; i < len; i++) {
        n = n * 1664525 + 1013904223;
        b.data[i] = n >> 24;
    }

    return b;
}


static bytes_t
zeros(size_t len)
{
    bytes_t  b;

    b.len = len;
    b.data = calloc(1, len + 1);
    assert_non_null(b.data);

    return b;
}


static bytes_t
deflated(const bytes_t *plain, int bits, int strategy, gz_header *header)
{
    bytes_t   b;
    z_stream  stream;

    memset(&stream, 0, sizeof(z_stream));

    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, bits, 8, strategy),
                     Z_OK);

    if (header) {
        assert_int_equal(deflateSetHeader(&stream, header), Z_OK);
    }

    b.len = deflateBound(&stream, plain->len) + 256;
    b.data = malloc(b.len);
    assert_non_null(b.data);

    stream.next_in = plain->data;
    stream.avail_in = plain->len;
    stream.next_out = b.data;
    stream.avail_out = b.len;

    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);

    b.len = stream.total_out;

    assert_int_equal(deflateEnd(&stream), Z_OK);

    return b;
}


static bytes_t
gzipped(const bytes_t *plain)
{
    return deflated(plain, GZIP, Z_DEFAULT_STRATEGY, NULL);
}


static bytes_t
joined(const bytes_t *a, const void *data, size_t len)
{
    bytes_t  b;

    b.len = a->len + len;
    b.data = malloc(b.len);
    assert_non_null(b.data);

    memcpy(b.data, a->data, a->len);
    memcpy(b.data + a->len, data, len);

    return b;
}


static itinerary_result_e
take(void *data, const u_char *piece, size_t len)
{
    taken_t  *taken = data;

    assert_true(len > 0);
    assert_true(len <= ITINERARY_GUNZIP_PIECE);
    assert_true(len <= PLAIN_MAX - taken->plain.len);

    if (++taken->calls == taken->fail) {
        return taken->result;
    }

    memcpy(taken->plain.data + taken->plain.len, piece, len);
    taken->plain.len += len;

    return ITINERARY_OK;
}


static void
taken_init(taken_t *taken)
{
    memset(taken, 0, sizeof(taken_t));

    taken->plain.data = malloc(PLAIN_MAX);
    assert_non_null(taken->plain.data);
}


/*
 * Feeds the first "len" bytes (ALL: all) in pieces of "first", and "step"
 * bytes after it, each a block of exactly its size.
 */

static itinerary_result_e
gunzip(arena_t *arena, const bytes_t *gzip, size_t len, size_t first,
    size_t step, size_t max, taken_t *taken)
{
    size_t               n, at;
    u_char              *piece;
    itinerary_gunzip_t  *g;
    itinerary_result_e   rc, last;

    taken->plain.len = 0;
    taken->calls = 0;

    g = itinerary_gunzip_create(&arena->pool, max, take, taken);
    if (g == NULL) {
        return ITINERARY_NOMEM;
    }

    if (len == ALL) {
        len = gzip->len;
    }

    rc = ITINERARY_OK;

    for (at = 0, n = first; at < len; at += n, n = step) {

        if (n > len - at) {
            n = len - at;
        }

        piece = malloc(n ? n : 1);
        assert_non_null(piece);

        if (n) {
            memcpy(piece, gzip->data + at, n);
        }

        last = rc;
        rc = itinerary_gunzip_feed(g, piece, n);

        memset(piece, 0x5a, n);
        free(piece);

        if (last != ITINERARY_OK) {
            assert_int_equal(rc, last);
        }
    }

    last = rc;
    rc = itinerary_gunzip_finish(g);

    if (last != ITINERARY_OK) {
        assert_int_equal(rc, last);
    }

    assert_int_equal(itinerary_gunzip_finish(g), rc);
    assert_true(taken->plain.len <= max);

    return rc;
}


static itinerary_result_e
whole(const bytes_t *gzip, size_t max, taken_t *taken)
{
    arena_t             arena;
    itinerary_result_e  rc;

    arena_init(&arena, 0);
    rc = gunzip(&arena, gzip, ALL, gzip->len, 1, max, taken);
    arena_free(&arena);

    return rc;
}


static void
same(const taken_t *taken, const bytes_t *plain)
{
    assert_int_equal(taken->plain.len, plain->len);
    assert_memory_equal(taken->plain.data, plain->data, plain->len);
}


/* a plain body round trip: whole, and a byte at a time */

static void
check(const bytes_t *plain, const bytes_t *gzip)
{
    arena_t  arena;
    taken_t  taken;

    taken_init(&taken);

    assert_int_equal(whole(gzip, plain->len, &taken), ITINERARY_OK);
    same(&taken, plain);

    arena_init(&arena, 0);
    assert_int_equal(gunzip(&arena, gzip, ALL, 1, 1, plain->len, &taken),
                     ITINERARY_OK);
    same(&taken, plain);
    arena_free(&arena);

    free(taken.plain.data);
}


static void
test_whole(void **state)
{
    size_t   i;
    bytes_t  plain, gzip;

    static const size_t  sizes[] = {
        0, 1, ITINERARY_GUNZIP_PIECE - 1, ITINERARY_GUNZIP_PIECE,
        ITINERARY_GUNZIP_PIECE + 1, 2 * ITINERARY_GUNZIP_PIECE, 100000
    };

    (void) state;

    gzip = gzipped(&document);
    check(&document, &gzip);
    free(gzip.data);

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        plain = noise(sizes[i]);
        gzip = gzipped(&plain);
        check(&plain, &gzip);
        free(gzip.data);
        free(plain.data);

        plain = zeros(sizes[i]);
        gzip = gzipped(&plain);
        check(&plain, &gzip);
        free(gzip.data);
        free(plain.data);
    }
}


/* more than zlib is given at a time */

static void
test_large(void **state)
{
    bytes_t  plain, gzip;
    taken_t  taken;

    (void) state;

    plain = noise(3 * 1024 * 1024 + 1);
    gzip = gzipped(&plain);
    assert_true(gzip.len > 3 * 1024 * 1024);

    taken_init(&taken);
    assert_int_equal(whole(&gzip, plain.len, &taken), ITINERARY_OK);
    same(&taken, &plain);

    free(taken.plain.data);
    free(gzip.data);
    free(plain.data);
}


static void
test_forms(void **state)
{
    bytes_t    gzip;
    gz_header  header;

    (void) state;

    memset(&header, 0, sizeof(gz_header));
    header.text = 1;
    header.time = 1;
    header.os = 3;
    header.extra = (Bytef *) "extra";
    header.extra_len = 5;
    header.name = (Bytef *) "trip.xml";
    header.comment = (Bytef *) "a comment";
    header.hcrc = 1;

    gzip = deflated(&document, GZIP, Z_DEFAULT_STRATEGY, &header);
    check(&document, &gzip);
    free(gzip.data);

    gzip = deflated(&document, GZIP, Z_FIXED, NULL);
    check(&document, &gzip);
    free(gzip.data);

    gzip = deflated(&document, GZIP, Z_HUFFMAN_ONLY, NULL);
    check(&document, &gzip);
    free(gzip.data);
}


static void
test_split(void **state)
{
    size_t   i;
    arena_t  arena;
    taken_t  taken;
    bytes_t  gzip;

    (void) state;

    taken_init(&taken);
    gzip = gzipped(&document);

    for (i = 0; i <= gzip.len; i++) {
        arena_init(&arena, 0);
        assert_int_equal(gunzip(&arena, &gzip, ALL, i, gzip.len,
                                document.len, &taken),
                         ITINERARY_OK);
        same(&taken, &document);
        arena_free(&arena);
    }

    free(gzip.data);
    free(taken.plain.data);
}


/* what has come can be read without what has not */

static void
test_prompt(void **state)
{
    u_char               buf[512];
    arena_t              arena;
    taken_t              taken;
    z_stream             stream;
    itinerary_gunzip_t  *g;

    (void) state;

    memset(&stream, 0, sizeof(z_stream));
    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, GZIP, 8,
                                  Z_DEFAULT_STRATEGY),
                     Z_OK);

    stream.next_in = document.data;
    stream.avail_in = document.len;
    stream.next_out = buf;
    stream.avail_out = sizeof(buf);

    assert_int_equal(deflate(&stream, Z_SYNC_FLUSH), Z_OK);

    taken_init(&taken);
    arena_init(&arena, 0);

    g = itinerary_gunzip_create(&arena.pool, PLAIN_MAX, take, &taken);
    assert_non_null(g);
    assert_int_equal(itinerary_gunzip_feed(g, buf, stream.total_out),
                     ITINERARY_OK);
    same(&taken, &document);
    assert_int_equal(itinerary_gunzip_finish(g), ITINERARY_REFUSED);

    arena_free(&arena);
    free(taken.plain.data);
    (void) deflateEnd(&stream);
}


static void
test_truncated(void **state)
{
    size_t   i;
    arena_t  arena;
    taken_t  taken;
    bytes_t  gzip;

    (void) state;

    taken_init(&taken);
    gzip = gzipped(&document);

    for (i = 0; i < gzip.len; i++) {
        arena_init(&arena, 0);
        assert_int_equal(gunzip(&arena, &gzip, i, i, 1, document.len, &taken),
                         ITINERARY_REFUSED);
        arena_free(&arena);

        arena_init(&arena, 0);
        assert_int_equal(gunzip(&arena, &gzip, i, 1, 1, document.len, &taken),
                         ITINERARY_REFUSED);
        arena_free(&arena);
    }

    free(gzip.data);
    free(taken.plain.data);
}


/* each bit: only time, flags and system in the header may say what they like */

static void
test_damaged(void **state)
{
    size_t              i;
    unsigned            bit;
    taken_t             taken;
    bytes_t             gzip;
    itinerary_result_e  rc;

    (void) state;

    taken_init(&taken);
    gzip = gzipped(&document);

    for (i = 0; i < gzip.len; i++) {
        for (bit = 0; bit < 8; bit++) {

            gzip.data[i] ^= 1 << bit;
            rc = whole(&gzip, 2 * document.len, &taken);
            gzip.data[i] ^= 1 << bit;

            if (i >= 4 && i < 10) {
                assert_int_equal(rc, ITINERARY_OK);
                same(&taken, &document);
                continue;
            }

            /* "this is a text" in the flags */

            if (i == 3 && bit == 0) {
                assert_int_equal(rc, ITINERARY_OK);
                continue;
            }

            /* the last deflated byte ends in bits that mean nothing */

            if (rc == ITINERARY_OK) {
                assert_int_equal(i, gzip.len - 9);
                same(&taken, &document);
            }
        }
    }

    free(gzip.data);
    free(taken.plain.data);
}


static void
test_trailer(void **state)
{
    size_t   i;
    taken_t  taken;
    bytes_t  gzip;

    (void) state;

    taken_init(&taken);
    gzip = gzipped(&document);

    /* four bytes of CRC, four of the length */

    for (i = gzip.len - 8; i < gzip.len; i++) {
        gzip.data[i]++;
        assert_int_equal(whole(&gzip, document.len, &taken),
                         ITINERARY_REFUSED);
        gzip.data[i]--;
    }

    assert_int_equal(whole(&gzip, document.len, &taken), ITINERARY_OK);

    free(gzip.data);
    free(taken.plain.data);
}


static void
test_trailing(void **state)
{
    size_t   i, first;
    arena_t  arena;
    taken_t  taken;
    bytes_t  gzip, more, tails[5];

    (void) state;

    taken_init(&taken);
    gzip = gzipped(&document);

    tails[0] = (bytes_t) { (u_char *) "", 1 };
    tails[1] = (bytes_t) { (u_char *) "\n", 1 };
    tails[2] = (bytes_t) { (u_char *) "garbage", 7 };
    tails[3] = (bytes_t) { (u_char *) "\x1f\x8b", 2 };
    tails[4] = gzip;

    for (i = 0; i < 5; i++) {
        more = joined(&gzip, tails[i].data, tails[i].len);

        for (first = 1; first <= more.len; first++) {
            arena_init(&arena, 0);
            assert_int_equal(gunzip(&arena, &more, ALL, first, more.len,
                                    PLAIN_MAX, &taken),
                             ITINERARY_REFUSED);
            same(&taken, &document);
            arena_free(&arena);
        }

        free(more.data);
    }

    /* nothing more is nothing more */

    arena_init(&arena, 0);
    assert_int_equal(gunzip(&arena, &gzip, ALL, gzip.len, 1, PLAIN_MAX,
                            &taken),
                     ITINERARY_OK);
    arena_free(&arena);

    free(gzip.data);
    free(taken.plain.data);
}


static void
test_no_gzip(void **state)
{
    size_t   i;
    bytes_t  b;
    taken_t  taken;

    static const struct {
        const char  *data;
        size_t       len;

    } rows[] = {
        { "", 0 },
        { "\x1f", 1 },
        { "<Itinerary/>", 12 },
        { "\x1f\x8b\x07\0\0\0\0\0\0\x03", 10 },     /* not deflate */
        { "\x1f\x8b\x08\xe0\0\0\0\0\0\x03", 10 },   /* reserved flags */
        { "\x1f\x9d\x90\0\0\0\0\0\0\0", 10 }        /* compress */
    };

    (void) state;

    taken_init(&taken);

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        b = (bytes_t) { (u_char *) rows[i].data, rows[i].len };
        assert_int_equal(whole(&b, PLAIN_MAX, &taken), ITINERARY_REFUSED);
    }

    b = deflated(&document, ZLIB, Z_DEFAULT_STRATEGY, NULL);
    assert_int_equal(whole(&b, PLAIN_MAX, &taken), ITINERARY_REFUSED);
    free(b.data);

    b = deflated(&document, RAW, Z_DEFAULT_STRATEGY, NULL);
    assert_int_equal(whole(&b, PLAIN_MAX, &taken), ITINERARY_REFUSED);
    free(b.data);

    free(taken.plain.data);
}


static void
test_bound(void **state)
{
    size_t   i, max, step;
    arena_t  arena;
    taken_t  taken;
    bytes_t  plain, gzip;

    static const struct {
        ssize_t             more;      /* plain bytes than the bound */
        itinerary_result_e  rc;

    } rows[] = {
        { -1, ITINERARY_OK },
        { 0,  ITINERARY_OK },
        { 1,  ITINERARY_REFUSED },
        { 3 * 1024 * 1024, ITINERARY_REFUSED }
    };

    static const size_t  bounds[] = {
        1, 1000, ITINERARY_GUNZIP_PIECE - 1, ITINERARY_GUNZIP_PIECE,
        ITINERARY_GUNZIP_PIECE + 1, 1000000
    };

    (void) state;

    taken_init(&taken);

    for (max = 0; max < sizeof(bounds) / sizeof(bounds[0]); max++) {
        for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            plain = zeros(bounds[max] + rows[i].more);
            gzip = gzipped(&plain);

            for (step = 1; step <= gzip.len; step += gzip.len) {
                arena_init(&arena, 0);
                assert_int_equal(gunzip(&arena, &gzip, ALL, step, gzip.len,
                                        bounds[max], &taken),
                                 rows[i].rc);
                arena_free(&arena);
            }

            assert_int_equal(whole(&gzip, bounds[max], &taken), rows[i].rc);

            free(gzip.data);
            free(plain.data);
        }
    }

    /* nothing is allowed, and nothing is there */

    plain = zeros(0);
    gzip = gzipped(&plain);
    assert_int_equal(whole(&gzip, 0, &taken), ITINERARY_OK);
    free(gzip.data);
    free(plain.data);

    free(taken.plain.data);
}


static void
test_handler(void **state)
{
    taken_t   taken;
    bytes_t   plain, gzip;
    unsigned  n, calls;

    (void) state;

    taken_init(&taken);
    plain = noise(100000);
    gzip = gzipped(&plain);

    assert_int_equal(whole(&gzip, plain.len, &taken), ITINERARY_OK);
    calls = taken.calls;
    assert_true(calls > 5);

    for (n = 1; n <= calls; n++) {
        taken.fail = n;
        taken.result = n % 2 ? ITINERARY_REFUSED : ITINERARY_NOMEM;
        assert_int_equal(whole(&gzip, plain.len, &taken), taken.result);
        assert_int_equal(taken.calls, n);
    }

    free(gzip.data);
    free(plain.data);
    free(taken.plain.data);
}


static void
test_starved(void **state)
{
    int                  done;
    taken_t              taken;
    arena_t              arena;
    bytes_t              plain, gzip;
    unsigned             n;
    itinerary_result_e   rc;

    (void) state;

    taken_init(&taken);
    plain = noise(100000);
    gzip = gzipped(&plain);

    for (n = 1; n < 100; n++) {
        arena_init(&arena, n);
        rc = gunzip(&arena, &gzip, ALL, 4096, 4096, plain.len, &taken);
        done = arena.count < n;
        arena_free(&arena);

        if (done) {
            assert_int_equal(rc, ITINERARY_OK);
            same(&taken, &plain);
            break;
        }

        assert_int_equal(rc, ITINERARY_NOMEM);
    }

    /* ours, zlib's state, its window */

    assert_int_equal(n, 4);

    free(gzip.data);
    free(plain.data);
    free(taken.plain.data);
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        { "bodies are inflated, whole and byte by byte",
          test_whole, NULL, NULL, NULL },
        { "a feed may be of any size",
          test_large, NULL, NULL, NULL },
        { "in all forms of a header and of blocks",
          test_forms, NULL, NULL, NULL },
        { "split at every offset",
          test_split, NULL, NULL, NULL },
        { "what was flushed is passed at once",
          test_prompt, NULL, NULL, NULL },
        { "cut off at every offset is refused",
          test_truncated, NULL, NULL, NULL },
        { "any bit that is wrong is noticed",
          test_damaged, NULL, NULL, NULL },
        { "a wrong CRC or length is refused",
          test_trailer, NULL, NULL, NULL },
        { "bytes and members behind the end are refused",
          test_trailing, NULL, NULL, NULL },
        { "other formats are refused",
          test_no_gzip, NULL, NULL, NULL },
        { "a bomb is refused, just under and at the bound it is none",
          test_bound, NULL, NULL, NULL },
        { "what the handler says ends it",
          test_handler, NULL, NULL, NULL },
        { "memory that runs out is said to",
          test_starved, NULL, NULL, NULL }
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("gunzip", tests, NULL, NULL);
}
