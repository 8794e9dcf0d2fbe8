
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <libxml/parser.h>
#include <libxml/tree.h>

#include "ngx_http_itinerary_sandbox_namespace.h"
#include "ngx_http_itinerary_sandbox_document.h"


static xmlNodePtr ngx_http_itinerary_sandbox_field(xmlDocPtr doc,
    const char *name);
static ngx_int_t ngx_http_itinerary_sandbox_is_empty(xmlNodePtr parent,
    const char *name, ngx_uint_t *empty);
static ngx_uint_t ngx_http_itinerary_sandbox_is_blank(xmlNodePtr node);
static xmlNodePtr ngx_http_itinerary_sandbox_element(xmlDocPtr doc,
    const char *name, const char *value);
static ngx_int_t ngx_http_itinerary_sandbox_replace_text(xmlNodePtr node,
    const char *value);
static ngx_int_t ngx_http_itinerary_sandbox_insert(xmlDocPtr doc,
    xmlNodePtr node);
static ngx_int_t ngx_http_itinerary_sandbox_insert_first(xmlNodePtr parent,
    xmlNodePtr node);
static ngx_int_t ngx_http_itinerary_sandbox_insert_after(xmlNodePtr previous,
    xmlNodePtr node);


/* the trip's fields in the order of the reference's examples */

static const char  *ngx_http_itinerary_sandbox_fields[] = {
    "id",
    "ItinLocator",
    "ClientLocator",
    "ItinSourceName",
    "TripName",
    "TripStatus",
    "Comments",
    "StartDateLocal",
    "EndDateLocal",
    "DateModifiedUtc",
    "BookedVia",
    "BookedByFirstName",
    "BookedByLastName",
    "DateBookedLocal",
    "Bookings",
    NULL
};


ngx_http_itinerary_sandbox_result_e
ngx_http_itinerary_sandbox_document_read(ngx_str_t *text, const char *root,
    ngx_log_t *log, xmlDocPtr *doc)
{
    xmlNodePtr                           node;
    const xmlError                      *err;
    xmlParserCtxtPtr                     ctxt;
    ngx_http_itinerary_sandbox_result_e  rc;

    *doc = NULL;

    if (text->len == 0 || text->len > NGX_MAX_INT32_VALUE) {
        return NGX_HTTP_ITINERARY_SANDBOX_MALFORMED;
    }

    ctxt = xmlNewParserCtxt();
    if (ctxt == NULL) {
        return NGX_HTTP_ITINERARY_SANDBOX_FAILED;
    }

    /* entities stay what they are: a document that has any is refused */

    *doc = xmlCtxtReadMemory(ctxt, (const char *) text->data,
                             (int) text->len, NULL, NULL,
                             XML_PARSE_NONET|XML_PARSE_NOERROR
                             |XML_PARSE_NOWARNING);

    rc = NGX_HTTP_ITINERARY_SANDBOX_OK;

    if (*doc == NULL) {
        err = xmlCtxtGetLastError(ctxt);

        ngx_log_error(NGX_LOG_INFO, log, 0,
                      "itinerary sandbox: xmlCtxtReadMemory() failed: %d, "
                      "line %d", err ? err->code : 0, err ? err->line : 0);

        rc = (err && err->code == XML_ERR_NO_MEMORY)
             ? NGX_HTTP_ITINERARY_SANDBOX_FAILED
             : NGX_HTTP_ITINERARY_SANDBOX_MALFORMED;
    }

    xmlFreeParserCtxt(ctxt);
    xmlResetLastError();

    if (*doc == NULL) {
        return rc;
    }

    node = xmlDocGetRootElement(*doc);

    if (xmlGetIntSubset(*doc) != NULL) {
        rc = NGX_HTTP_ITINERARY_SANDBOX_DOCTYPE;

    } else if (!ngx_http_itinerary_sandbox_is(node, root)
               || !ngx_http_itinerary_sandbox_is_ours(node->ns))
    {
        rc = NGX_HTTP_ITINERARY_SANDBOX_ROOT;

    } else {

        switch (ngx_http_itinerary_sandbox_adopt_root(node)) {

        case NGX_OK:
            break;

        case NGX_DECLINED:
            rc = NGX_HTTP_ITINERARY_SANDBOX_NAMESPACE;
            break;

        default: /* NGX_ERROR */
            rc = NGX_HTTP_ITINERARY_SANDBOX_FAILED;
        }
    }

    if (rc != NGX_HTTP_ITINERARY_SANDBOX_OK) {
        xmlFreeDoc(*doc);
        *doc = NULL;
    }

    return rc;
}


ngx_http_itinerary_sandbox_result_e
ngx_http_itinerary_sandbox_document_check(xmlDocPtr doc, ngx_uint_t trip)
{
    xmlNodePtr  root, booking;
    ngx_uint_t  i, empty;

    static struct {
        const char                           *name;
        ngx_http_itinerary_sandbox_result_e   trip;
        ngx_http_itinerary_sandbox_result_e   booking;
    } required[] = {
        { "TripName", NGX_HTTP_ITINERARY_SANDBOX_TRIP_NAME, 0 },
        { "TripStatus", NGX_HTTP_ITINERARY_SANDBOX_TRIP_STATUS, 0 },
        { "BookingSource", 0, NGX_HTTP_ITINERARY_SANDBOX_BOOKING_SOURCE },
        { "RecordLocator", 0, NGX_HTTP_ITINERARY_SANDBOX_RECORD_LOCATOR },
        { NULL, 0, 0 }
    };

    root = xmlDocGetRootElement(doc);

    for (i = 0; required[i].name; i++) {

        if (required[i].trip) {

            if (!trip) {
                continue;
            }

            if (ngx_http_itinerary_sandbox_is_empty(root, required[i].name,
                                                    &empty)
                != NGX_OK)
            {
                return NGX_HTTP_ITINERARY_SANDBOX_FAILED;
            }

            if (empty) {
                return required[i].trip;
            }

            continue;
        }

        booking = NULL;

        for ( ;; ) {
            booking = ngx_http_itinerary_sandbox_document_booking(doc,
                                                                  booking);
            if (booking == NULL) {
                break;
            }

            if (ngx_http_itinerary_sandbox_is_empty(booking, required[i].name,
                                                    &empty)
                != NGX_OK)
            {
                return NGX_HTTP_ITINERARY_SANDBOX_FAILED;
            }

            if (empty) {
                return required[i].booking;
            }
        }
    }

    return NGX_HTTP_ITINERARY_SANDBOX_OK;
}


ngx_int_t
ngx_http_itinerary_sandbox_document_text(ngx_pool_t *pool, xmlNodePtr parent,
    const char *name, ngx_str_t *text)
{
    u_char      *p, *last;
    xmlChar     *content;
    xmlNodePtr   node;

    ngx_str_null(text);

    node = ngx_http_itinerary_sandbox_document_child(parent, name);
    if (node == NULL) {
        return NGX_OK;
    }

    content = xmlNodeGetContent(node);
    if (content == NULL) {
        return NGX_ERROR;
    }

    p = content;
    last = p + ngx_strlen(content);

    while (p < last && (*p == ' ' || *p == '\t' || *p == CR || *p == LF)) {
        p++;
    }

    while (p < last && (last[-1] == ' ' || last[-1] == '\t'
                        || last[-1] == CR || last[-1] == LF))
    {
        last--;
    }

    text->data = ngx_pnalloc(pool, last - p + 1);

    if (text->data != NULL) {
        text->len = last - p;
        *ngx_cpymem(text->data, p, text->len) = '\0';
    }

    xmlFree(content);

    return text->data ? NGX_OK : NGX_ERROR;
}


static xmlNodePtr
ngx_http_itinerary_sandbox_field(xmlDocPtr doc, const char *name)
{
    return ngx_http_itinerary_sandbox_document_child(xmlDocGetRootElement(doc),
                                                     name);
}


ngx_int_t
ngx_http_itinerary_sandbox_document_set(xmlDocPtr doc, const char *name,
    const char *value)
{
    xmlNodePtr  node;

    node = ngx_http_itinerary_sandbox_field(doc, name);

    if (node == NULL) {
        node = ngx_http_itinerary_sandbox_element(doc, name, value);
        if (node == NULL) {
            return NGX_ERROR;
        }

        return ngx_http_itinerary_sandbox_insert(doc, node);
    }

    return ngx_http_itinerary_sandbox_replace_text(node, value);
}


ngx_int_t
ngx_http_itinerary_sandbox_document_default(xmlDocPtr doc, const char *name,
    const char *value)
{
    if (ngx_http_itinerary_sandbox_field(doc, name)) {
        return NGX_OK;
    }

    return ngx_http_itinerary_sandbox_document_set(doc, name, value);
}


void
ngx_http_itinerary_sandbox_document_unset(xmlDocPtr doc, const char *name)
{
    xmlNodePtr  node;

    for ( ;; ) {
        node = ngx_http_itinerary_sandbox_field(doc, name);
        if (node == NULL) {
            return;
        }

        ngx_http_itinerary_sandbox_document_remove(node);
    }
}


/*
 * In most documents the bookings are children of Bookings, of which there may
 * be several; in some they stand directly below the trip.
 */

xmlNodePtr
ngx_http_itinerary_sandbox_document_booking(xmlDocPtr doc, xmlNodePtr booking)
{
    xmlNodePtr  root, node, child;

    root = xmlDocGetRootElement(doc);

    if (booking == NULL) {
        node = root->children;

    } else {

        for (child = booking->next; child; child = child->next) {
            if (ngx_http_itinerary_sandbox_is(child, "Booking")) {
                return child;
            }

            if (booking->parent == root
                && ngx_http_itinerary_sandbox_is(child, "Bookings"))
            {
                break;
            }
        }

        node = (booking->parent == root) ? child : booking->parent->next;
    }

    for ( /* void */ ; node; node = node->next) {

        if (ngx_http_itinerary_sandbox_is(node, "Booking")) {
            return node;
        }

        if (!ngx_http_itinerary_sandbox_is(node, "Bookings")) {
            continue;
        }

        child = ngx_http_itinerary_sandbox_document_child(node, "Booking");
        if (child) {
            return child;
        }
    }

    return NULL;
}


xmlNodePtr
ngx_http_itinerary_sandbox_document_put(xmlDocPtr doc, xmlNodePtr booking,
    xmlNodePtr old)
{
    ngx_int_t   rc;
    xmlNodePtr  node, copy, last;

    copy = xmlDocCopyNode(booking, doc, 1);
    if (copy == NULL) {
        return NULL;
    }

    if (old) {
        (void) xmlReplaceNode(old, copy);
        xmlFreeNode(old);

    } else {
        last = NULL;
        node = NULL;

        for ( ;; ) {
            node = ngx_http_itinerary_sandbox_document_booking(doc, node);
            if (node == NULL) {
                break;
            }

            last = node;
        }

        if (last) {
            rc = ngx_http_itinerary_sandbox_insert_after(last, copy);

        } else {
            node = ngx_http_itinerary_sandbox_field(doc, "Bookings");

            if (node == NULL) {
                node = ngx_http_itinerary_sandbox_element(doc, "Bookings",
                                                          NULL);
                if (node == NULL
                    || ngx_http_itinerary_sandbox_insert(doc, node) != NGX_OK)
                {
                    xmlFreeNode(copy);
                    return NULL;
                }
            }

            rc = ngx_http_itinerary_sandbox_insert_first(node, copy);
        }

        if (rc != NGX_OK) {
            return NULL;
        }
    }

    return (ngx_http_itinerary_sandbox_adopt(copy) == NGX_OK) ? copy : NULL;
}


ngx_int_t
ngx_http_itinerary_sandbox_document_set_booking(xmlDocPtr doc,
    xmlNodePtr booking, const char *name, const char *value)
{
    xmlNodePtr  node, last;

    node = ngx_http_itinerary_sandbox_document_child(booking, name);
    if (node) {
        return ngx_http_itinerary_sandbox_replace_text(node, value);
    }

    node = ngx_http_itinerary_sandbox_element(doc, name, value);
    if (node == NULL) {
        return NGX_ERROR;
    }

    last = xmlLastElementChild(booking);

    return last ? ngx_http_itinerary_sandbox_insert_after(last, node)
                : ngx_http_itinerary_sandbox_insert_first(booking, node);
}


xmlNodePtr
ngx_http_itinerary_sandbox_document_segment(xmlNodePtr booking,
    xmlNodePtr segment)
{
    xmlNodePtr  node, child;

    node = segment ? segment->parent : booking->children;

    for ( /* void */ ; node; node = node->next) {

        if (!ngx_http_itinerary_sandbox_is(node, "Segments")) {
            continue;
        }

        child = segment ? segment->next : node->children;
        segment = NULL;

        for ( /* void */ ; child; child = child->next) {
            if (child->type == XML_ELEMENT_NODE) {
                return child;
            }
        }
    }

    return NULL;
}


ngx_int_t
ngx_http_itinerary_sandbox_document_cancel(xmlDocPtr doc, xmlNodePtr booking)
{
    char        count[NGX_INT_T_LEN + 1];
    xmlNodePtr  node, child;
    ngx_uint_t  n, segments;

    n = 0;
    segments = 0;

    for (node = booking->children; node; node = node->next) {

        if (ngx_http_itinerary_sandbox_is(node, "Segments")) {
            xmlNodeSetContent(node, NULL);
            segments++;
        }

        if (ngx_http_itinerary_sandbox_is(node, "Passengers")) {
            for (child = node->children; child; child = child->next) {
                if (ngx_http_itinerary_sandbox_is(child, "Passenger")) {
                    n++;
                }
            }
        }
    }

    if (segments == 0) {
        node = ngx_http_itinerary_sandbox_element(doc, "Segments", NULL);

        if (node == NULL
            || ngx_http_itinerary_sandbox_insert_first(booking, node)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (ngx_http_itinerary_sandbox_document_child(booking, "PassengerCount")) {
        return NGX_OK;
    }

    *ngx_sprintf((u_char *) count, "%ui", n) = '\0';

    return ngx_http_itinerary_sandbox_document_set_booking(doc, booking,
                                                           "PassengerCount",
                                                           count);
}


ngx_int_t
ngx_http_itinerary_sandbox_document_unwrap(xmlDocPtr doc)
{
    xmlNodePtr  bookings, child, next, last;

    for ( ;; ) {
        bookings = ngx_http_itinerary_sandbox_field(doc, "Bookings");
        if (bookings == NULL) {
            return NGX_OK;
        }

        last = bookings;

        for (child = bookings->children; child; child = next) {

            next = child->next;

            if (child->type != XML_ELEMENT_NODE) {
                continue;
            }

            xmlUnlinkNode(child);

            if (ngx_http_itinerary_sandbox_insert_after(last, child)
                != NGX_OK)
            {
                return NGX_ERROR;
            }

            last = child;
        }

        ngx_http_itinerary_sandbox_document_remove(bookings);
    }
}


xmlOutputBufferPtr
ngx_http_itinerary_sandbox_document_write(xmlDocPtr doc)
{
    u_char              *text;
    size_t               len, name;
    xmlChar             *encoding;
    xmlNodePtr           root;
    xmlOutputBufferPtr   out;

    /* or else attributes would be written with character references */

    encoding = xmlStrdup((const xmlChar *) "UTF-8");
    if (encoding == NULL) {
        return NULL;
    }

    if (doc->encoding) {
        xmlFree((xmlChar *) doc->encoding);
    }

    doc->encoding = encoding;

    out = xmlAllocOutputBuffer(NULL);
    if (out == NULL) {
        return NULL;
    }

    root = xmlDocGetRootElement(doc);

    xmlNodeDumpOutput(out, doc, root, 0, 0, "UTF-8");

    text = (u_char *) xmlOutputBufferGetContent(out);
    len = xmlOutputBufferGetSize(out);
    name = ngx_strlen(root->name);

    /* a failed allocation leaves the text short */

    if (text == NULL
        || len < name + 2
        || text[len - 1] != '>'
        || (text[len - 2] != '/'
            && ngx_memcmp(text + len - 1 - name, root->name, name) != 0))
    {
        (void) xmlOutputBufferClose(out);
        return NULL;
    }

    return out;
}


xmlNodePtr
ngx_http_itinerary_sandbox_document_child(xmlNodePtr parent, const char *name)
{
    xmlNodePtr  node;

    for (node = parent->children; node; node = node->next) {
        if (ngx_http_itinerary_sandbox_is(node, name)) {
            return node;
        }
    }

    return NULL;
}


static ngx_int_t
ngx_http_itinerary_sandbox_is_empty(xmlNodePtr parent, const char *name,
    ngx_uint_t *empty)
{
    xmlChar     *content, *p;
    xmlNodePtr   node;

    *empty = 1;

    node = ngx_http_itinerary_sandbox_document_child(parent, name);
    if (node == NULL) {
        return NGX_OK;
    }

    content = xmlNodeGetContent(node);
    if (content == NULL) {
        return NGX_ERROR;
    }

    for (p = content; *p; p++) {
        if (*p != ' ' && *p != '\t' && *p != CR && *p != LF) {
            *empty = 0;
            break;
        }
    }

    xmlFree(content);

    return NGX_OK;
}


static ngx_uint_t
ngx_http_itinerary_sandbox_is_blank(xmlNodePtr node)
{
    return node != NULL && node->type == XML_TEXT_NODE && xmlIsBlankNode(node);
}


static xmlNodePtr
ngx_http_itinerary_sandbox_element(xmlDocPtr doc, const char *name,
    const char *value)
{
    xmlNodePtr  node, text;

    node = xmlNewDocNode(doc, xmlDocGetRootElement(doc)->ns,
                         (const xmlChar *) name, NULL);
    if (node == NULL || value == NULL) {
        return node;
    }

    text = xmlNewDocText(doc, (const xmlChar *) value);
    if (text == NULL) {
        xmlFreeNode(node);
        return NULL;
    }

    (void) xmlAddChild(node, text);

    return node;
}


static ngx_int_t
ngx_http_itinerary_sandbox_replace_text(xmlNodePtr node, const char *value)
{
    xmlNodePtr  text;

    text = xmlNewDocText(node->doc, (const xmlChar *) value);
    if (text == NULL) {
        return NGX_ERROR;
    }

    /* xsi:nil would contradict the text */

    while (node->properties) {
        (void) xmlRemoveProp(node->properties);
    }

    xmlNodeSetContent(node, NULL);
    (void) xmlAddChild(node, text);

    return NGX_OK;
}


/* the functions that insert a node own it, also if they fail */

static ngx_int_t
ngx_http_itinerary_sandbox_insert(xmlDocPtr doc, xmlNodePtr node)
{
    ngx_uint_t   i;
    xmlNodePtr   root, previous;
    const char  *name;

    root = xmlDocGetRootElement(doc);

    for (i = 0; ngx_http_itinerary_sandbox_fields[i]; i++) {
        name = ngx_http_itinerary_sandbox_fields[i];

        if (ngx_http_itinerary_sandbox_is(node, name)) {
            break;
        }
    }

    while (i-- > 0) {
        name = ngx_http_itinerary_sandbox_fields[i];

        previous = ngx_http_itinerary_sandbox_document_child(root, name);
        if (previous) {
            return ngx_http_itinerary_sandbox_insert_after(previous, node);
        }
    }

    return ngx_http_itinerary_sandbox_insert_first(root, node);
}


/* a new element is indented as its neighbour is */

static ngx_int_t
ngx_http_itinerary_sandbox_insert_first(xmlNodePtr parent, xmlNodePtr node)
{
    xmlNodePtr  first, blank;

    first = parent->children;

    if (first == NULL) {
        (void) xmlAddChild(parent, node);
        return NGX_OK;
    }

    if (!ngx_http_itinerary_sandbox_is_blank(first)) {
        (void) xmlAddPrevSibling(first, node);
        return NGX_OK;
    }

    blank = NULL;

    if (first->next) {
        blank = xmlNewDocText(parent->doc, first->content);
        if (blank == NULL) {
            xmlFreeNode(node);
            return NGX_ERROR;
        }
    }

    (void) xmlAddNextSibling(first, node);

    if (blank) {
        (void) xmlAddNextSibling(node, blank);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_itinerary_sandbox_insert_after(xmlNodePtr previous, xmlNodePtr node)
{
    xmlNodePtr  blank;

    blank = NULL;

    if (ngx_http_itinerary_sandbox_is_blank(previous->prev)) {
        blank = xmlNewDocText(previous->doc, previous->prev->content);
        if (blank == NULL) {
            xmlFreeNode(node);
            return NGX_ERROR;
        }
    }

    (void) xmlAddNextSibling(previous, node);

    if (blank) {
        (void) xmlAddNextSibling(previous, blank);
    }

    return NGX_OK;
}


void
ngx_http_itinerary_sandbox_document_remove(xmlNodePtr node)
{
    xmlNodePtr  blank;

    blank = node->prev;

    if (ngx_http_itinerary_sandbox_is_blank(blank)) {
        xmlUnlinkNode(blank);
        xmlFreeNode(blank);
    }

    xmlUnlinkNode(node);
    xmlFreeNode(node);
}
