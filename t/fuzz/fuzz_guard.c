
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The byte guard, and the opening that it gathers: fed whole and byte by byte
 * with the same result; and of what libxml2 takes for a document, nothing has
 * passed that must not, and nothing was refused without a reason that can be
 * found in the tree.
 *
 * The input is the charset of the Content-Type, the rest of a line, and the
 * document.
 */


#define _GNU_SOURCE    /* memmem() */

#include "document.h"
#include "itinerary_guard.h"


typedef struct {
    unsigned               depth;
    unsigned               attributes;
    int                    forbidden;   /* a DTD, or an entity */
} found_t;


static itinerary_reason_e
guarded(const itinerary_str_t *text, itinerary_charset_e charset, int whole,
    size_t *passed)
{
    size_t              i, n;
    arena_t             arena;
    itinerary_str_t     piece;
    itinerary_guard_t   guard;

    itinerary_guard_init(&guard, charset);

    *passed = 0;

    for (i = 0; i < text->len; i += piece.len) {

        arena_init(&arena, 0);

        piece.data = text->data + i;
        piece.len = whole ? text->len : 1;
        piece = fuzz_copy(&arena, &piece);

        n = itinerary_guard_feed(&guard, piece.data, piece.len);

        fuzz_check(n <= piece.len && (n == piece.len || guard.reason), "%zu",
                   n);

        arena_free(&arena);

        *passed += n;

        if (guard.reason) {
            fuzz_check(guard.text, "no text");
            return guard.reason;
        }
    }

    return itinerary_guard_finish(&guard);
}


static void
look(const xmlNode *node, unsigned depth, found_t *found)
{
    unsigned        n;
    const xmlNs    *ns;
    const xmlAttr  *attr;

    for ( /* void */ ; node; node = node->next) {

        found->forbidden |= node->type == XML_DTD_NODE
                            || node->type == XML_ENTITY_REF_NODE;

        if (node->type != XML_ELEMENT_NODE) {
            continue;
        }

        n = 0;

        for (attr = node->properties; attr; attr = attr->next) {
            n++;
        }

        for (ns = node->nsDef; ns; ns = ns->next) {
            n++;
        }

        if (n > found->attributes) {
            found->attributes = n;
        }

        if (depth > found->depth) {
            found->depth = depth;
        }

        look(node->children, depth + 1, found);
    }
}


static int
is_encoding(const xmlDoc *doc, const char *name)
{
    return doc->encoding
           && xmlStrcasecmp(doc->encoding, (const xmlChar *) name) == 0;
}


static void
check_tree(const itinerary_str_t *text, itinerary_charset_e charset,
    itinerary_reason_e reason, xmlDoc *doc)
{
    size_t     i;
    int        ascii, utf8;
    found_t    found;

    memset(&found, 0, sizeof(found_t));

    look(doc->children, 1, &found);

    for (i = 0, ascii = 1; i < text->len; i++) {
        ascii &= text->data[i] < 0x80;
    }

    utf8 = doc->encoding == NULL || is_encoding(doc, "utf-8")
           || is_encoding(doc, "us-ascii") || is_encoding(doc, "ascii");

    switch (reason) {

    case ITINERARY_REASON_NONE:
        fuzz_check(!found.forbidden, "a DTD");
        fuzz_check(found.depth <= ITINERARY_DEPTH_MAX, "%u levels",
                   found.depth);
        fuzz_check(found.attributes <= ITINERARY_ATTRIBUTES_MAX,
                   "%u attributes", found.attributes);
        fuzz_check(utf8, "%s", doc->encoding);
        fuzz_check(ascii || charset != ITINERARY_CHARSET_US_ASCII, "8 bits");
        fuzz_check(strcmp((char *) doc->version, "1.0") == 0, "%s",
                   doc->version);
        break;

    case ITINERARY_DOCTYPE_FORBIDDEN:
        fuzz_check(found.forbidden, "no DTD");
        break;

    case ITINERARY_BODY_TOO_LARGE:
        fuzz_check(found.depth > ITINERARY_DEPTH_MAX
                   || found.attributes > ITINERARY_ATTRIBUTES_MAX
                   || text->len > ITINERARY_TAG_MAX, "not too large");
        break;

    case ITINERARY_UNSUPPORTED_ENCODING:
        fuzz_check(!utf8 || !ascii || doc->encoding
                   || charset != ITINERARY_CHARSET_NONE
                   || strcmp((char *) doc->version, "1.0") != 0,
                   "UTF-8");
        break;

    default: /* ITINERARY_MALFORMED_BODY */

        /*
         * libxml2 allows too much in an XML declaration, and what is the
         * beginning of a comment in XML alone
         */

        fuzz_check(memmem(text->data, text->len, "<?xml", 5)
                   || memmem(text->data, text->len, "<!-->", 5)
                   || memmem(text->data, text->len, "<!--->", 6),
                   "\"%.*s\"", fuzz_quote(text));
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                n, m;
    xmlDoc               *doc;
    arena_t               arena;
    fuzz_input_t          in;
    itinerary_str_t       text;
    itinerary_reason_e    reason, again;
    itinerary_charset_e   charset;

    in.p = data;
    in.last = data + size;

    charset = fuzz_byte(&in) % 3;
    (void) fuzz_line(&in);

    arena_init(&arena, 0);

    text = fuzz_rest(&in);
    text = fuzz_copy(&arena, &text);

    reason = guarded(&text, charset, 1, &n);
    again = guarded(&text, charset, 0, &m);

    /* while the opening is gathered, a byte has passed when it is taken */

    fuzz_check(reason == again && n <= m, "%d at %zu, %d at %zu", reason, n,
               again, m);

    /* a tree ends at a zero, whatever follows it */

    doc = (reason != ITINERARY_REASON_NONE && text.len
           && memchr(text.data, '\0', text.len))
          ? NULL : document_tree(&text);

    if (doc) {
        check_tree(&text, charset, reason, doc);
        xmlFreeDoc(doc);
    }

    arena_free(&arena);

    return 0;
}
