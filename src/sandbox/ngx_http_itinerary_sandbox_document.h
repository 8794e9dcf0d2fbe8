
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * A document as a tree of libxml2: reading what was posted, looking into it,
 * changing it, and writing it again.  Elements are known by
 * their local names; posts come in the trip's namespace with http or https,
 * or in none, and all are written in the one with http.
 *
 * White space, CDATA, comments, and whatever is not the sandbox's own stay as
 * they were posted.
 */


#ifndef _NGX_HTTP_ITINERARY_SANDBOX_DOCUMENT_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_SANDBOX_DOCUMENT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <libxml/parser.h>
#include <libxml/tree.h>


#define ngx_http_itinerary_sandbox_is(node, string)                           \
    ((node)->type == XML_ELEMENT_NODE                                         \
     && xmlStrEqual((node)->name, (const xmlChar *) (string)))


/* what a request comes to; each has its row in the table of answers */

typedef enum {
    NGX_HTTP_ITINERARY_SANDBOX_OK = 0,
    NGX_HTTP_ITINERARY_SANDBOX_FAILED,
    NGX_HTTP_ITINERARY_SANDBOX_MALFORMED,
    NGX_HTTP_ITINERARY_SANDBOX_DOCTYPE,
    NGX_HTTP_ITINERARY_SANDBOX_ROOT,
    NGX_HTTP_ITINERARY_SANDBOX_NAMESPACE,
    NGX_HTTP_ITINERARY_SANDBOX_TRIP_NAME,
    NGX_HTTP_ITINERARY_SANDBOX_TRIP_STATUS,
    NGX_HTTP_ITINERARY_SANDBOX_BOOKING_SOURCE,
    NGX_HTTP_ITINERARY_SANDBOX_RECORD_LOCATOR,
    NGX_HTTP_ITINERARY_SANDBOX_TRIP_ID,
    NGX_HTTP_ITINERARY_SANDBOX_SOURCE_ARG,
    NGX_HTTP_ITINERARY_SANDBOX_NUMBER_ARG,
    NGX_HTTP_ITINERARY_SANDBOX_USER,
    NGX_HTTP_ITINERARY_SANDBOX_UNKNOWN_TRIP,
    NGX_HTTP_ITINERARY_SANDBOX_UNKNOWN_BOOKING,
    NGX_HTTP_ITINERARY_SANDBOX_UNKNOWN_PATH,
    NGX_HTTP_ITINERARY_SANDBOX_METHOD,
    NGX_HTTP_ITINERARY_SANDBOX_FULL
} ngx_http_itinerary_sandbox_result_e;


/*
 * Reads a document that was posted or stored, with that root.  On OK the
 * caller owns "*doc" and frees it with xmlFreeDoc(); otherwise there is none.
 */

ngx_http_itinerary_sandbox_result_e
    ngx_http_itinerary_sandbox_document_read(ngx_str_t *text,
    const char *root, ngx_log_t *log, xmlDocPtr *doc);

/*
 * Whether the bookings of a document, and the trip where one was posted, have
 * what the reference requires.
 */

ngx_http_itinerary_sandbox_result_e
    ngx_http_itinerary_sandbox_document_check(xmlDocPtr doc, ngx_uint_t trip);

/*
 * The text of the first such child of "parent", without white space around
 * it, in the pool and with a null byte behind it; empty where there is none.
 */

ngx_int_t ngx_http_itinerary_sandbox_document_text(ngx_pool_t *pool,
    xmlNodePtr parent, const char *name, ngx_str_t *text);

/* the first child of that name, or NULL */

xmlNodePtr ngx_http_itinerary_sandbox_document_child(xmlNodePtr parent,
    const char *name);

/* frees a node, and the white space that indents it */

void ngx_http_itinerary_sandbox_document_remove(xmlNodePtr node);

/*
 * A field of the trip: its new text ("value" ends with a null byte), which
 * makes the element at its place in the reference's order where there is none,
 * its text only where there is none, and its end.
 */

ngx_int_t ngx_http_itinerary_sandbox_document_set(xmlDocPtr doc,
    const char *name, const char *value);
ngx_int_t ngx_http_itinerary_sandbox_document_default(xmlDocPtr doc,
    const char *name, const char *value);
void ngx_http_itinerary_sandbox_document_unset(xmlDocPtr doc,
    const char *name);

/* the booking after "booking", or the first after NULL */

xmlNodePtr ngx_http_itinerary_sandbox_document_booking(xmlDocPtr doc,
    xmlNodePtr booking);

/*
 * Copies a booking of another document into this one, in the place of "old",
 * which is freed, or behind the last booking where "old" is NULL.  Returns
 * the copy, or NULL if an allocation failed.
 */

xmlNodePtr ngx_http_itinerary_sandbox_document_put(xmlDocPtr doc,
    xmlNodePtr booking, xmlNodePtr old);

/* a field of a booking, at its end where there was none */

ngx_int_t ngx_http_itinerary_sandbox_document_set_booking(xmlDocPtr doc,
    xmlNodePtr booking, const char *name, const char *value);

/* the segment of a booking after "segment", or the first after NULL */

xmlNodePtr ngx_http_itinerary_sandbox_document_segment(xmlNodePtr booking,
    xmlNodePtr segment);

/* leaves a booking as the reference shows a cancelled one */

ngx_int_t ngx_http_itinerary_sandbox_document_cancel(xmlDocPtr doc,
    xmlNodePtr booking);

/* moves the bookings from Bookings to the trip itself */

ngx_int_t ngx_http_itinerary_sandbox_document_unwrap(xmlDocPtr doc);

/*
 * Writes the document, without an XML declaration.  The caller closes the
 * buffer with xmlOutputBufferClose().
 */

xmlOutputBufferPtr ngx_http_itinerary_sandbox_document_write(xmlDocPtr doc);


#endif /* _NGX_HTTP_ITINERARY_SANDBOX_DOCUMENT_H_INCLUDED_ */
