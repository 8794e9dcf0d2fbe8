
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <libxml/parser.h>
#include <libxml/SAX2.h>

#include "itinerary_char.h"
#include "itinerary_draft.h"
#include "itinerary_element.h"
#include "itinerary_guard.h"
#include "itinerary_reader.h"


/* libxml2 spends 0.7 s on a megabyte that comes byte by byte */

#define ITINERARY_PIECE_MIN  4096
#define ITINERARY_PIECE_MAX  (64 * 1024)

#if (LIBXML_VERSION >= 21200)
typedef const xmlError  itinerary_xml_error_t;
#else
typedef xmlError        itinerary_xml_error_t;
#endif


struct itinerary_reader_s {
    itinerary_pool_t          *pool;
    itinerary_reader_conf_t    conf;
    itinerary_result_e         result;
    itinerary_error_t          error;

    itinerary_guard_t          guard;
    xmlParserCtxtPtr           ctxt;

    itinerary_draft_t          draft;
    const xmlChar             *namespace;   /* the root's; lives in "ctxt" */

    unsigned                   depth;
    u_char                     places[ITINERARY_DEPTH_MAX + 1];

    unsigned                   closed:1;    /* the root is */
    unsigned                   finished:1;

    size_t                     gathered;
    u_char                     piece[ITINERARY_PIECE_MIN];
};


static void itinerary_reader_push(itinerary_reader_t *reader,
    const u_char *data, size_t len);
static void itinerary_reader_flush(itinerary_reader_t *reader, int last);
static void itinerary_reader_parse(itinerary_reader_t *reader,
    const u_char *data, size_t len, int last);

static void itinerary_reader_start(void *data, const xmlChar *name,
    const xmlChar *prefix, const xmlChar *uri, int nnamespaces,
    const xmlChar **namespaces, int nattributes, int ndefaulted,
    const xmlChar **attributes);
static void itinerary_reader_end(void *data, const xmlChar *name,
    const xmlChar *prefix, const xmlChar *uri);
static void itinerary_reader_text(void *data, const xmlChar *text, int len);
static void itinerary_reader_cdata(void *data, const xmlChar *text, int len);
static void itinerary_reader_comment(void *data, const xmlChar *text);
static void itinerary_reader_pi(void *data, const xmlChar *target,
    const xmlChar *text);
static void itinerary_reader_reference(void *data, const xmlChar *name);
static void itinerary_reader_subset(void *data, const xmlChar *name,
    const xmlChar *public, const xmlChar *system);
static void itinerary_reader_xml_error(void *data,
    itinerary_xml_error_t *error);

static itinerary_element_e itinerary_reader_posted(itinerary_reader_t *reader,
    const xmlChar *name, const xmlChar *uri, int nattributes,
    const xmlChar **attributes);
static itinerary_element_e itinerary_reader_elsewhere(
    itinerary_reader_t *reader, itinerary_element_e element,
    const xmlChar *name);
static itinerary_element_e itinerary_reader_answered(
    itinerary_reader_t *reader, const xmlChar *name, const xmlChar *uri);
static itinerary_element_e itinerary_reader_not_itinerary(
    itinerary_reader_t *reader, const xmlChar *name);
static itinerary_element_e itinerary_reader_ambiguous(
    itinerary_reader_t *reader, const xmlChar *name, const char *text);
static int itinerary_reader_is_plain(itinerary_element_e element);
static int itinerary_reader_is_ours(const xmlChar *uri);
static int itinerary_reader_is_xinclude(const xmlChar *uri);
static int itinerary_reader_has_xsi(int nattributes,
    const xmlChar **attributes);

static void itinerary_reader_undrafted(itinerary_reader_t *reader,
    itinerary_result_e rc);
static void itinerary_reader_refuse(itinerary_reader_t *reader,
    itinerary_reason_e reason, unsigned line, const xmlChar *name,
    const char *format, ...)
    __attribute__((format(printf, 5, 6)));
static unsigned itinerary_reader_line(itinerary_reader_t *reader);


#define itinerary_reader_place(reader)                                       \
    ((itinerary_element_e) (reader)->places[(reader)->depth])


/* ignorableWhitespace is the same, so that libxml2 does not look for it */

static const xmlSAXHandler  itinerary_reader_sax = {
    .initialized = XML_SAX2_MAGIC,
    .startElementNs = itinerary_reader_start,
    .endElementNs = itinerary_reader_end,
    .characters = itinerary_reader_text,
    .ignorableWhitespace = itinerary_reader_text,
    .cdataBlock = itinerary_reader_cdata,
    .comment = itinerary_reader_comment,
    .processingInstruction = itinerary_reader_pi,
    .reference = itinerary_reader_reference,
    .internalSubset = itinerary_reader_subset,
    .externalSubset = itinerary_reader_subset,
    .serror = itinerary_reader_xml_error
};


itinerary_reader_t *
itinerary_reader_create(itinerary_pool_t *pool,
    const itinerary_reader_conf_t *conf)
{
    itinerary_reader_t  *reader;

    reader = pool->alloc(pool->data, sizeof(itinerary_reader_t));
    if (reader == NULL) {
        return NULL;
    }

    memset(reader, 0, offsetof(itinerary_reader_t, piece));

    reader->pool = pool;
    reader->conf = *conf;
    reader->places[0] = ITINERARY_EL_DOCUMENT;

    itinerary_guard_init(&reader->guard, conf->charset);
    itinerary_draft_init(&reader->draft, pool, &reader->conf);

    reader->ctxt = xmlCreatePushParserCtxt(
                       (xmlSAXHandler *) &itinerary_reader_sax, reader,
                       NULL, 0, NULL);
    if (reader->ctxt == NULL) {
        return NULL;
    }

    /* the guard has settled the encoding: libxml2 must not switch to another */

    if (xmlCtxtUseOptions(reader->ctxt,
                          XML_PARSE_NONET|XML_PARSE_IGNORE_ENC)
        != 0)
    {
        itinerary_reader_destroy(reader);
        return NULL;
    }

    return reader;
}


void
itinerary_reader_destroy(itinerary_reader_t *reader)
{
    xmlFreeParserCtxt(reader->ctxt);
    reader->ctxt = NULL;
}


itinerary_result_e
itinerary_reader_feed(itinerary_reader_t *reader, const u_char *data,
    size_t len)
{
    size_t              n;
    itinerary_guard_t  *guard;

    if (reader->result != ITINERARY_OK || len == 0) {
        return reader->result;
    }

    if (reader->finished) {
        itinerary_reader_refuse(reader, ITINERARY_MALFORMED_BODY, 0, NULL,
                                "bytes after the end");
        return reader->result;
    }

    guard = &reader->guard;

    n = itinerary_guard_feed(guard, data, len);

    itinerary_reader_push(reader, data, n);

    if (guard->reason) {

        /* what comes before may be refused for another reason */

        if (guard->state != ITINERARY_GUARD_OPENING) {
            itinerary_reader_flush(reader, 0);
        }

        itinerary_reader_refuse(reader, guard->reason,
                                itinerary_reader_line(reader), NULL,
                                "%s", guard->text);
    }

    return reader->result;
}


itinerary_result_e
itinerary_reader_finish(itinerary_reader_t *reader)
{
    itinerary_guard_t  *guard;

    if (reader->finished || reader->result != ITINERARY_OK) {
        return reader->result;
    }

    reader->finished = 1;
    guard = &reader->guard;

    if (guard->state != ITINERARY_GUARD_OPENING) {
        itinerary_reader_flush(reader, 1);
    }

    if (itinerary_guard_finish(guard) != ITINERARY_REASON_NONE) {
        itinerary_reader_refuse(reader, guard->reason,
                                itinerary_reader_line(reader), NULL,
                                "%s", guard->text);

    } else if (!reader->closed) {
        itinerary_reader_refuse(reader, ITINERARY_MALFORMED_BODY,
                                itinerary_reader_line(reader), NULL,
                                "a truncated document");
    }

    if (reader->result == ITINERARY_OK
        && reader->draft.violations.reason != ITINERARY_REASON_NONE)
    {
        reader->error = reader->draft.violations;
        reader->result = ITINERARY_REFUSED;
    }

    return reader->result;
}


itinerary_document_t *
itinerary_reader_document(itinerary_reader_t *reader)
{
    if (!reader->finished || reader->result != ITINERARY_OK) {
        return NULL;
    }

    return &reader->draft.document;
}


itinerary_error_t *
itinerary_reader_error(itinerary_reader_t *reader)
{
    return &reader->error;
}


/* gathers small pieces; what is large enough is parsed where it is */

static void
itinerary_reader_push(itinerary_reader_t *reader, const u_char *data,
    size_t len)
{
    size_t  n;

    if (reader->gathered && reader->gathered + len >= ITINERARY_PIECE_MIN) {
        n = ITINERARY_PIECE_MIN - reader->gathered;

        memcpy(reader->piece + reader->gathered, data, n);
        reader->gathered += n;

        itinerary_reader_flush(reader, 0);

        data += n;
        len -= n;
    }

    while (len >= ITINERARY_PIECE_MIN) {
        n = (len < ITINERARY_PIECE_MAX) ? len : ITINERARY_PIECE_MAX;

        itinerary_reader_parse(reader, data, n, 0);

        data += n;
        len -= n;
    }

    memcpy(reader->piece + reader->gathered, data, len);
    reader->gathered += len;
}


static void
itinerary_reader_flush(itinerary_reader_t *reader, int last)
{
    size_t  n;

    n = reader->gathered;
    reader->gathered = 0;

    if (n || last) {
        itinerary_reader_parse(reader, reader->piece, n, last);
    }
}


/*
 * A handler that refuses does not stop libxml2: the others do nothing then,
 * up to the end of the piece.
 */

static void
itinerary_reader_parse(itinerary_reader_t *reader, const u_char *data,
    size_t len, int last)
{
    int               rc;
    xmlParserCtxtPtr  ctxt;

    if (reader->result != ITINERARY_OK) {
        return;
    }

    ctxt = reader->ctxt;

    rc = xmlParseChunk(ctxt, (const char *) data, (int) len, last);

    if (reader->result != ITINERARY_OK) {
        return;
    }

    /* as no bytes are converted, they only fail to arrive for want of memory */

    if (ctxt->errNo == XML_ERR_NO_MEMORY || rc == -1) {
        reader->result = ITINERARY_NOMEM;
        return;
    }

    if (rc != 0 || ctxt->errNo != XML_ERR_OK
        || !ctxt->wellFormed || !ctxt->nsWellFormed)
    {
        itinerary_reader_refuse(reader, ITINERARY_MALFORMED_BODY,
                                itinerary_reader_line(reader), NULL,
                                "xmlParseChunk() failed: %d", rc);
    }
}


static void
itinerary_reader_start(void *data, const xmlChar *name, const xmlChar *prefix,
    const xmlChar *uri, int nnamespaces, const xmlChar **namespaces,
    int nattributes, int ndefaulted, const xmlChar **attributes)
{
    itinerary_reader_t *reader = data;

    itinerary_result_e   rc;
    itinerary_element_e  element;

    (void) prefix;
    (void) nnamespaces;
    (void) namespaces;
    (void) ndefaulted;

    if (reader->result != ITINERARY_OK) {
        return;
    }

    if (reader->depth == ITINERARY_DEPTH_MAX) {
        itinerary_reader_refuse(reader, ITINERARY_BODY_TOO_LARGE,
                                itinerary_reader_line(reader), NULL,
                                "more than 64 levels of elements");
        return;
    }

    if (reader->conf.reading == ITINERARY_READ_POST) {
        element = itinerary_reader_posted(reader, name, uri, nattributes,
                                          attributes);
    } else {
        element = itinerary_reader_answered(reader, name, uri);
    }

    if (reader->result != ITINERARY_OK) {
        return;
    }

    if (element != ITINERARY_EL_OTHER) {
        rc = itinerary_draft_begin(&reader->draft, element,
                                   itinerary_reader_line(reader));

        if (rc != ITINERARY_OK) {
            itinerary_reader_undrafted(reader, rc);
            return;
        }
    }

    reader->places[++reader->depth] = element;
}


static void
itinerary_reader_end(void *data, const xmlChar *name, const xmlChar *prefix,
    const xmlChar *uri)
{
    itinerary_reader_t *reader = data;

    itinerary_result_e   rc;
    itinerary_element_e  element;

    (void) name;
    (void) prefix;
    (void) uri;

    if (reader->result != ITINERARY_OK) {
        return;
    }

    element = itinerary_reader_place(reader);

    if (element != ITINERARY_EL_OTHER) {
        rc = itinerary_draft_end(&reader->draft, element);

        if (rc != ITINERARY_OK) {
            itinerary_reader_undrafted(reader, rc);
            return;
        }
    }

    if (--reader->depth == 0) {
        reader->closed = 1;
    }
}


static void
itinerary_reader_text(void *data, const xmlChar *text, int len)
{
    itinerary_reader_t *reader = data;

    if (itinerary_element(itinerary_reader_place(reader))->flags
        & ITINERARY_EL_TEXT)
    {
        itinerary_draft_text(&reader->draft, text, len);
    }
}


static void
itinerary_reader_cdata(void *data, const xmlChar *text, int len)
{
    itinerary_reader_t *reader = data;

    if (reader->conf.reading == ITINERARY_READ_POST
        && itinerary_reader_is_plain(itinerary_reader_place(reader)))
    {
        (void) itinerary_reader_ambiguous(reader, NULL, "CDATA in its text");
        return;
    }

    itinerary_reader_text(data, text, len);
}


static void
itinerary_reader_comment(void *data, const xmlChar *text)
{
    itinerary_reader_t *reader = data;

    (void) text;

    if (reader->conf.reading == ITINERARY_READ_POST
        && itinerary_reader_is_plain(itinerary_reader_place(reader)))
    {
        (void) itinerary_reader_ambiguous(reader, NULL,
                                          "a comment in its text");
    }
}


static void
itinerary_reader_pi(void *data, const xmlChar *target, const xmlChar *text)
{
    itinerary_reader_t *reader = data;

    (void) target;
    (void) text;

    if (reader->conf.reading == ITINERARY_READ_POST) {
        (void) itinerary_reader_ambiguous(reader, NULL,
                                          "a processing instruction");
    }
}


/* without a document type, only the five predefined entities are known */

static void
itinerary_reader_reference(void *data, const xmlChar *name)
{
    itinerary_reader_t *reader = data;

    itinerary_reader_refuse(reader, ITINERARY_MALFORMED_BODY,
                            itinerary_reader_line(reader), NULL,
                            "unknown entity \"%s\"", (const char *) name);
}


/* the guard has seen it first */

static void
itinerary_reader_subset(void *data, const xmlChar *name,
    const xmlChar *public, const xmlChar *system)
{
    itinerary_reader_t *reader = data;

    (void) name;
    (void) public;
    (void) system;

    itinerary_reader_refuse(reader, ITINERARY_DOCTYPE_FORBIDDEN,
                            itinerary_reader_line(reader), NULL,
                            "a declaration");
}


static void
itinerary_reader_xml_error(void *data, itinerary_xml_error_t *error)
{
    itinerary_reader_t *reader = data;

    int  len;

    if (error->code == XML_ERR_NO_MEMORY) {

        if (reader->result == ITINERARY_OK) {
            reader->result = ITINERARY_NOMEM;
        }

        return;
    }

    if (error->level < XML_ERR_ERROR) {
        return;
    }

    len = error->message ? (int) strcspn(error->message, "\n") : 0;

    itinerary_reader_refuse(reader, ITINERARY_MALFORMED_BODY,
                            error->line > 0 ? error->line : 0, NULL,
                            "%.*s", len, len ? error->message : "");
}


/*
 * The element that begins in a post.  What is guarded must stand at its
 * place, once, as it is expected; all else is of no interest.
 */

static itinerary_element_e
itinerary_reader_posted(itinerary_reader_t *reader, const xmlChar *name,
    const xmlChar *uri, int nattributes, const xmlChar **attributes)
{
    int                         exact, ours;
    itinerary_element_e         element, parent;
    const itinerary_element_t  *row;

    parent = itinerary_reader_place(reader);
    ours = (uri == reader->namespace || xmlStrEqual(uri, reader->namespace));

    if (!ours && itinerary_reader_is_xinclude(uri)) {
        return itinerary_reader_ambiguous(reader, name, "XInclude");
    }

    if (itinerary_reader_is_plain(parent)) {
        return itinerary_reader_ambiguous(reader, NULL,
                                          "an element in its text");
    }

    element = itinerary_element_find(name, &exact);

    if (parent == ITINERARY_EL_DOCUMENT) {

        if (element != ITINERARY_EL_ITINERARY) {
            return itinerary_reader_not_itinerary(reader, name);
        }

        ours = itinerary_reader_is_ours(uri);
        reader->namespace = uri;
    }

    row = itinerary_element(element);

    if (element == ITINERARY_EL_OTHER || parent != row->parent) {
        return itinerary_reader_elsewhere(reader, element, name);
    }

    if (!exact || !ours) {

        if (row->flags & ITINERARY_EL_GUARDED) {
            return itinerary_reader_ambiguous(reader, name,
                                              exact ? "another namespace"
                                                    : "another letter case");
        }

        return ITINERARY_EL_OTHER;
    }

    if ((row->flags & ITINERARY_EL_ONCE)
        && itinerary_draft_has(&reader->draft, element))
    {
        return itinerary_reader_ambiguous(reader, name, "a second one");
    }

    if ((row->flags & ITINERARY_EL_GUARDED)
        && itinerary_reader_has_xsi(nattributes, attributes))
    {
        return itinerary_reader_ambiguous(reader, name,
                                          "xsi:nil or xsi:type");
    }

    return element;
}


/*
 * Tickets, charges and the like have locators and numbers of their own: below
 * what we do not know, these are harmless.
 */

static itinerary_element_e
itinerary_reader_elsewhere(itinerary_reader_t *reader,
    itinerary_element_e element, const xmlChar *name)
{
    unsigned             flags;
    itinerary_element_e  parent;

    parent = itinerary_reader_place(reader);
    flags = itinerary_element(element)->flags;

    if (flags & ITINERARY_EL_GUARDED) {

        if (!(flags & ITINERARY_EL_INNER)
            || (parent != ITINERARY_EL_OTHER && parent != ITINERARY_EL_SEGMENT)
            || (element == ITINERARY_EL_RECORD_LOCATOR
                && !reader->draft.booking))
        {
            return itinerary_reader_ambiguous(reader, name,
                                              "at another place than its own");
        }

        return ITINERARY_EL_OTHER;
    }

    return (parent == ITINERARY_EL_SEGMENTS) ? ITINERARY_EL_SEGMENT
                                             : ITINERARY_EL_OTHER;
}


/* the element that begins in an answer: the first of its kind counts */

static itinerary_element_e
itinerary_reader_answered(itinerary_reader_t *reader, const xmlChar *name,
    const xmlChar *uri)
{
    int                         exact;
    itinerary_element_e         element, parent;
    const itinerary_element_t  *row;

    parent = itinerary_reader_place(reader);
    element = itinerary_element_find(name, &exact);
    row = itinerary_element(element);

    if (parent == ITINERARY_EL_SEGMENTS) {
        return ITINERARY_EL_SEGMENT;
    }

    if (!exact
        || (uri != reader->namespace && !itinerary_reader_is_ours(uri))
        || (parent != row->parent
            && (element != ITINERARY_EL_BOOKING
                || parent != ITINERARY_EL_ITINERARY)))
    {
        element = ITINERARY_EL_OTHER;
    }

    if (parent == ITINERARY_EL_DOCUMENT) {

        if (element == ITINERARY_EL_OTHER) {
            return itinerary_reader_not_itinerary(reader, name);
        }

        if (itinerary_reader_is_ours(uri)) {
            reader->namespace = uri;
        }
    }

    if ((row->flags & ITINERARY_EL_TEXT)
        && element != ITINERARY_EL_OTHER
        && itinerary_draft_has(&reader->draft, element))
    {
        return ITINERARY_EL_OTHER;
    }

    return element;
}


static itinerary_element_e
itinerary_reader_not_itinerary(itinerary_reader_t *reader,
    const xmlChar *name)
{
    itinerary_reader_refuse(reader, ITINERARY_INVALID_DOCUMENT,
                            itinerary_reader_line(reader), name,
                            "the root is not Itinerary");

    return ITINERARY_EL_OTHER;
}


static itinerary_element_e
itinerary_reader_ambiguous(itinerary_reader_t *reader, const xmlChar *name,
    const char *text)
{
    itinerary_reader_refuse(reader, ITINERARY_AMBIGUOUS_BODY,
                            itinerary_reader_line(reader), name, "%s", text);

    return ITINERARY_EL_OTHER;
}


/* whether a post may have nothing but plain character data in the element */

static int
itinerary_reader_is_plain(itinerary_element_e element)
{
    unsigned  flags;

    flags = ITINERARY_EL_GUARDED|ITINERARY_EL_TEXT;

    return (itinerary_element(element)->flags & flags) == flags;
}


static int
itinerary_reader_is_ours(const xmlChar *uri)
{
    const char         *text;
    static const char   name[] = "://www.concursolutions.com"
                                 "/api/travel/trip/2010/06";

    if (uri == NULL) {
        return 1;
    }

    text = (const char *) uri;

    if (strncmp(text, "http", 4) != 0) {
        return 0;
    }

    text += (text[4] == 's') ? 5 : 4;

    return strcmp(text, name) == 0;
}


static int
itinerary_reader_is_xinclude(const xmlChar *uri)
{
    if (uri == NULL) {
        return 0;
    }

    return strcmp((const char *) uri, "http://www.w3.org/2001/XInclude") == 0
        || strcmp((const char *) uri, "http://www.w3.org/2003/XInclude") == 0;
}


/* libxml2 has five pointers for each: name, prefix, URI, value, its end */

static int
itinerary_reader_has_xsi(int nattributes, const xmlChar **attributes)
{
    const char         *name, *uri;
    static const char   xsi[] = "http://www.w3.org/2001/XMLSchema-instance";

    for ( /* void */ ; nattributes > 0; nattributes--, attributes += 5) {
        name = (const char *) attributes[0];
        uri = (const char *) attributes[2];

        if (uri && strcmp(uri, xsi) == 0
            && (strcmp(name, "nil") == 0 || strcmp(name, "type") == 0))
        {
            return 1;
        }
    }

    return 0;
}


static void
itinerary_reader_undrafted(itinerary_reader_t *reader, itinerary_result_e rc)
{
    if (rc == ITINERARY_NOMEM) {
        reader->result = ITINERARY_NOMEM;
        return;
    }

    itinerary_reader_refuse(reader, reader->draft.reason,
                            itinerary_reader_line(reader), NULL,
                            "%s", reader->draft.text);
}


/* the first refusal counts; "name" is a child of the innermost known place */

static void
itinerary_reader_refuse(itinerary_reader_t *reader, itinerary_reason_e reason,
    unsigned line, const xmlChar *name, const char *format, ...)
{
    char      path[ITINERARY_PATH_MAX], text[ITINERARY_TEXT_MAX];
    va_list   args;
    unsigned  depth;

    if (reader->result != ITINERARY_OK) {
        return;
    }

    for (depth = reader->depth;
         reader->places[depth] == ITINERARY_EL_OTHER;
         depth--)
    {
        /* void */
    }

    itinerary_draft_path(&reader->draft, reader->places[depth],
                         (const char *) name, path, sizeof(path));

    va_start(args, format);
    (void) vsnprintf(text, sizeof(text), format, args);
    va_end(args);

    reader->result = itinerary_refuse(reader->pool, &reader->error, reason,
                                      line, path, "%s", text);
}


static unsigned
itinerary_reader_line(itinerary_reader_t *reader)
{
    int  line;

    line = xmlSAX2GetLineNumber(reader->ctxt);

    return line > 0 ? line : 0;
}
