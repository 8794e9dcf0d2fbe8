
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <string.h>

#include "itinerary_char.h"
#include "itinerary_guard.h"


static const u_char *itinerary_guard_lex(itinerary_guard_t *guard,
    const u_char *p, const u_char *last);
static const u_char *itinerary_guard_text(itinerary_guard_t *guard,
    const u_char *p, const u_char *last);
static const u_char *itinerary_guard_less(const u_char *p,
    const u_char *last);
static const u_char *itinerary_guard_markup(itinerary_guard_t *guard,
    const u_char *p);
static const u_char *itinerary_guard_bang(itinerary_guard_t *guard,
    const u_char *p);
static const u_char *itinerary_guard_tag(itinerary_guard_t *guard,
    const u_char *p, const u_char *last);
static const u_char *itinerary_guard_start_tag(itinerary_guard_t *guard,
    const u_char *p, const u_char *last);
static const u_char *itinerary_guard_section(itinerary_guard_t *guard,
    const u_char *p, const u_char *last);
static const u_char *itinerary_guard_refuse(itinerary_guard_t *guard,
    itinerary_reason_e reason, const char *text);


#define ITINERARY_GUARD_NAME_MAX  64

/* letters and what comes after them, digits, ".", "-", "/" and ":" */

#define itinerary_guard_is_plain(c)                                          \
    ((c) > '>' || ((c) >= '-' && (c) <= ':'))


void
itinerary_guard_init(itinerary_guard_t *guard, itinerary_charset_e charset)
{
    memset(guard, 0, offsetof(itinerary_guard_t, opening));

    itinerary_opening_init(&guard->opening, charset);
}


size_t
itinerary_guard_feed(itinerary_guard_t *guard, const u_char *data, size_t len)
{
    size_t                n;
    const u_char         *p, *last, *end;
    itinerary_opening_t  *opening;

    n = 0;
    opening = &guard->opening;

    if (guard->state == ITINERARY_GUARD_OPENING) {

        switch (itinerary_opening_feed(opening, data, len, &n)) {

        case ITINERARY_OPENING_AGAIN:
            return len;

        case ITINERARY_OPENING_REFUSED:
            (void) itinerary_guard_refuse(guard, opening->reason,
                                          opening->text);
            return 0;

        default: /* ITINERARY_OPENING_DONE */
            guard->state = ITINERARY_GUARD_TEXT;
        }

        (void) itinerary_guard_lex(guard, opening->data,
                                   opening->data + opening->len);

        if (guard->reason) {
            return 0;
        }
    }

    last = data + len;
    end = last;

    if (opening->ascii) {
        for (end = data + n; end < last && *end < 0x80; end++) { /* void */ }
    }

    /* what comes before the byte that is no ASCII may be refused itself */

    p = itinerary_guard_lex(guard, data + n, end);

    if (guard->reason == ITINERARY_REASON_NONE && end < last) {
        (void) itinerary_guard_refuse(guard, ITINERARY_UNSUPPORTED_ENCODING,
                                      "a byte outside US-ASCII");
    }

    return p - data;
}


itinerary_reason_e
itinerary_guard_finish(itinerary_guard_t *guard)
{
    itinerary_opening_t  *opening;

    if (guard->reason) {
        return guard->reason;
    }

    if (guard->state == ITINERARY_GUARD_OPENING) {
        opening = &guard->opening;

        itinerary_opening_finish(opening);
        (void) itinerary_guard_refuse(guard, opening->reason, opening->text);

    } else if (guard->state != ITINERARY_GUARD_TEXT || guard->depth != 0) {
        (void) itinerary_guard_refuse(guard, ITINERARY_MALFORMED_BODY,
                                      "a truncated document");
    }

    return guard->reason;
}


/*
 * Returns where it stopped: "last", or before the byte that is refused.  The
 * functions below take the bytes of one state and return NULL to refuse.
 */

static const u_char *
itinerary_guard_lex(itinerary_guard_t *guard, const u_char *p,
    const u_char *last)
{
    const u_char  *next;

    while (p < last) {

        switch (guard->state) {

        case ITINERARY_GUARD_TEXT:
            next = itinerary_guard_text(guard, p, last);
            break;

        case ITINERARY_GUARD_OPEN:
            next = itinerary_guard_markup(guard, p);
            break;

        case ITINERARY_GUARD_BANG:
            next = itinerary_guard_bang(guard, p);
            break;

        case ITINERARY_GUARD_START_TAG:
        case ITINERARY_GUARD_VALUE:
        case ITINERARY_GUARD_END_TAG:
            next = itinerary_guard_tag(guard, p, last);
            break;

        default: /* ITINERARY_GUARD_COMMENT, _CDATA, _PI */
            next = itinerary_guard_section(guard, p, last);
        }

        if (next == NULL) {
            return p;
        }

        p = next;
    }

    return p;
}


/*
 * Most text is a few bytes, and most markup a tag that is nothing but a name:
 * these are passed here without a change of state.  Stops after a "<" that
 * opens something else, or whose end is not in this piece.
 */

static const u_char *
itinerary_guard_text(itinerary_guard_t *guard, const u_char *p,
    const u_char *last)
{
    u_char         c;
    unsigned       depth;
    const u_char  *name, *end;

    depth = guard->depth;

    for ( ;; ) {
        p = itinerary_guard_less(p, last);

        if (p == last) {
            break;
        }

        name = ++p;

        end = (last - p > ITINERARY_GUARD_NAME_MAX)
              ? p + ITINERARY_GUARD_NAME_MAX : last;

        while (p < end && itinerary_guard_is_plain(*p)) {
            p++;
        }

        if (p == end || *p != '>') {
            goto other;
        }

        c = itinerary_lower(*name);

        if (c == '/') {

            if (depth == 0) {
                goto other;
            }

            depth--;

        } else if (c >= 'a' && c <= 'z') {

            if (depth == ITINERARY_DEPTH_MAX) {
                goto other;
            }

            depth += (p[-1] != '/');

        } else {
            goto other;
        }

        p++;
    }

    guard->depth = depth;

    return last;

other:

    guard->depth = depth;
    guard->state = ITINERARY_GUARD_OPEN;

    return name;
}


/* memchr() is faster for long text, but not for short */

static const u_char *
itinerary_guard_less(const u_char *p, const u_char *last)
{
    const u_char  *end;

    end = (last - p > 32) ? p + 32 : last;

    for ( /* void */ ; p < end; p++) {
        if (*p == '<') {
            return p;
        }
    }

    p = memchr(p, '<', last - p);

    return p ? p : last;
}


static const u_char *
itinerary_guard_markup(itinerary_guard_t *guard, const u_char *p)
{
    u_char  c;

    guard->size = 2;
    guard->matched = 0;

    switch (*p) {

    case '/':

        if (guard->depth == 0) {
            return itinerary_guard_refuse(guard, ITINERARY_MALFORMED_BODY,
                                          "an end tag too many");
        }

        guard->depth--;
        guard->state = ITINERARY_GUARD_END_TAG;

        return p + 1;

    case '!':
        guard->state = ITINERARY_GUARD_BANG;
        return p + 1;

    case '?':
        guard->state = ITINERARY_GUARD_PI;
        return p + 1;
    }

    c = itinerary_lower(*p);

    if ((c < 'a' || c > 'z') && c != '_' && c != ':' && c < 0x80) {
        return itinerary_guard_refuse(guard, ITINERARY_MALFORMED_BODY,
                                      "\"<\" without a name");
    }

    if (guard->depth == ITINERARY_DEPTH_MAX) {
        return itinerary_guard_refuse(guard, ITINERARY_BODY_TOO_LARGE,
                                      "more than 64 levels of elements");
    }

    guard->depth++;
    guard->attributes = 0;
    guard->last = *p;
    guard->state = ITINERARY_GUARD_START_TAG;

    return p + 1;
}


/* the byte after "<!" decides what it may open */

static const u_char *
itinerary_guard_bang(itinerary_guard_t *guard, const u_char *p)
{
    const char               *word;
    itinerary_guard_state_e   state;

    if (guard->matched == 0) {
        guard->last = *p;
    }

    if (guard->last == '-') {
        word = "--";
        state = ITINERARY_GUARD_COMMENT;

    } else {
        word = "[CDATA[";
        state = ITINERARY_GUARD_CDATA;
    }

    if (*p == (u_char) word[guard->matched]) {
        guard->matched++;
        guard->size++;

        if (word[guard->matched] == '\0') {
            guard->state = state;
            guard->matched = 0;
        }

        return p + 1;
    }

    return itinerary_guard_refuse(guard, ITINERARY_DOCTYPE_FORBIDDEN,
                                  "a declaration");
}


/* no byte of a tag beyond the limit is looked at, nor shown to libxml2 */

static const u_char *
itinerary_guard_tag(itinerary_guard_t *guard, const u_char *p,
    const u_char *last)
{
    size_t         rest;
    const u_char  *next;

    rest = ITINERARY_TAG_MAX - guard->size;

    if (rest == 0) {
        return itinerary_guard_refuse(guard, ITINERARY_BODY_TOO_LARGE,
                                      "a tag longer than 16 KiB");
    }

    if (rest < (size_t) (last - p)) {
        last = p + rest;
    }

    switch (guard->state) {

    case ITINERARY_GUARD_START_TAG:
        next = itinerary_guard_start_tag(guard, p, last);
        break;

    case ITINERARY_GUARD_VALUE:
        next = memchr(p, guard->quote, last - p);

        if (next) {
            guard->state = ITINERARY_GUARD_START_TAG;
            guard->last = guard->quote;
            next++;
        }

        break;

    default: /* ITINERARY_GUARD_END_TAG */
        next = memchr(p, '>', last - p);

        if (next) {
            guard->state = ITINERARY_GUARD_TEXT;
            next++;
        }
    }

    if (next == NULL) {

        if (guard->reason) {
            return NULL;
        }

        next = last;
    }

    guard->size += next - p;

    return next;
}


/* up to the tag's ">" or a value's quote; NULL at the end of the piece */

static const u_char *
itinerary_guard_start_tag(itinerary_guard_t *guard, const u_char *p,
    const u_char *last)
{
    u_char  c, prev;

    prev = guard->last;

    for ( /* void */ ; p < last; p++) {
        c = *p;

        /* most bytes are letters, which come after ">" */

        if (c > '>') {
            prev = c;
            continue;
        }

        switch (c) {

        case '>':

            if (prev == '/') {
                guard->depth--;
            }

            guard->state = ITINERARY_GUARD_TEXT;

            return p + 1;

        case '"':
        case '\'':

            if (++guard->attributes > ITINERARY_ATTRIBUTES_MAX) {
                return itinerary_guard_refuse(guard, ITINERARY_BODY_TOO_LARGE,
                                              "a tag with more than 64 "
                                              "attributes");
            }

            guard->quote = c;
            guard->state = ITINERARY_GUARD_VALUE;

            return p + 1;

        case '<':
            return itinerary_guard_refuse(guard, ITINERARY_MALFORMED_BODY,
                                          "\"<\" in a tag");
        }

        prev = c;
    }

    guard->last = prev;

    return NULL;
}


/*
 * A comment, a CDATA section or a processing instruction, up to its end.
 * "<!-->" and "<!--->" open a comment in XML and close it in HTML, "--" may
 * not stand in a comment at all: both are refused.
 */

static const u_char *
itinerary_guard_section(itinerary_guard_t *guard, const u_char *p,
    const u_char *last)
{
    u_char         c;
    size_t         rest;
    unsigned       want;
    const u_char  *next;

    rest = ITINERARY_SECTION_MAX - guard->size;

    if (rest == 0) {
        return itinerary_guard_refuse(guard, ITINERARY_BODY_TOO_LARGE,
                                      "a comment, CDATA section or processing "
                                      "instruction longer than 64 KiB");
    }

    switch (guard->state) {

    case ITINERARY_GUARD_COMMENT:

        if (guard->matched == 2 ? *p != '>'
            : *p == '>' && guard->size == 4 + guard->matched)
        {
            return itinerary_guard_refuse(guard, ITINERARY_MALFORMED_BODY,
                                          "\"--\" in a comment");
        }

        c = '-';
        want = 2;
        break;

    case ITINERARY_GUARD_CDATA:
        c = ']';
        want = 2;
        break;

    default: /* ITINERARY_GUARD_PI */
        c = '?';
        want = 1;
    }

    next = p + 1;

    if (*p == c) {
        guard->matched += (guard->matched < want);

    } else if (*p == '>' && guard->matched == want) {
        guard->state = ITINERARY_GUARD_TEXT;

    } else {
        guard->matched = 0;

        if (rest < (size_t) (last - p)) {
            last = p + rest;
        }

        next = memchr(p, c, last - p);
        if (next == NULL) {
            next = last;
        }
    }

    guard->size += next - p;

    return next;
}


static const u_char *
itinerary_guard_refuse(itinerary_guard_t *guard, itinerary_reason_e reason,
    const char *text)
{
    guard->reason = reason;
    guard->text = text;

    return NULL;
}
