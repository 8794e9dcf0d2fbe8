
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <libxml/parser.h>
#include <libxml/tree.h>

#include "ngx_http_itinerary_sandbox_document.h"


#define ngx_http_itinerary_sandbox_is(node, string)                           \
    ((node)->type == XML_ELEMENT_NODE                                         \
     && xmlStrEqual((node)->name, (const xmlChar *) (string)))


static xmlNodePtr ngx_http_itinerary_sandbox_child(xmlNodePtr parent,
    const char *name);
static ngx_int_t ngx_http_itinerary_sandbox_is_empty(xmlNodePtr parent,
    const char *name, ngx_uint_t *empty);
static ngx_uint_t ngx_http_itinerary_sandbox_is_blank(xmlNodePtr node);
static ngx_uint_t ngx_http_itinerary_sandbox_is_ours(xmlNsPtr ns);
static ngx_http_itinerary_sandbox_result_e
    ngx_http_itinerary_sandbox_adopt_root(xmlNodePtr root);
static ngx_http_itinerary_sandbox_result_e ngx_http_itinerary_sandbox_adopt(
    xmlNodePtr node, xmlNsPtr ours, xmlNsPtr scope, xmlNsPtr *unused);
static ngx_http_itinerary_sandbox_result_e
    ngx_http_itinerary_sandbox_adopt_ns(xmlNodePtr node, xmlNsPtr *scope,
    xmlNsPtr *unused);
static xmlNodePtr ngx_http_itinerary_sandbox_element(xmlDocPtr doc,
    const char *name, const char *value);
static ngx_int_t ngx_http_itinerary_sandbox_insert(xmlDocPtr doc,
    xmlNodePtr node);
static ngx_int_t ngx_http_itinerary_sandbox_insert_first(xmlNodePtr parent,
    xmlNodePtr node);
static ngx_int_t ngx_http_itinerary_sandbox_insert_after(xmlNodePtr previous,
    xmlNodePtr node);
static void ngx_http_itinerary_sandbox_remove(xmlNodePtr node);


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
ngx_http_itinerary_sandbox_document_read(ngx_str_t *text, ngx_log_t *log,
    xmlDocPtr *doc)
{
    xmlParserCtxtPtr                     ctxt;
    const xmlError                      *err;
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

    if (*doc == NULL) {
        return rc;
    }

    if (xmlGetIntSubset(*doc) != NULL) {
        rc = NGX_HTTP_ITINERARY_SANDBOX_DOCTYPE;

    } else {
        rc = ngx_http_itinerary_sandbox_adopt_root(xmlDocGetRootElement(*doc));
    }

    if (rc != NGX_HTTP_ITINERARY_SANDBOX_OK) {
        xmlFreeDoc(*doc);
        *doc = NULL;
    }

    return rc;
}


ngx_http_itinerary_sandbox_result_e
ngx_http_itinerary_sandbox_document_check(xmlDocPtr doc)
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

    node = ngx_http_itinerary_sandbox_child(parent, name);
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


xmlNodePtr
ngx_http_itinerary_sandbox_document_field(xmlDocPtr doc, const char *name)
{
    return ngx_http_itinerary_sandbox_child(xmlDocGetRootElement(doc), name);
}


ngx_int_t
ngx_http_itinerary_sandbox_document_set(xmlDocPtr doc, const char *name,
    const char *value)
{
    xmlNodePtr  node, text;

    node = ngx_http_itinerary_sandbox_document_field(doc, name);

    if (node == NULL) {
        node = ngx_http_itinerary_sandbox_element(doc, name, value);
        if (node == NULL) {
            return NGX_ERROR;
        }

        return ngx_http_itinerary_sandbox_insert(doc, node);
    }

    text = xmlNewDocText(doc, (const xmlChar *) value);
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


void
ngx_http_itinerary_sandbox_document_unset(xmlDocPtr doc, const char *name)
{
    xmlNodePtr  node;

    for ( ;; ) {
        node = ngx_http_itinerary_sandbox_document_field(doc, name);
        if (node == NULL) {
            return;
        }

        ngx_http_itinerary_sandbox_remove(node);
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

        child = ngx_http_itinerary_sandbox_child(node, "Booking");
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
    xmlNsPtr    unused;
    xmlNodePtr  root, node, copy, last;
    ngx_int_t   rc;

    root = xmlDocGetRootElement(doc);

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
            node = ngx_http_itinerary_sandbox_document_field(doc, "Bookings");

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

    /* the copy brought declarations of its own for what it uses */

    unused = NULL;

    rc = ngx_http_itinerary_sandbox_adopt(copy, root->ns, root->ns, &unused);

    xmlFreeNsList(unused);

    return (rc == NGX_HTTP_ITINERARY_SANDBOX_OK) ? copy : NULL;
}


ngx_int_t
ngx_http_itinerary_sandbox_document_cancel(xmlDocPtr doc, xmlNodePtr booking)
{
    char         count[NGX_INT_T_LEN + 1];
    xmlNodePtr   node, child, last;
    ngx_uint_t   n, segments;

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

    if (ngx_http_itinerary_sandbox_child(booking, "PassengerCount")) {
        return NGX_OK;
    }

    *ngx_sprintf((u_char *) count, "%ui", n) = '\0';

    node = ngx_http_itinerary_sandbox_element(doc, "PassengerCount", count);
    if (node == NULL) {
        return NGX_ERROR;
    }

    last = xmlLastElementChild(booking);

    return ngx_http_itinerary_sandbox_insert_after(last, node);
}


xmlOutputBufferPtr
ngx_http_itinerary_sandbox_document_write(xmlDocPtr doc, size_t *mark)
{
    size_t               len;
    u_char              *p, *text;
    xmlChar             *encoding;
    xmlNodePtr           node;
    xmlOutputBufferPtr   out;

    static const char  end[] = "</Itinerary>";

    ngx_http_itinerary_sandbox_document_unset(doc, "id");

    node = ngx_http_itinerary_sandbox_element(doc, "id", NULL);

    if (node == NULL
        || ngx_http_itinerary_sandbox_insert(doc, node) != NGX_OK)
    {
        return NULL;
    }

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

    xmlNodeDumpOutput(out, doc, xmlDocGetRootElement(doc), 0, 0, "UTF-8");

    text = (u_char *) xmlOutputBufferGetContent(out);
    len = xmlOutputBufferGetSize(out);

    /* a failed allocation leaves the text short */

    if (text == NULL
        || len < sizeof(end) - 1
        || ngx_memcmp(text + len - (sizeof(end) - 1), end, sizeof(end) - 1)
           != 0)
    {
        goto failed;
    }

    /* nothing before the mark can hold a "<" but the tag of the trip */

    p = ngx_strnstr(text, NGX_HTTP_ITINERARY_SANDBOX_MARK, len);
    if (p == NULL) {
        goto failed;
    }

    *mark = p - text;

    return out;

failed:

    (void) xmlOutputBufferClose(out);

    return NULL;
}


static xmlNodePtr
ngx_http_itinerary_sandbox_child(xmlNodePtr parent, const char *name)
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

    node = ngx_http_itinerary_sandbox_child(parent, name);
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


static ngx_uint_t
ngx_http_itinerary_sandbox_is_ours(xmlNsPtr ns)
{
    static const char  https[] = "https://www.concursolutions.com/api/travel"
                                 "/trip/2010/06";

    return ns == NULL
           || ns->href == NULL
           || ns->href[0] == '\0'
           || xmlStrEqual(ns->href, (const xmlChar *) https)
           || xmlStrEqual(ns->href, (const xmlChar *)
                                    NGX_HTTP_ITINERARY_SANDBOX_XMLNS);
}


static ngx_http_itinerary_sandbox_result_e
ngx_http_itinerary_sandbox_adopt_root(xmlNodePtr root)
{
    xmlNsPtr                             ns, ours, unused;
    ngx_http_itinerary_sandbox_result_e  rc;

    if (!ngx_http_itinerary_sandbox_is(root, "Itinerary")
        || !ngx_http_itinerary_sandbox_is_ours(root->ns))
    {
        return NGX_HTTP_ITINERARY_SANDBOX_ROOT;
    }

    for (ns = root->nsDef; ns; ns = ns->next) {
        if (ns->prefix == NULL && !ngx_http_itinerary_sandbox_is_ours(ns)) {
            return NGX_HTTP_ITINERARY_SANDBOX_NAMESPACE;
        }
    }

    ours = xmlNewNs(NULL, (const xmlChar *) NGX_HTTP_ITINERARY_SANDBOX_XMLNS,
                    NULL);
    if (ours == NULL) {
        return NGX_HTTP_ITINERARY_SANDBOX_FAILED;
    }

    unused = NULL;

    rc = ngx_http_itinerary_sandbox_adopt(root, ours, ours, &unused);

    ours->next = root->nsDef;
    root->nsDef = ours;

    xmlFreeNsList(unused);

    return rc;
}


/*
 * Brings the elements of the trip below "node" into our namespace, the
 * default one of the document.  "scope" is the default namespace where the
 * node stands: not ours inside what somebody else has added.  Declarations
 * that are no longer used are gathered, to be freed when the whole tree has
 * been visited.  The parser has bounded the depth.
 */

static ngx_http_itinerary_sandbox_result_e
ngx_http_itinerary_sandbox_adopt(xmlNodePtr node, xmlNsPtr ours,
    xmlNsPtr scope, xmlNsPtr *unused)
{
    xmlNodePtr                           child;
    ngx_http_itinerary_sandbox_result_e  rc;

    rc = ngx_http_itinerary_sandbox_adopt_ns(node, &scope, unused);
    if (rc != NGX_HTTP_ITINERARY_SANDBOX_OK) {
        return rc;
    }

    if (ngx_http_itinerary_sandbox_is_ours(node->ns)) {

        if (!ngx_http_itinerary_sandbox_is_ours(scope)) {

            scope = xmlNewNs(node, (const xmlChar *)
                                   NGX_HTTP_ITINERARY_SANDBOX_XMLNS, NULL);
            if (scope == NULL) {
                return NGX_HTTP_ITINERARY_SANDBOX_NAMESPACE;
            }
        }

        node->ns = scope;
    }

    for (child = node->children; child; child = child->next) {

        if (child->type != XML_ELEMENT_NODE) {
            continue;
        }

        rc = ngx_http_itinerary_sandbox_adopt(child, ours, scope, unused);
        if (rc != NGX_HTTP_ITINERARY_SANDBOX_OK) {
            return rc;
        }
    }

    return NGX_HTTP_ITINERARY_SANDBOX_OK;
}


static ngx_http_itinerary_sandbox_result_e
ngx_http_itinerary_sandbox_adopt_ns(xmlNodePtr node, xmlNsPtr *scope,
    xmlNsPtr *unused)
{
    xmlNsPtr  ns, *prev;

    prev = &node->nsDef;

    for ( ;; ) {
        ns = *prev;
        if (ns == NULL) {
            break;
        }

        if (ns->prefix == NULL && ngx_http_itinerary_sandbox_is_ours(ns)) {
            *prev = ns->next;
            ns->next = *unused;
            *unused = ns;
            continue;
        }

        /* libxml2 before 2.13 writes these as they are, which no one reads */

        if (ns->href && (xmlStrchr(ns->href, '&')
                         || xmlStrchr(ns->href, '<')))
        {
            return NGX_HTTP_ITINERARY_SANDBOX_NAMESPACE;
        }

        if (ns->prefix == NULL) {
            *scope = ns;
        }

        prev = &ns->next;
    }

    return NGX_HTTP_ITINERARY_SANDBOX_OK;
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

        previous = ngx_http_itinerary_sandbox_child(root, name);
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


static void
ngx_http_itinerary_sandbox_remove(xmlNodePtr node)
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
