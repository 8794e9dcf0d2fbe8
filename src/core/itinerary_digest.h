
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The digest of a part of a document: SHA-256 over its elements, their
 * attributes and their text, equal for any serialization of the same content
 * and different for any change of it.  Prefixes, the order of attributes,
 * comments, CDATA boundaries and white space beside a child element are
 * serialization; the order of elements is not.
 *
 * The trip's namespace with http, with https and none are one, xsi:nil="false"
 * is as good as nothing, and where a schema may be found does not matter.
 */


#ifndef _ITINERARY_DIGEST_H_INCLUDED_
#define _ITINERARY_DIGEST_H_INCLUDED_


#include "itinerary.h"
#include "itinerary_tag.h"

#include <openssl/evp.h>


#define ITINERARY_DIGEST_LEN  64      /* lower-case hexadecimal */

#define ITINERARY_DIGEST_BLANK_MAX   256
#define ITINERARY_DIGEST_BUFFER_MAX  1024


typedef struct {
    EVP_MD_CTX    *ctx;
    size_t         len;
    size_t         nblank;
    unsigned       begun:1;
    unsigned       invalid:1;    /* it cannot be told */
    unsigned       leaf:1;       /* the element has no child yet */
    unsigned       solid:1;      /* this text is not white space alone */
    unsigned       lost:1;       /* there was more white space than is kept */
    u_char         blank[ITINERARY_DIGEST_BLANK_MAX];
    u_char         buf[ITINERARY_DIGEST_BUFFER_MAX];
} itinerary_digest_t;


/*
 * Begins a digest, in a struct that was all zero once, and may be used again;
 * what it takes of OpenSSL is freed by itinerary_digest_destroy().  Whatever
 * fails makes the digest one that cannot be told.
 */

void itinerary_digest_begin(itinerary_digest_t *digest);
void itinerary_digest_destroy(itinerary_digest_t *digest);

/* a start tag, an end tag, a piece of text */

void itinerary_digest_start(itinerary_digest_t *digest,
    const itinerary_tag_t *tag);
void itinerary_digest_end(itinerary_digest_t *digest);
void itinerary_digest_text(itinerary_digest_t *digest, const u_char *data,
    size_t len);

/* an element that is no part of what is digested stands here */

void itinerary_digest_gap(itinerary_digest_t *digest);

/* what is met here has no place in a digest: it cannot be told */

void itinerary_digest_spoil(itinerary_digest_t *digest);

/*
 * Ends the digest and sets "text", in the pool: ITINERARY_DIGEST_LEN
 * characters, or none where it cannot be told.  ITINERARY_NOMEM: no memory.
 */

itinerary_result_e itinerary_digest_finish(itinerary_digest_t *digest,
    itinerary_pool_t *pool, itinerary_str_t *text);


#endif /* _ITINERARY_DIGEST_H_INCLUDED_ */
