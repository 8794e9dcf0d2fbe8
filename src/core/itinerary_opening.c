
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <string.h>

#include "itinerary_char.h"
#include "itinerary_opening.h"


static int itinerary_opening_complete(const itinerary_opening_t *opening);
static itinerary_opening_e itinerary_opening_judge(
    itinerary_opening_t *opening);
static itinerary_opening_e itinerary_opening_encoding(
    itinerary_opening_t *opening);
static itinerary_opening_e itinerary_opening_declaration(
    itinerary_opening_t *opening, const u_char *p, const u_char *last);
static int itinerary_opening_pseudo(const u_char **pos, const u_char *last,
    const itinerary_str_t *name, itinerary_str_t *value);
static itinerary_opening_e itinerary_opening_declared(
    itinerary_opening_t *opening, const itinerary_str_t *encoding);
static itinerary_opening_e itinerary_opening_refuse(
    itinerary_opening_t *opening, itinerary_reason_e reason,
    const char *text);
static int itinerary_opening_is(const itinerary_str_t *text,
    const char *word);


#define itinerary_opening_malformed(opening, text)                           \
    itinerary_opening_refuse(opening, ITINERARY_MALFORMED_BODY, text)

#define itinerary_opening_unsupported(opening, text)                         \
    itinerary_opening_refuse(opening, ITINERARY_UNSUPPORTED_ENCODING, text)


static const itinerary_str_t  itinerary_opening_bom =
    itinerary_string("\xef\xbb\xbf");

static const itinerary_str_t  itinerary_opening_xml =
    itinerary_string("<?xml");


/* how documents begin that are XML in another encoding */

static const itinerary_str_t  itinerary_opening_foreign[] = {
    itinerary_string("\xfe\xff"),            /* UTF-16, UTF-32 */
    itinerary_string("\xff\xfe"),
    itinerary_string("\x4c\x6f\xa7\x94"),    /* EBCDIC */
    itinerary_string("\x0e\xfe\xff"),        /* SCSU */
    itinerary_string("+/v"),                 /* UTF-7 */
    itinerary_string("+ADw")
};

#define ITINERARY_OPENING_NFOREIGN                                           \
    (sizeof(itinerary_opening_foreign) / sizeof(itinerary_opening_foreign[0]))


void
itinerary_opening_init(itinerary_opening_t *opening,
    itinerary_charset_e charset)
{
    memset(opening, 0, sizeof(itinerary_opening_t));

    opening->charset = charset;
    opening->ascii = (charset == ITINERARY_CHARSET_US_ASCII);
}


itinerary_opening_e
itinerary_opening_feed(itinerary_opening_t *opening, const u_char *data,
    size_t len, size_t *taken)
{
    size_t  n;

    *taken = 0;

    for (n = 0; n < len; n++) {

        if (opening->len == ITINERARY_OPENING_MAX) {
            return itinerary_opening_malformed(opening,
                                               "an endless XML declaration");
        }

        if (opening->ascii && data[n] >= 0x80) {
            return itinerary_opening_unsupported(opening,
                                                 "a byte outside US-ASCII");
        }

        opening->data[opening->len++] = data[n];

        if (itinerary_opening_complete(opening)) {
            *taken = n + 1;
            return itinerary_opening_judge(opening);
        }
    }

    *taken = len;

    return ITINERARY_OPENING_AGAIN;
}


void
itinerary_opening_finish(itinerary_opening_t *opening)
{
    if (opening->len == 0) {
        (void) itinerary_opening_malformed(opening, "an empty body");
        return;
    }

    if (itinerary_opening_encoding(opening) == ITINERARY_OPENING_DONE) {
        (void) itinerary_opening_malformed(opening, "a truncated document");
    }
}


/* as soon as it cannot begin with an XML declaration, or with the ">" of it */

static int
itinerary_opening_complete(const itinerary_opening_t *opening)
{
    size_t                  len;
    const u_char           *p;
    const itinerary_str_t  *bom, *xml;

    bom = &itinerary_opening_bom;
    xml = &itinerary_opening_xml;

    p = opening->data;
    len = opening->len;

    if (len < 4) {
        return 0;
    }

    if (memcmp(p, bom->data, bom->len) == 0) {
        p += bom->len;
        len -= bom->len;
    }

    if (len <= xml->len) {
        return memcmp(p, xml->data, len) != 0;
    }

    if (memcmp(p, xml->data, xml->len) != 0
        || !itinerary_is_space(p[xml->len]))
    {
        return 1;
    }

    return p[len - 1] == '>';
}


static itinerary_opening_e
itinerary_opening_judge(itinerary_opening_t *opening)
{
    const u_char           *p, *last;
    itinerary_opening_e     rc;
    const itinerary_str_t  *xml;

    rc = itinerary_opening_encoding(opening);

    if (rc != ITINERARY_OPENING_DONE) {
        return rc;
    }

    p = opening->data;
    last = p + opening->len;

    if (p[0] == itinerary_opening_bom.data[0]) {
        p += itinerary_opening_bom.len;
    }

    xml = &itinerary_opening_xml;

    if ((size_t) (last - p) > xml->len
        && memcmp(p, xml->data, xml->len) == 0
        && itinerary_is_space(p[xml->len]))
    {
        return itinerary_opening_declaration(opening, p + xml->len, last);
    }

    return ITINERARY_OPENING_DONE;
}


static itinerary_opening_e
itinerary_opening_encoding(itinerary_opening_t *opening)
{
    size_t                  len;
    unsigned                i;
    const u_char           *p;
    const itinerary_str_t  *bom, *foreign;

    p = opening->data;
    len = opening->len;

    for (i = 0; i < ITINERARY_OPENING_NFOREIGN; i++) {
        foreign = &itinerary_opening_foreign[i];

        if (len >= foreign->len
            && memcmp(p, foreign->data, foreign->len) == 0)
        {
            goto foreign;
        }
    }

    if (memchr(p, '\0', len < 4 ? len : 4) != NULL) {
        goto foreign;
    }

    bom = &itinerary_opening_bom;

    if (len >= bom->len && memcmp(p, bom->data, bom->len) == 0) {
        p += bom->len;
        len -= bom->len;
    }

    if (len && p[0] >= 0x80) {
        goto foreign;
    }

    if (len && p[0] != '<' && !itinerary_is_space(p[0])) {
        return itinerary_opening_malformed(opening,
                                           "something other than XML");
    }

    return ITINERARY_OPENING_DONE;

foreign:

    return itinerary_opening_unsupported(opening,
                                         "neither UTF-8 nor US-ASCII");
}


/* XMLDecl of XML 1.0, production 23, from after "<?xml" to ">" */

static itinerary_opening_e
itinerary_opening_declaration(itinerary_opening_t *opening, const u_char *p,
    const u_char *last)
{
    unsigned                      i;
    itinerary_str_t               values[3], *standalone;
    static const itinerary_str_t  names[] = {
        itinerary_string("version"),
        itinerary_string("encoding"),
        itinerary_string("standalone")
    };

    last -= 2;

    if (*last != '?') {
        goto malformed;
    }

    for (i = 0; i < 3; i++) {
        if (itinerary_opening_pseudo(&p, last, &names[i], &values[i]) != 0) {
            goto malformed;
        }
    }

    while (p < last && itinerary_is_space(*p)) {
        p++;
    }

    if (p != last || values[0].data == NULL) {
        goto malformed;
    }

    if (!itinerary_opening_is(&values[0], "1.0")) {
        return itinerary_opening_unsupported(opening,
                                             "an XML version other than 1.0");
    }

    standalone = &values[2];

    if (standalone->data != NULL
        && !itinerary_opening_is(standalone, "yes")
        && !itinerary_opening_is(standalone, "no"))
    {
        goto malformed;
    }

    if (values[1].data == NULL) {
        return ITINERARY_OPENING_DONE;
    }

    return itinerary_opening_declared(opening, &values[1]);

malformed:

    return itinerary_opening_malformed(opening, "a malformed XML declaration");
}


/* S name Eq value; value->data is NULL where another name follows, or none */

static int
itinerary_opening_pseudo(const u_char **pos, const u_char *last,
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
 * "ASCII" is a registered alias of US-ASCII, and what lxml writes.  An
 * encoding and a charset that differ are refused even where the bytes would
 * mean the same in both.
 */

static itinerary_opening_e
itinerary_opening_declared(itinerary_opening_t *opening,
    const itinerary_str_t *encoding)
{
    itinerary_charset_e  charset;

    if (itinerary_opening_is(encoding, "utf-8")) {
        charset = ITINERARY_CHARSET_UTF_8;

    } else if (itinerary_opening_is(encoding, "us-ascii")
               || itinerary_opening_is(encoding, "ascii"))
    {
        charset = ITINERARY_CHARSET_US_ASCII;

    } else {
        return itinerary_opening_unsupported(opening,
                                             "a declared encoding other than "
                                             "UTF-8 and US-ASCII");
    }

    if (opening->charset != ITINERARY_CHARSET_NONE
        && opening->charset != charset)
    {
        return itinerary_opening_unsupported(opening,
                                             "a declared encoding that "
                                             "contradicts the Content-Type");
    }

    if (charset == ITINERARY_CHARSET_US_ASCII) {

        if (opening->data[0] >= 0x80) {
            return itinerary_opening_unsupported(opening,
                                                 "a byte order mark in "
                                                 "US-ASCII");
        }

        opening->ascii = 1;
    }

    return ITINERARY_OPENING_DONE;
}


static itinerary_opening_e
itinerary_opening_refuse(itinerary_opening_t *opening,
    itinerary_reason_e reason, const char *text)
{
    opening->reason = reason;
    opening->text = text;

    return ITINERARY_OPENING_REFUSED;
}


/* "word" is in lower case, "text" may be in any */

static int
itinerary_opening_is(const itinerary_str_t *text, const char *word)
{
    size_t  i;

    for (i = 0; i < text->len && word[i] != '\0'; i++) {
        if (itinerary_lower(text->data[i]) != (u_char) word[i]) {
            return 0;
        }
    }

    return i == text->len && word[i] == '\0';
}
