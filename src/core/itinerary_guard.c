
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <string.h>

#include "itinerary_char.h"
#include "itinerary_guard.h"


static size_t itinerary_guard_open(itinerary_guard_t *guard,
    const u_char *data, size_t len);
static int itinerary_guard_opened(const itinerary_guard_t *guard);
static int itinerary_guard_encoding(itinerary_guard_t *guard);
static int itinerary_guard_declaration(itinerary_guard_t *guard,
    const u_char *p, const u_char *last);
static int itinerary_guard_pseudo(const u_char **pos, const u_char *last,
    const itinerary_str_t *name, itinerary_str_t *value);
static int itinerary_guard_declared(itinerary_guard_t *guard,
    const itinerary_str_t *encoding);
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
static int itinerary_guard_is(const itinerary_str_t *text, const char *word,
    size_t len);


#define ITINERARY_GUARD_NAME_MAX  64

/* letters and what comes after them, digits, ".", "-", "/" and ":" */

#define itinerary_guard_is_plain(c)                                          \
    ((c) > '>' || ((c) >= '-' && (c) <= ':'))

#define itinerary_guard_word(text, word)                                     \
    itinerary_guard_is(text, word, sizeof(word) - 1)


/* how documents begin that are XML in another encoding */

static const itinerary_str_t  itinerary_guard_foreign[] = {
    itinerary_string("\xfe\xff"),            /* UTF-16, UTF-32 */
    itinerary_string("\xff\xfe"),
    itinerary_string("\x4c\x6f\xa7\x94"),    /* EBCDIC */
    itinerary_string("\x0e\xfe\xff"),        /* SCSU */
    itinerary_string("+/v"),                 /* UTF-7 */
    itinerary_string("+ADw")
};

#define ITINERARY_GUARD_NFOREIGN                                             \
    (sizeof(itinerary_guard_foreign) / sizeof(itinerary_guard_foreign[0]))


void
itinerary_guard_init(itinerary_guard_t *guard, itinerary_charset_e charset)
{
    memset(guard, 0, sizeof(itinerary_guard_t));

    guard->charset = charset;
    guard->ascii = (charset == ITINERARY_CHARSET_US_ASCII);
}


size_t
itinerary_guard_feed(itinerary_guard_t *guard, const u_char *data, size_t len)
{
    size_t         n;
    const u_char  *p, *last, *end;

    n = 0;

    if (guard->state == ITINERARY_GUARD_OPENING) {
        n = itinerary_guard_open(guard, data, len);

        if (guard->reason) {
            return 0;
        }
    }

    last = data + len;
    end = last;

    if (guard->ascii) {
        for (end = data; end < last && *end < 0x80; end++) { /* void */ }
    }

    /* what comes before the byte that is no ASCII may be refused itself */

    p = data + n;

    if (p < end) {
        p = itinerary_guard_lex(guard, p, end);
    }

    if (guard->reason == ITINERARY_REASON_NONE && end < last) {
        (void) itinerary_guard_refuse(guard, ITINERARY_UNSUPPORTED_ENCODING,
                                      "a byte outside US-ASCII");
    }

    return (p < end ? p : end) - data;
}


itinerary_reason_e
itinerary_guard_finish(itinerary_guard_t *guard)
{
    if (guard->reason == ITINERARY_REASON_NONE
        && guard->state == ITINERARY_GUARD_OPENING)
    {
        (void) itinerary_guard_encoding(guard);
    }

    if (guard->reason == ITINERARY_REASON_NONE
        && (guard->state != ITINERARY_GUARD_TEXT || guard->depth != 0))
    {
        (void) itinerary_guard_refuse(guard, ITINERARY_MALFORMED_BODY,
                                      guard->nopening ? "a truncated document"
                                                      : "an empty body");
    }

    return guard->reason;
}


/*
 * Gathers the opening, which is judged as a whole: the byte order mark and
 * the XML declaration, or the first bytes where there are none.
 */

static size_t
itinerary_guard_open(itinerary_guard_t *guard, const u_char *data, size_t len)
{
    size_t         n;
    const u_char  *p, *last;

    n = 0;

    while (!itinerary_guard_opened(guard)) {

        if (n == len) {
            return n;
        }

        if (guard->nopening == ITINERARY_DECLARATION_MAX) {
            (void) itinerary_guard_refuse(guard, ITINERARY_MALFORMED_BODY,
                                          "an endless XML declaration");
            return 0;
        }

        guard->opening[guard->nopening++] = data[n++];
    }

    if (itinerary_guard_encoding(guard) != 0) {
        return 0;
    }

    p = guard->opening;
    last = p + guard->nopening;

    if (p[0] == 0xef) {
        p += 3;
    }

    if (last[-1] == '>' && last - p > 5
        && itinerary_guard_declaration(guard, p, last) != 0)
    {
        return 0;
    }

    guard->state = ITINERARY_GUARD_TEXT;

    (void) itinerary_guard_lex(guard, p, last);

    return n;
}


/* whether the opening is complete */

static int
itinerary_guard_opened(const itinerary_guard_t *guard)
{
    size_t                        len;
    const u_char                 *p;
    static const itinerary_str_t  xml = itinerary_string("<?xml");

    p = guard->opening;
    len = guard->nopening;

    if (len < 4) {
        return 0;
    }

    if (memcmp(p, "\xef\xbb\xbf", 3) == 0) {
        p += 3;
        len -= 3;
    }

    if (len <= xml.len) {
        return memcmp(p, xml.data, len < xml.len ? len : xml.len) != 0;
    }

    if (memcmp(p, xml.data, xml.len) != 0
        || !itinerary_is_space(p[xml.len]))
    {
        return 1;
    }

    return p[len - 1] == '>';
}


static int
itinerary_guard_encoding(itinerary_guard_t *guard)
{
    size_t                  len;
    unsigned                i;
    const u_char           *p;
    const itinerary_str_t  *foreign;

    p = guard->opening;
    len = guard->nopening;

    if (len == 0) {
        return 0;
    }

    for (i = 0; i < ITINERARY_GUARD_NFOREIGN; i++) {
        foreign = &itinerary_guard_foreign[i];

        if (len >= foreign->len
            && memcmp(p, foreign->data, foreign->len) == 0)
        {
            goto foreign;
        }
    }

    if (memchr(p, '\0', len < 4 ? len : 4) != NULL) {
        goto foreign;
    }

    if (len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0) {

        if (guard->ascii) {
            goto foreign;
        }

        p += 3;
        len -= 3;
    }

    if (len && p[0] >= 0x80) {
        goto foreign;
    }

    if (len && p[0] != '<' && !itinerary_is_space(p[0])) {
        (void) itinerary_guard_refuse(guard, ITINERARY_MALFORMED_BODY,
                                      "something other than XML");
        return -1;
    }

    return 0;

foreign:

    (void) itinerary_guard_refuse(guard, ITINERARY_UNSUPPORTED_ENCODING,
                                  "neither UTF-8 nor US-ASCII");
    return -1;
}


/* XMLDecl of XML 1.0, production 23, from "<" to ">" */

static int
itinerary_guard_declaration(itinerary_guard_t *guard, const u_char *p,
    const u_char *last)
{
    unsigned                      i;
    itinerary_str_t               values[3];
    static const itinerary_str_t  names[] = {
        itinerary_string("version"),
        itinerary_string("encoding"),
        itinerary_string("standalone")
    };

    p += sizeof("<?xml") - 1;
    last--;

    if (*--last != '?') {
        goto malformed;
    }

    for (i = 0; i < 3; i++) {
        if (itinerary_guard_pseudo(&p, last, &names[i], &values[i]) != 0) {
            goto malformed;
        }
    }

    while (p < last && itinerary_is_space(*p)) {
        p++;
    }

    if (p != last || values[0].data == NULL) {
        goto malformed;
    }

    if (!itinerary_guard_word(&values[0], "1.0")) {
        (void) itinerary_guard_refuse(guard, ITINERARY_UNSUPPORTED_ENCODING,
                                      "an XML version other than 1.0");
        return -1;
    }

    if (values[2].data != NULL
        && !itinerary_guard_word(&values[2], "yes")
        && !itinerary_guard_word(&values[2], "no"))
    {
        goto malformed;
    }

    return values[1].data ? itinerary_guard_declared(guard, &values[1]) : 0;

malformed:

    (void) itinerary_guard_refuse(guard, ITINERARY_MALFORMED_BODY,
                                  "a malformed XML declaration");
    return -1;
}


/* S name Eq value; value->data is NULL where another name follows, or none */

static int
itinerary_guard_pseudo(const u_char **pos, const u_char *last,
    const itinerary_str_t *name, itinerary_str_t *value)
{
    u_char         quote;
    const u_char  *p;

    value->data = NULL;
    value->len = 0;

    for (p = *pos; p < last && itinerary_is_space(*p); p++) { /* void */ }

    if ((size_t) (last - p) < name->len
        || memcmp(p, name->data, name->len) != 0)
    {
        return 0;
    }

    if (p == *pos) {
        return -1;
    }

    for (p += name->len; p < last && itinerary_is_space(*p); p++) {
        /* void */
    }

    if (p == last || *p != '=') {
        return -1;
    }

    for (p++; p < last && itinerary_is_space(*p); p++) { /* void */ }

    if (p == last || (*p != '"' && *p != '\'')) {
        return -1;
    }

    quote = *p++;
    value->data = (u_char *) p;

    p = memchr(p, quote, last - p);
    if (p == NULL) {
        return -1;
    }

    value->len = p - value->data;
    *pos = p + 1;

    return 0;
}


/*
 * "ASCII" is a registered alias of US-ASCII and what libxml2's own serializer
 * writes.  An encoding and a charset that differ are refused even where the
 * bytes would be the same in both.
 */

static int
itinerary_guard_declared(itinerary_guard_t *guard,
    const itinerary_str_t *encoding)
{
    const char           *text;
    itinerary_charset_e   charset;

    if (itinerary_guard_word(encoding, "utf-8")) {
        charset = ITINERARY_CHARSET_UTF_8;

    } else if (itinerary_guard_word(encoding, "us-ascii")
               || itinerary_guard_word(encoding, "ascii"))
    {
        charset = ITINERARY_CHARSET_US_ASCII;

    } else {
        text = "a declared encoding other than UTF-8 and US-ASCII";
        goto unsupported;
    }

    if (guard->charset != ITINERARY_CHARSET_NONE && guard->charset != charset)
    {
        text = "a declared encoding that contradicts the Content-Type";
        goto unsupported;
    }

    if (charset == ITINERARY_CHARSET_US_ASCII) {

        if (guard->opening[0] == 0xef) {
            text = "a byte order mark in US-ASCII";
            goto unsupported;
        }

        guard->ascii = 1;
    }

    return 0;

unsupported:

    (void) itinerary_guard_refuse(guard, ITINERARY_UNSUPPORTED_ENCODING, text);

    return -1;
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


/* "word" is in lower case */

static int
itinerary_guard_is(const itinerary_str_t *text, const char *word, size_t len)
{
    size_t  i;

    if (text->len != len) {
        return 0;
    }

    for (i = 0; i < len; i++) {
        if (itinerary_lower(text->data[i]) != (u_char) word[i]) {
            return 0;
        }
    }

    return 1;
}
