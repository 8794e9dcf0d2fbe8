
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * A post, read whole and in random pieces, with the same result; and what was
 * accepted, as programs read it that build a tree and look for names whatever
 * their letter case and namespace: they must find what the reader has found,
 * and nothing else.
 *
 * The input's first bytes say how it is read, and from the second line it is
 * the document:
 *
 *     roots (bit 0: Booking), validation (bit 1) and digests (bit 2)
 *     charset of the Content-Type
 *     how it is cut into pieces
 *     how much white space follows its first tag, so that the pieces that
 *     libxml2 gets end everywhere
 */


#include "document.h"
#include "itinerary_name.h"

#include <strings.h>


#define SPACE  " \t\r\n"


typedef struct {
    const char            *name;
    const char            *parent;
    int                    nested;     /* others may have one of their own */
} guarded_t;


static const guarded_t  guarded[] = {
    { "Itinerary",          NULL,        0 },
    { "Bookings",           "Itinerary", 0 },
    { "Booking",            "Bookings",  0 },
    { "Segments",           "Booking",   0 },
    { "BookingSource",      "Booking",   0 },
    { "TripStatus",         "Itinerary", 0 },
    { "TripId",             "Itinerary", 0 },
    { "ItinLocator",        "Itinerary", 0 },
    { "id",                 "Itinerary", 0 },
    { "RecordLocator",      "Booking",   1 },
    { "ConfirmationNumber", NULL,        1 }
};


static int
is_named(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE
           && strcasecmp((const char *) node->name, name) == 0;
}


/* the only child of that name, or NULL where there is none */

static xmlNode *
only_child(const xmlNode *parent, const char *name)
{
    xmlNode  *node, *found;

    found = NULL;

    for (node = parent->children; node; node = node->next) {
        if (is_named(node, name)) {
            fuzz_check(found == NULL, "a second %s", name);
            found = node;
        }
    }

    return found;
}


/* all text in the element, trimmed, is the reader's; "fold": in upper case */

static void
check_text(const xmlNode *node, const itinerary_str_t *expected, int fold)
{
    char    *text, *p;
    size_t   len;

    if (node == NULL) {
        fuzz_check(expected->len == 0, "\"%.*s\" is nowhere",
                   fuzz_quote(expected));
        return;
    }

    fuzz_check(node->children == NULL || (node->children->next == NULL
                                          && node->children->type
                                             == XML_TEXT_NODE),
               "%s is no plain text", node->name);

    text = (char *) xmlNodeGetContent((xmlNode *) node);

    p = text + strspn(text, SPACE);

    for (len = strlen(p); len && strchr(SPACE, p[len - 1]); len--) {
        /* void */
    }

    fuzz_check(len == expected->len
               && (len == 0
                   || (fold ? strncasecmp(p, (char *) expected->data, len)
                            : memcmp(p, expected->data, len)) == 0),
               "%s is \"%s\", not \"%.*s\"", node->name, text,
               fuzz_quote(expected));

    xmlFree(text);
}


static void
check_id(const xmlNode *node, const itinerary_str_t *id)
{
    char    *text, *p;
    size_t   len;

    if (node == NULL) {
        fuzz_check(id->len == 0, "\"%.*s\" is nowhere", fuzz_quote(id));
        return;
    }

    text = (char *) xmlNodeGetContent((xmlNode *) node);

    for (len = strlen(text); len && strchr(SPACE, text[len - 1]); len--) {
        /* void */
    }

    text[len] = '\0';

    p = strrchr(text, '/');
    p = p ? p + 1 : text + strspn(text, SPACE);

    fuzz_check(fuzz_is(id, p), "id is \"%s\", not \"%.*s\"", text,
               fuzz_quote(id));

    xmlFree(text);
}


/* nothing guarded is anywhere but at its place */

static void
check_places(const xmlNode *parent, unsigned *nbookings)
{
    size_t          i;
    const xmlNode  *node;

    for (node = parent->children; node; node = node->next) {

        fuzz_check(node->type != XML_PI_NODE && node->type != XML_DTD_NODE
                   && node->type != XML_ENTITY_REF_NODE, "a node of type %d",
                   node->type);

        if (node->type != XML_ELEMENT_NODE) {
            continue;
        }

        for (i = 0; i < nelts(guarded); i++) {

            if (!is_named(node, guarded[i].name) || guarded[i].nested) {
                continue;
            }

            fuzz_check(strcmp((char *) node->name, guarded[i].name) == 0,
                       "%s", node->name);

            if (parent->type != XML_DOCUMENT_NODE) {
                fuzz_check(guarded[i].parent
                           && is_named(parent, guarded[i].parent),
                           "%s in %s", node->name, parent->name);
            }

            *nbookings += strcmp((char *) node->name, "Booking") == 0;
        }

        check_places(node, nbookings);
    }
}


static unsigned
count_elements(const xmlNode *parent)
{
    unsigned        n;
    const xmlNode  *node;

    n = 0;

    for (node = parent ? parent->children : NULL; node; node = node->next) {
        n += node->type == XML_ELEMENT_NODE;
    }

    return n;
}


/* the reader has those that may be used, the last one first */

static void
check_numbers(const xmlNode *segment, const itinerary_confirmation_t **cn)
{
    char             *text;
    arena_t           arena;
    xmlNode          *node;
    itinerary_str_t   number, canonical;

    if (segment->next) {
        check_numbers(segment->next, cn);
    }

    node = (segment->type == XML_ELEMENT_NODE)
           ? only_child(segment, "ConfirmationNumber") : NULL;
    if (node == NULL) {
        return;
    }

    text = (char *) xmlNodeGetContent(node);

    number.data = (u_char *) text;
    number.len = strlen(text);

    arena_init(&arena, 0);

    if (itinerary_locator(&arena.pool, &number, &canonical)
        == ITINERARY_NAME_OK)
    {
        fuzz_check(*cn && itinerary_equal(&canonical, &(*cn)->number),
                   "the number \"%s\" is missing", text);

        *cn = (*cn)->next;
    }

    arena_free(&arena);
    xmlFree(text);
}


static void
check_booking(const xmlNode *node, const itinerary_booking_t *booking)
{
    const xmlNode                   *segments;
    const itinerary_confirmation_t  *cn;

    check_text(only_child(node, "RecordLocator"), &booking->locator, 1);
    check_text(only_child(node, "BookingSource"), &booking->source, 1);

    segments = only_child(node, "Segments");

    fuzz_check(count_elements(segments) == booking->segments, "%u",
               booking->segments);

    cn = booking->confirmations;

    if (segments && segments->children) {
        check_numbers(segments->children, &cn);
    }

    fuzz_check(cn == NULL, "the number \"%.*s\" is nowhere",
               fuzz_quote(&cn->number));
}


static void
check_tree(const itinerary_str_t *text, const itinerary_document_t *document)
{
    unsigned   i, n;
    xmlDoc    *doc;
    xmlNode   *root, *bookings, *node;

    doc = document_tree(text);

    fuzz_check(doc, "no tree");
    fuzz_check(doc->intSubset == NULL && doc->extSubset == NULL, "a DTD");

    n = 0;
    check_places((xmlNode *) doc, &n);

    fuzz_check(n == document->nbookings, "%u bookings, not %u", n,
               document->nbookings);

    root = xmlDocGetRootElement(doc);

    if (document->root == ITINERARY_ROOT_BOOKING) {
        check_booking(root, &document->bookings[0]);
        xmlFreeDoc(doc);
        return;
    }

    check_text(only_child(root, "TripStatus"), &document->trip_status, 0);
    check_text(only_child(root, "TripId"), &document->trip_id, 0);
    check_text(only_child(root, "ItinLocator"), &document->itin_locator, 0);
    check_id(only_child(root, "id"), &document->id);

    i = 0;
    bookings = only_child(root, "Bookings");

    for (node = bookings ? bookings->children : NULL; node; node = node->next)
    {
        if (is_named(node, "Booking")) {
            check_booking(node, &document->bookings[i++]);
        }
    }

    fuzz_check(i == document->nbookings, "%u bookings", i);

    xmlFreeDoc(doc);
}


/* the same, with white space behind its first tag */

static itinerary_str_t
padded(arena_t *arena, const itinerary_str_t *text, size_t size)
{
    u_char           *p;
    size_t            n;
    itinerary_str_t   result;

    p = text->len ? memchr(text->data, '>', text->len) : NULL;

    n = p ? p + 1 - text->data : 0;
    size = p ? size : 0;

    result.len = text->len + size;
    result.data = arena_alloc(arena, result.len + 1);

    memcpy(result.data, text->data, n);
    memset(result.data + n, ' ', size);
    memcpy(result.data + n + size, text->data + n, text->len - n);

    return result;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                    kind, charset, pieces, pad;
    arena_t                   arena;
    document_t                d;
    fuzz_input_t              in;
    itinerary_str_t           text;
    itinerary_reader_conf_t   conf;

    in.p = data;
    in.last = data + size;

    kind = fuzz_byte(&in);
    charset = fuzz_byte(&in);
    pieces = fuzz_byte(&in);
    pad = fuzz_byte(&in);
    (void) fuzz_line(&in);

    arena_init(&arena, 0);

    text = fuzz_rest(&in);
    text = padded(&arena, &text, (pad & 0x3f) * 67);

    memset(&conf, 0, sizeof(itinerary_reader_conf_t));

    conf.reading = ITINERARY_READ_POST;
    conf.charset = charset % 3;
    conf.roots = (kind & 1) ? ITINERARY_ROOT_BOOKING
                            : ITINERARY_ROOT_ITINERARY;
    conf.max_bookings = DOCUMENT_BOOKINGS;
    conf.validate = (kind >> 1) & 1;
    conf.digests = (kind >> 2) & 1;

    document_read(&d, &conf, &text, 0);
    document_check_pieces(&d, &conf, &text, pieces);

    if (d.document) {
        check_tree(&text, d.document);
    }

    document_free(&d);
    arena_free(&arena);

    return 0;
}
