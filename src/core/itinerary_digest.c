
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <string.h>

#include "itinerary_char.h"
#include "itinerary_digest.h"
#include "itinerary_reader.h"


/* marks that no character of XML 1.0 can be taken for */

#define ITINERARY_DIGEST_START      0x01
#define ITINERARY_DIGEST_NAMESPACE  0x02
#define ITINERARY_DIGEST_ATTRIBUTE  0x03
#define ITINERARY_DIGEST_VALUE      0x04
#define ITINERARY_DIGEST_CONTENT    0x05
#define ITINERARY_DIGEST_END        0x06


static unsigned itinerary_digest_sort(const itinerary_tag_t *tag,
    const u_char ***sorted);
static int itinerary_digest_ignores(const u_char **attribute);
static int itinerary_digest_is_typed(const u_char **attribute);
static int itinerary_digest_compare(const u_char **a, const u_char **b);
static void itinerary_digest_attribute(itinerary_digest_t *digest,
    const u_char **attribute);
static int itinerary_digest_is(const u_char **attribute, const char *value);
static void itinerary_digest_mark(itinerary_digest_t *digest, u_char mark);
static void itinerary_digest_name(itinerary_digest_t *digest,
    const u_char *name);
static void itinerary_digest_update(itinerary_digest_t *digest,
    const u_char *data, size_t len);
static void itinerary_digest_flush(itinerary_digest_t *digest);


void
itinerary_digest_begin(itinerary_digest_t *digest)
{
    digest->len = 0;
    digest->nblank = 0;
    digest->invalid = 0;
    digest->leaf = 0;
    digest->solid = 0;
    digest->lost = 0;

    if (digest->ctx == NULL) {
        digest->ctx = EVP_MD_CTX_new();
        digest->begun = 0;
    }

    /* again without a type is the same one, which OpenSSL need not look up */

    if (digest->ctx == NULL
        || EVP_DigestInit_ex(digest->ctx,
                             digest->begun ? NULL : EVP_sha256(), NULL)
           != 1)
    {
        digest->begun = 0;
        digest->invalid = 1;
        return;
    }

    digest->begun = 1;
}


void
itinerary_digest_destroy(itinerary_digest_t *digest)
{
    EVP_MD_CTX_free(digest->ctx);
    digest->ctx = NULL;
}


void
itinerary_digest_start(itinerary_digest_t *digest, const itinerary_tag_t *tag)
{
    unsigned        i, n;
    const u_char  **sorted[ITINERARY_ATTRIBUTES_MAX];

    itinerary_digest_gap(digest);

    digest->leaf = 1;

    itinerary_digest_mark(digest, ITINERARY_DIGEST_START);
    itinerary_digest_name(digest, tag->name);

    if (!itinerary_is_ours(tag->uri)) {
        itinerary_digest_mark(digest, ITINERARY_DIGEST_NAMESPACE);
        itinerary_digest_name(digest, tag->uri);
    }

    if (tag->nattributes) {

        if (tag->nattributes > ITINERARY_ATTRIBUTES_MAX) {
            digest->invalid = 1;
            return;
        }

        n = itinerary_digest_sort(tag, sorted);

        for (i = 0; i < n; i++) {
            itinerary_digest_attribute(digest, sorted[i]);

            if (itinerary_digest_is_typed(sorted[i])) {
                digest->invalid = 1;
            }
        }
    }

    itinerary_digest_mark(digest, ITINERARY_DIGEST_CONTENT);
}


/* white space is text where it is all that an element has */

void
itinerary_digest_end(itinerary_digest_t *digest)
{
    if (digest->leaf && digest->nblank) {
        digest->invalid |= digest->lost;
        itinerary_digest_update(digest, digest->blank, digest->nblank);
    }

    itinerary_digest_gap(digest);
    itinerary_digest_mark(digest, ITINERARY_DIGEST_END);
}


void
itinerary_digest_text(itinerary_digest_t *digest, const u_char *data,
    size_t len)
{
    size_t  n, rest;

    if (!digest->solid) {

        for (n = 0; n < len && itinerary_is_space(data[n]); n++) {
            /* void */
        }

        /* whether it counts is known by what follows it */

        rest = ITINERARY_DIGEST_BLANK_MAX - digest->nblank;

        if (n > rest) {
            digest->lost = 1;

        } else {
            rest = n;
        }

        memcpy(digest->blank + digest->nblank, data, rest);
        digest->nblank += rest;

        if (n == len) {
            return;
        }

        digest->solid = 1;
        digest->invalid |= digest->lost;
        itinerary_digest_update(digest, digest->blank, digest->nblank);

        data += n;
        len -= n;
    }

    itinerary_digest_update(digest, data, len);
}


void
itinerary_digest_gap(itinerary_digest_t *digest)
{
    digest->nblank = 0;
    digest->leaf = 0;
    digest->solid = 0;
    digest->lost = 0;
}


void
itinerary_digest_spoil(itinerary_digest_t *digest)
{
    digest->invalid = 1;
}


itinerary_result_e
itinerary_digest_finish(itinerary_digest_t *digest, itinerary_pool_t *pool,
    itinerary_str_t *text)
{
    u_char         bytes[EVP_MAX_MD_SIZE], *p;
    unsigned int   i, n;

    static const u_char  hex[] = "0123456789abcdef";

    text->len = 0;
    text->data = NULL;

    /* OpenSSL could not begin it: that is not what the content is like */

    if (!digest->begun) {
        return ITINERARY_NOMEM;
    }

    itinerary_digest_flush(digest);

    if (digest->invalid || EVP_DigestFinal_ex(digest->ctx, bytes, &n) != 1) {
        return ITINERARY_OK;
    }

    p = pool->alloc(pool->data, ITINERARY_DIGEST_LEN);
    if (p == NULL) {
        return ITINERARY_NOMEM;
    }

    text->data = p;
    text->len = ITINERARY_DIGEST_LEN;

    for (i = 0; i < n; i++) {
        *p++ = hex[bytes[i] >> 4];
        *p++ = hex[bytes[i] & 0xf];
    }

    return ITINERARY_OK;
}


/* the attributes that count, by name and namespace; there are few */

static unsigned
itinerary_digest_sort(const itinerary_tag_t *tag, const u_char ***sorted)
{
    int             i;
    unsigned        k, n;
    const u_char  **attribute;

    n = 0;

    for (i = 0; i < tag->nattributes; i++) {

        attribute = &tag->attributes[5 * i];

        if (itinerary_digest_ignores(attribute)) {
            continue;
        }

        for (k = n++;
             k && itinerary_digest_compare(attribute, sorted[k - 1]) < 0;
             k--)
        {
            sorted[k] = sorted[k - 1];
        }

        sorted[k] = attribute;
    }

    return n;
}


static int
itinerary_digest_ignores(const u_char **attribute)
{
    const char  *name;

    if (!itinerary_is_xsi(attribute[2])) {
        return 0;
    }

    name = (const char *) attribute[0];

    return strcmp(name, "schemaLocation") == 0
           || strcmp(name, "noNamespaceSchemaLocation") == 0
           || (strcmp(name, "nil") == 0
               && (itinerary_digest_is(attribute, "false")
                   || itinerary_digest_is(attribute, "0")));
}


/* which type is meant, depends on what the prefix stands for in this place */

static int
itinerary_digest_is_typed(const u_char **attribute)
{
    return itinerary_is_xsi(attribute[2])
           && strcmp((const char *) attribute[0], "type") == 0
           && memchr(attribute[3], ':', attribute[4] - attribute[3]) != NULL;
}


static int
itinerary_digest_compare(const u_char **a, const u_char **b)
{
    int  rc;

    rc = strcmp((const char *) a[0], (const char *) b[0]);

    if (rc != 0 || a[2] == b[2]) {
        return rc;
    }

    return strcmp(a[2] ? (const char *) a[2] : "",
                  b[2] ? (const char *) b[2] : "");
}


static void
itinerary_digest_attribute(itinerary_digest_t *digest,
    const u_char **attribute)
{
    itinerary_digest_mark(digest, ITINERARY_DIGEST_ATTRIBUTE);
    itinerary_digest_name(digest, attribute[0]);

    if (attribute[2]) {
        itinerary_digest_mark(digest, ITINERARY_DIGEST_NAMESPACE);
        itinerary_digest_name(digest, attribute[2]);
    }

    itinerary_digest_mark(digest, ITINERARY_DIGEST_VALUE);

    if (itinerary_is_xsi(attribute[2])
        && strcmp((const char *) attribute[0], "nil") == 0
        && itinerary_digest_is(attribute, "1"))
    {
        itinerary_digest_name(digest, (const u_char *) "true");
        return;
    }

    itinerary_digest_update(digest, attribute[3],
                            attribute[4] - attribute[3]);
}


static int
itinerary_digest_is(const u_char **attribute, const char *value)
{
    size_t  len;

    len = strlen(value);

    return (size_t) (attribute[4] - attribute[3]) == len
           && memcmp(attribute[3], value, len) == 0;
}


static void
itinerary_digest_mark(itinerary_digest_t *digest, u_char mark)
{
    itinerary_digest_update(digest, &mark, 1);
}


static void
itinerary_digest_name(itinerary_digest_t *digest, const u_char *name)
{
    itinerary_digest_update(digest, name, strlen((const char *) name));
}


/* a call of OpenSSL costs more than most pieces that come */

static void
itinerary_digest_update(itinerary_digest_t *digest, const u_char *data,
    size_t len)
{
    if (len > ITINERARY_DIGEST_BUFFER_MAX - digest->len) {

        itinerary_digest_flush(digest);

        if (len > ITINERARY_DIGEST_BUFFER_MAX) {

            if (!digest->invalid
                && EVP_DigestUpdate(digest->ctx, data, len) != 1)
            {
                digest->invalid = 1;
            }

            return;
        }
    }

    memcpy(digest->buf + digest->len, data, len);
    digest->len += len;
}


static void
itinerary_digest_flush(itinerary_digest_t *digest)
{
    if (!digest->invalid && digest->len
        && EVP_DigestUpdate(digest->ctx, digest->buf, digest->len) != 1)
    {
        digest->invalid = 1;
    }

    digest->len = 0;
}
