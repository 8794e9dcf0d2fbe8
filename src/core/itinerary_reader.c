
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
#include "itinerary_extract.h"
#include "itinerary_guard.h"
#include "itinerary_place.h"
#include "itinerary_reader.h"
#include "itinerary_rules.h"
#include "itinerary_validator.h"
#include "itinerary_xml.h"


/* libxml2 spends 0.7 s on a megabyte that comes byte by byte */

#define ITINERARY_PIECE_MIN  4096
#define ITINERARY_PIECE_MAX  (64 * 1024)


struct itinerary_reader_s {
    itinerary_pool_t          *pool;
    itinerary_reader_conf_t    conf;
    itinerary_result_e         result;
    itinerary_error_t          error;

    itinerary_guard_t          guard;
    xmlParserCtxtPtr           ctxt;

    itinerary_place_t          place;
    itinerary_draft_t          draft;
    itinerary_rules_t          rules;
    itinerary_validator_t      validator;
    itinerary_extract_t        extract;

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
static void itinerary_reader_begin(itinerary_reader_t *reader,
    itinerary_element_e element, const itinerary_tag_t *tag);
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

static void itinerary_reader_drafted(itinerary_reader_t *reader,
    itinerary_result_e rc);
static void itinerary_reader_refuse(itinerary_reader_t *reader,
    itinerary_reason_e reason, const xmlChar *name, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static unsigned itinerary_reader_line(itinerary_reader_t *reader);


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

    itinerary_guard_init(&reader->guard, conf->charset);
    itinerary_place_init(&reader->place, conf->reading, conf->roots);
    itinerary_draft_init(&reader->draft, pool, &reader->conf);
    itinerary_rules_init(&reader->rules, &reader->place, &reader->draft);

    if (conf->reading != ITINERARY_READ_POST) {
        reader->conf.schema = NULL;
        reader->conf.validate = 0;
    }

    if (itinerary_validator_init(&reader->validator, reader->conf.schema,
                                 &reader->place, &reader->draft)
        != ITINERARY_OK)
    {
        itinerary_reader_destroy(reader);
        return NULL;
    }

    reader->ctxt = xmlCreatePushParserCtxt(
                       (xmlSAXHandler *) &itinerary_reader_sax, reader,
                       NULL, 0, NULL);
    if (reader->ctxt == NULL) {
        itinerary_reader_destroy(reader);
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
    itinerary_validator_destroy(&reader->validator);

    xmlFreeParserCtxt(reader->ctxt);
    reader->ctxt = NULL;

    /* libxml2 keeps the last error of all, which quotes the document */

    xmlResetLastError();

    itinerary_extract_destroy(&reader->extract);
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
        itinerary_reader_refuse(reader, ITINERARY_MALFORMED_BODY, NULL,
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

        itinerary_reader_refuse(reader, guard->reason, NULL, "%s",
                                guard->text);
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
        itinerary_reader_refuse(reader, guard->reason, NULL, "%s",
                                guard->text);

    } else if (!reader->closed) {
        itinerary_reader_refuse(reader, ITINERARY_MALFORMED_BODY, NULL,
                                "a truncated document");
    }

    if (reader->result == ITINERARY_OK) {
        reader->result = itinerary_validator_finish(&reader->validator);
    }

    if (reader->result == ITINERARY_OK && reader->draft.invalid) {
        reader->result = itinerary_violations_refuse(&reader->draft.violations,
                                                     &reader->error);
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
        itinerary_reader_refuse(reader, ITINERARY_MALFORMED_BODY, NULL,
                                "xmlParseChunk() failed: %d", rc);
        return;
    }

    if (xmlDictSize(ctxt->dict) > ITINERARY_NAMES_MAX) {
        itinerary_reader_refuse(reader, ITINERARY_BODY_TOO_LARGE, NULL,
                                "more than %d different names",
                                ITINERARY_NAMES_MAX);
    }
}


static void
itinerary_reader_start(void *data, const xmlChar *name, const xmlChar *prefix,
    const xmlChar *uri, int nnamespaces, const xmlChar **namespaces,
    int nattributes, int ndefaulted, const xmlChar **attributes)
{
    itinerary_reader_t *reader = data;

    itinerary_tag_t      tag;
    itinerary_place_t   *place;
    itinerary_element_e  element;

    if (reader->result != ITINERARY_OK) {
        return;
    }

    place = &reader->place;

    tag.name = name;
    tag.prefix = prefix;
    tag.uri = uri;
    tag.nnamespaces = nnamespaces;
    tag.namespaces = namespaces;
    tag.nattributes = nattributes;
    tag.ndefaulted = ndefaulted;
    tag.attributes = attributes;

    if (itinerary_place_judge(place, &reader->draft, &tag, &element)
        != ITINERARY_OK)
    {
        itinerary_reader_refuse(reader, place->reason, name, "%s",
                                place->text);
        return;
    }

    reader->draft.document.root = place->root;

    itinerary_reader_begin(reader, element, &tag);

    if (reader->result == ITINERARY_OK) {
        place->elements[++place->depth] = element;
    }
}


/* an element begins below the place */

static void
itinerary_reader_begin(itinerary_reader_t *reader,
    itinerary_element_e element, const itinerary_tag_t *tag)
{
    int                  ruled;
    unsigned             line;
    itinerary_result_e   rc;
    itinerary_element_e  parent;

    parent = itinerary_place_element(&reader->place);

    ruled = itinerary_rules_has(&reader->rules, element)
            || (reader->conf.validate
                && itinerary_rules_has(&reader->rules, parent));

    /* most elements need no line */

    line = (element != ITINERARY_EL_OTHER || ruled || reader->conf.schema)
           ? itinerary_reader_line(reader) : 0;

    if (element != ITINERARY_EL_OTHER) {
        rc = itinerary_draft_begin(&reader->draft, element, line);

        if (rc != ITINERARY_OK) {
            itinerary_reader_drafted(reader, rc);
            return;
        }
    }

    if (ruled) {
        rc = itinerary_rules_start(&reader->rules, element, tag, line);

        if (rc != ITINERARY_OK) {
            itinerary_reader_refuse(reader, ITINERARY_AMBIGUOUS_BODY,
                                    tag->name, "a second one");
            return;
        }
    }

    if (reader->conf.schema) {
        reader->result = itinerary_validator_start(&reader->validator, element,
                                                   tag, line);
        if (reader->result != ITINERARY_OK) {
            return;
        }
    }

    if (reader->conf.digests) {
        itinerary_extract_start(&reader->extract, parent, element, tag);
    }
}


static void
itinerary_reader_end(void *data, const xmlChar *name, const xmlChar *prefix,
    const xmlChar *uri)
{
    itinerary_reader_t *reader = data;

    itinerary_element_e  element;

    if (reader->result != ITINERARY_OK) {
        return;
    }

    element = itinerary_place_element(&reader->place);

    if (reader->rules.rule || itinerary_rules_has(&reader->rules, element)) {
        reader->result = itinerary_rules_end(&reader->rules, element);

        if (reader->result != ITINERARY_OK) {
            return;
        }
    }

    if (reader->conf.schema) {
        reader->result = itinerary_validator_end(&reader->validator, name,
                             prefix, uri, itinerary_reader_line(reader));
        if (reader->result != ITINERARY_OK) {
            return;
        }
    }

    if (element != ITINERARY_EL_OTHER) {
        itinerary_reader_drafted(reader,
                                 itinerary_draft_end(&reader->draft, element));

        if (reader->result != ITINERARY_OK) {
            return;
        }
    }

    reader->place.depth--;

    if (reader->conf.digests
        && itinerary_extract_end(&reader->extract,
                                 itinerary_place_element(&reader->place),
                                 element, reader->pool,
                                 &reader->draft.document)
           != ITINERARY_OK)
    {
        reader->result = ITINERARY_NOMEM;
        return;
    }

    if (reader->place.depth == 0) {
        reader->closed = 1;
    }
}


static void
itinerary_reader_text(void *data, const xmlChar *text, int len)
{
    itinerary_reader_t *reader = data;

    itinerary_element_e  element;

    if (reader->result != ITINERARY_OK) {
        return;
    }

    element = itinerary_place_element(&reader->place);

    if (reader->rules.rule) {
        itinerary_rules_text(&reader->rules, text, len);
    }

    if (reader->conf.schema) {
        reader->result = itinerary_validator_text(&reader->validator, text,
                             len, itinerary_reader_line(reader));
    }

    if (itinerary_elements[element].flags & ITINERARY_EL_TEXT) {
        itinerary_draft_text(&reader->draft, text, len);
    }

    if (reader->conf.digests) {
        itinerary_extract_text(&reader->extract, element, text, len);
    }
}


static void
itinerary_reader_cdata(void *data, const xmlChar *text, int len)
{
    itinerary_reader_t *reader = data;

    if (itinerary_place_is_plain(&reader->place)) {
        itinerary_reader_refuse(reader, ITINERARY_AMBIGUOUS_BODY, NULL,
                                "CDATA within text");
        return;
    }

    itinerary_reader_text(data, text, len);
}


static void
itinerary_reader_comment(void *data, const xmlChar *text)
{
    itinerary_reader_t *reader = data;

    (void) text;

    if (itinerary_place_is_plain(&reader->place)) {
        itinerary_reader_refuse(reader, ITINERARY_AMBIGUOUS_BODY, NULL,
                                "a comment within text");
    }
}


static void
itinerary_reader_pi(void *data, const xmlChar *target, const xmlChar *text)
{
    itinerary_reader_t *reader = data;

    (void) target;
    (void) text;

    if (reader->conf.reading == ITINERARY_READ_POST) {
        itinerary_reader_refuse(reader, ITINERARY_AMBIGUOUS_BODY, NULL,
                                "a processing instruction");
    }
}


/* without a document type, only the five predefined entities are known */

static void
itinerary_reader_reference(void *data, const xmlChar *name)
{
    itinerary_reader_t *reader = data;

    itinerary_reader_refuse(reader, ITINERARY_MALFORMED_BODY, NULL,
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

    itinerary_reader_refuse(reader, ITINERARY_DOCTYPE_FORBIDDEN, NULL,
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

    itinerary_reader_refuse(reader, ITINERARY_MALFORMED_BODY, NULL,
                            "%.*s", len, len ? error->message : "");
}


/* what the draft makes of an element's beginning or end */

static void
itinerary_reader_drafted(itinerary_reader_t *reader, itinerary_result_e rc)
{
    if (rc == ITINERARY_REFUSED) {
        itinerary_reader_refuse(reader, reader->draft.reason, NULL, "%s",
                                reader->draft.text);

    } else if (rc == ITINERARY_NOMEM) {
        reader->result = ITINERARY_NOMEM;
    }
}


/*
 * The first refusal counts.  The path is that of the innermost element that
 * the reader knows, and of the element "name" below it unless that is NULL.
 */

static void
itinerary_reader_refuse(itinerary_reader_t *reader, itinerary_reason_e reason,
    const xmlChar *name, const char *format, ...)
{
    char     path[ITINERARY_PATH_MAX], text[ITINERARY_TEXT_MAX];
    va_list  args;

    if (reader->result != ITINERARY_OK) {
        return;
    }

    itinerary_draft_path(&reader->draft, itinerary_place_known(&reader->place),
                         (const char *) name, path, sizeof(path));

    va_start(args, format);
    (void) vsnprintf(text, sizeof(text), format, args);
    va_end(args);

    reader->result = itinerary_refuse(reader->pool, &reader->error, reason,
                                      itinerary_reader_line(reader), path,
                                      "%s", text);
}


static unsigned
itinerary_reader_line(itinerary_reader_t *reader)
{
    int  line;

    line = xmlSAX2GetLineNumber(reader->ctxt);

    return line > 0 ? line : 0;
}
