
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * A Content-Type, against the grammar of RFC 9110, 8.3 as a regular
 * expression: what is accepted is an XML type with at most one charset, and
 * the one that is said.
 *
 * The input is the header's value.
 */


#include "fuzz.h"
#include "itinerary_media.h"

#include <regex.h>


#define TOKEN   "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
#define VALUE   "(" TOKEN "|\"[^\"\\]*\")"
#define OWS     "[ \t]*"
#define TYPE    "(application/xml|text/xml|" TOKEN "/" TOKEN "[+]xml)"
#define MEDIA   "^" OWS TYPE "(" OWS ";" OWS "(" TOKEN "=" VALUE ")?)*" OWS "$"
#define CHARSET ";" OWS "charset=(\"?)([^\"; \t]*)(\"?)"


static regex_t  media, charset;


static void
compile(regex_t *re, const char *pattern)
{
    fuzz_check(regcomp(re, pattern, REG_EXTENDED|REG_ICASE) == 0, "%s",
               pattern);
}


/* in the value outside of quoted strings; returns how many there are */

static unsigned
charsets(char *p, char *last)
{
    char        *q;
    unsigned     n;
    regmatch_t   m[4];

    /* what is quoted is no parameter: its ";" does not count */

    for (q = p; *q; q++) {

        if (*q != '"') {
            continue;
        }

        for (q++; *q && *q != '"'; q++) {
            if (*q == ';') {
                *q = ',';
            }
        }

        if (*q == '\0') {
            break;
        }
    }

    for (n = 0; regexec(&charset, p, 4, m, 0) == 0; n++) {
        (void) snprintf(last, 16, "%.*s", (int) (m[2].rm_eo - m[2].rm_so),
                        p + m[2].rm_so);
        p += m[0].rm_eo;
    }

    return n;
}


static int
is_fold(const char *a, const char *b)
{
    for ( /* void */ ; *a && *b; a++, b++) {
        if ((*a | 0x20) != (*b | 0x20)) {
            return 0;
        }
    }

    return *a == *b;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char                  *text, last[16];
    arena_t                arena;
    unsigned               n;
    itinerary_str_t        src, copy;
    itinerary_error_t      error;
    itinerary_result_e     rc;
    itinerary_charset_e    cs;

    static int  compiled;

    if (!compiled) {
        compile(&media, MEDIA);
        compile(&charset, CHARSET);
        compiled = 1;
    }

    arena_init(&arena, 0);
    memset(&error, 0, sizeof(itinerary_error_t));

    src.data = (u_char *) data;
    src.len = size;
    copy = fuzz_copy(&arena, &src);

    rc = itinerary_media(&arena.pool, &copy, &cs, &error);

    fuzz_check((rc == ITINERARY_OK)
               == (error.reason == ITINERARY_REASON_NONE), "%d", rc);

    if (rc != ITINERARY_OK || memchr(data, '\0', size)) {
        fuzz_check(rc == ITINERARY_REFUSED || size == 0
                   || memchr(data, '"', size), "a NUL");
        goto done;
    }

    text = arena_alloc(&arena, size + 1);
    memcpy(text, data, size);
    text[size] = '\0';

    fuzz_check(regexec(&media, text, 0, NULL, 0) == 0, "\"%s\"", text);

    last[0] = '\0';
    n = charsets(text, last);

    fuzz_check(n <= 1, "\"%s\"", text);
    fuzz_check(cs == (n == 0 ? ITINERARY_CHARSET_NONE
                      : is_fold(last, "utf-8") ? ITINERARY_CHARSET_UTF_8
                                               : ITINERARY_CHARSET_US_ASCII)
               && (n == 0 || is_fold(last, "utf-8")
                   || is_fold(last, "us-ascii")), "%d, \"%s\"", cs, text);

done:

    arena_free(&arena);

    return 0;
}
