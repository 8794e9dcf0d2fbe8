
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"


#define nelts(a)  (sizeof(a) / sizeof((a)[0]))


static void
test_reasons(void **state)
{
    size_t                     i;
    const itinerary_reason_t  *reason;

    static const struct {
        itinerary_reason_e   reason;
        unsigned             status;
        const char          *code;

    } t[] = {
        { ITINERARY_REASON_NONE,            0,   "" },
        { ITINERARY_MALFORMED_BODY,         400, "malformed_body" },
        { ITINERARY_DOCTYPE_FORBIDDEN,      400, "doctype_forbidden" },
        { ITINERARY_AMBIGUOUS_PATH,         400, "ambiguous_path" },
        { ITINERARY_AMBIGUOUS_HEADER,       400, "ambiguous_header" },
        { ITINERARY_AMBIGUOUS_QUERY,        400, "ambiguous_query" },
        { ITINERARY_AMBIGUOUS_BODY,         400, "ambiguous_body" },
        { ITINERARY_BAD_TRIP_ID,            400, "bad_trip_id" },
        { ITINERARY_UNEXPECTED_BODY,        400, "unexpected_body" },
        { ITINERARY_METHOD_OVERRIDE,        400, "method_override" },
        { ITINERARY_UNKNOWN_SUPPLIER,       401, "unknown_supplier" },
        { ITINERARY_TRIP_NOT_OWNED,         403, "trip_not_owned" },
        { ITINERARY_BOOKING_NOT_OWNED,      403, "booking_not_owned" },
        { ITINERARY_BOOKING_SOURCE_NOT_OWNED,
                                            403, "booking_source_not_owned" },
        { ITINERARY_UNKNOWN_OPERATION,      404, "unknown_operation" },
        { ITINERARY_METHOD_NOT_ALLOWED,     405, "method_not_allowed" },
        { ITINERARY_STALE_VIEW,             409, "stale_view" },
        { ITINERARY_TRIP_BUSY,              409, "trip_busy" },
        { ITINERARY_BODY_TOO_LARGE,         413, "body_too_large" },
        { ITINERARY_UNSUPPORTED_MEDIA_TYPE, 415, "unsupported_media_type" },
        { ITINERARY_UNSUPPORTED_ENCODING,   415, "unsupported_encoding" },
        { ITINERARY_INVALID_DOCUMENT,       422, "invalid_document" },
        { ITINERARY_REGISTRY_UNAVAILABLE,   503, "registry_unavailable" },
        { ITINERARY_AUDIT_UNAVAILABLE,      503, "audit_unavailable" },
        { ITINERARY_REASON_MAX,             0,   "" },
        { (itinerary_reason_e) -1,          0,   "" }
    };

    (void) state;

    for (i = 0; i < nelts(t); i++) {
        reason = itinerary_reason(t[i].reason);

        assert_int_equal(reason->status, t[i].status);
        assert_string_equal((char *) reason->code.data, t[i].code);
        assert_int_equal(reason->code.len, strlen(t[i].code));
        assert_int_equal(reason->message.len,
                         strlen((char *) reason->message.data));
        assert_int_equal(reason->message.len != 0, reason->status != 0);
    }

    /* a new reason gets a row here */

    assert_int_equal(nelts(t), ITINERARY_REASON_MAX + 2);
}


static void
test_first_reason(void **state)
{
    arena_t             arena;
    itinerary_error_t   error;
    itinerary_result_e  rc;

    (void) state;

    arena_init(&arena, 0);
    memset(&error, 0, sizeof(itinerary_error_t));

    rc = itinerary_refuse(&arena.pool, &error, ITINERARY_BAD_TRIP_ID, 7,
                          "/Itinerary", "%s %d", "first", 1);
    assert_int_equal(rc, ITINERARY_REFUSED);

    rc = itinerary_refuse(&arena.pool, &error, ITINERARY_AMBIGUOUS_BODY, 0,
                          "", "second");
    assert_int_equal(rc, ITINERARY_REFUSED);

    assert_int_equal(error.reason, ITINERARY_BAD_TRIP_ID);
    assert_int_equal(error.ndetails, 2);

    assert_int_equal(error.details->line, 7);
    assert_string_equal(error.details->path, "/Itinerary");
    assert_string_equal(error.details->text, "first 1");

    assert_ptr_equal(error.details->next, error.last);

    assert_int_equal(error.last->line, 0);
    assert_string_equal(error.last->path, "");
    assert_string_equal(error.last->text, "second");
    assert_null(error.last->next);

    arena_free(&arena);
}


static void
test_printable(void **state)
{
    int                ch;
    arena_t            arena;
    char               text[4], expected[4];
    itinerary_error_t  error;

    (void) state;

    for (ch = 1; ch < 256; ch++) {
        arena_init(&arena, 0);
        memset(&error, 0, sizeof(itinerary_error_t));

        (void) snprintf(text, sizeof(text), "a%cb", ch);
        (void) snprintf(expected, sizeof(expected), "a%cb",
                        (ch >= 0x20 && ch <= 0x7e) ? ch : '?');

        (void) itinerary_refuse(&arena.pool, &error, ITINERARY_MALFORMED_BODY,
                                0, text, "%s", text);

        assert_string_equal(error.details->path, expected);
        assert_string_equal(error.details->text, expected);

        arena_free(&arena);
    }
}


static void
test_long_details(void **state)
{
    size_t             i;
    arena_t            arena;
    char               text[512];
    itinerary_error_t  error;

    static const struct {
        size_t   len;
        size_t   text;
        size_t   path;

    } t[] = {
        { 0, 0, 0 },
        { ITINERARY_TEXT_MAX - 2, ITINERARY_TEXT_MAX - 2,
          ITINERARY_PATH_MAX - 2 },
        { ITINERARY_TEXT_MAX - 1, ITINERARY_TEXT_MAX - 1,
          ITINERARY_PATH_MAX - 1 },
        { ITINERARY_TEXT_MAX,     ITINERARY_TEXT_MAX - 1,
          ITINERARY_PATH_MAX - 1 },
        { sizeof(text) - 1,       ITINERARY_TEXT_MAX - 1,
          ITINERARY_PATH_MAX - 1 }
    };

    (void) state;

    assert_int_equal(ITINERARY_TEXT_MAX, ITINERARY_PATH_MAX);

    for (i = 0; i < nelts(t); i++) {
        arena_init(&arena, 0);
        memset(&error, 0, sizeof(itinerary_error_t));

        memset(text, 'x', sizeof(text));
        text[t[i].len] = '\0';

        (void) itinerary_refuse(&arena.pool, &error, ITINERARY_MALFORMED_BODY,
                                0, text, "%s", text);

        assert_int_equal(strlen(error.details->path), t[i].path);
        assert_int_equal(strlen(error.details->text), t[i].text);

        arena_free(&arena);
    }
}


static void
test_many_details(void **state)
{
    unsigned             n;
    arena_t              arena;
    char                 text[16];
    itinerary_error_t    error;
    itinerary_detail_t  *detail;

    (void) state;

    arena_init(&arena, 0);
    memset(&error, 0, sizeof(itinerary_error_t));

    for (n = 1; n <= ITINERARY_DETAILS_MAX + 1; n++) {
        assert_int_equal(itinerary_refuse(&arena.pool, &error,
                                          ITINERARY_INVALID_DOCUMENT, n, "",
                                          "detail %u", n),
                         ITINERARY_REFUSED);
        assert_int_equal(error.ndetails, n <= ITINERARY_DETAILS_MAX
                                         ? n : ITINERARY_DETAILS_MAX);
    }

    for (n = 1, detail = error.details; detail; detail = detail->next, n++) {
        (void) snprintf(text, sizeof(text), "detail %u", n);

        assert_string_equal(detail->text, text);
        assert_int_equal(detail->line, n);
    }

    assert_int_equal(n, ITINERARY_DETAILS_MAX + 1);
    assert_int_equal(arena.count, ITINERARY_DETAILS_MAX);

    arena_free(&arena);
}


static void
test_no_memory(void **state)
{
    unsigned           i, n;
    arena_t            arena;
    itinerary_str_t    copy;
    itinerary_error_t  error;

    (void) state;

    for (n = 1; n <= 4; n++) {
        arena_init(&arena, n);
        memset(&error, 0, sizeof(itinerary_error_t));

        for (i = 1; i <= 3; i++) {
            assert_int_equal(itinerary_refuse(&arena.pool, &error,
                                              ITINERARY_INVALID_DOCUMENT, i,
                                              "", "detail"),
                             ITINERARY_REFUSED);
            assert_int_equal(error.reason, ITINERARY_INVALID_DOCUMENT);
        }

        assert_int_equal(error.ndetails, n == 4 ? 3 : 2);
        assert_int_equal(error.last->line, n == 3 ? 2 : 3);
        assert_null(error.last->next);

        arena_free(&arena);
    }

    arena_init(&arena, 1);
    assert_int_equal(itinerary_copy(&arena.pool, &copy, (u_char *) "a", 1),
                     ITINERARY_NOMEM);
    arena_free(&arena);
}


static void
test_copies(void **state)
{
    size_t           i;
    arena_t          arena;
    itinerary_str_t  copy;

    static const itinerary_str_t  t[] = {
        { 0, NULL },
        itinerary_string(""),
        itinerary_string("a"),
        itinerary_string("a\0b"),
        itinerary_string("\xff\xfe")
    };

    (void) state;

    for (i = 0; i < nelts(t); i++) {
        arena_init(&arena, 0);

        assert_int_equal(itinerary_copy(&arena.pool, &copy, t[i].data,
                                        t[i].len),
                         ITINERARY_OK);
        assert_true(itinerary_equal(&copy, &t[i]));
        assert_int_equal(copy.data[copy.len], '\0');

        arena_free(&arena);
    }
}


static void
test_equal(void **state)
{
    size_t  i;

    static const struct {
        itinerary_str_t   a;
        itinerary_str_t   b;
        int               equal;

    } t[] = {
        { { 0, NULL },              { 0, NULL },              1 },
        { { 0, NULL },              itinerary_string(""),     1 },
        { { 0, NULL },              itinerary_string("a"),    0 },
        { itinerary_string("a"),    itinerary_string("a"),    1 },
        { itinerary_string("a"),    itinerary_string("A"),    0 },
        { itinerary_string("a"),    itinerary_string("ab"),   0 },
        { itinerary_string("a\0b"), itinerary_string("a\0b"), 1 },
        { itinerary_string("a\0b"), itinerary_string("a\0c"), 0 }
    };

    (void) state;

    for (i = 0; i < nelts(t); i++) {
        assert_int_equal(itinerary_equal(&t[i].a, &t[i].b), t[i].equal);
        assert_int_equal(itinerary_equal(&t[i].b, &t[i].a), t[i].equal);
    }
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        { "each reason has its status, code and message",
          test_reasons, NULL, NULL, NULL },
        { "the first reason stays, details follow in their order",
          test_first_reason, NULL, NULL, NULL },
        { "details are printable ASCII",
          test_printable, NULL, NULL, NULL },
        { "a detail that is too long is cut",
          test_long_details, NULL, NULL, NULL },
        { "details beyond the limit are dropped",
          test_many_details, NULL, NULL, NULL },
        { "without memory a detail is dropped, the reason is not",
          test_no_memory, NULL, NULL, NULL },
        { "a copy is equal and ends with NUL",
          test_copies, NULL, NULL, NULL },
        { "texts are equal by length and bytes",
          test_equal, NULL, NULL, NULL }
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("itinerary", tests, NULL, NULL);
}
