
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The namespace of trips.  It is read with http, with https, or missing, and
 * in a tree always is the one with http, as the default of the document.
 */


#ifndef _NGX_HTTP_ITINERARY_SANDBOX_NAMESPACE_H_INCLUDED_
#define _NGX_HTTP_ITINERARY_SANDBOX_NAMESPACE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <libxml/parser.h>
#include <libxml/tree.h>


#define NGX_HTTP_ITINERARY_SANDBOX_XMLNS                                      \
    "http://www.concursolutions.com/api/travel/trip/2010/06"
#define NGX_HTTP_ITINERARY_SANDBOX_XMLNS_HTTPS                                \
    "https://www.concursolutions.com/api/travel/trip/2010/06"


/* whether that is the namespace of trips, in any form */

ngx_uint_t ngx_http_itinerary_sandbox_is_ours(xmlNsPtr ns);

/*
 * Brings a document, or a node that was copied into one, into the namespace;
 * what is in others stays there.  NGX_DECLINED: there are declarations that
 * cannot be kept.
 */

ngx_int_t ngx_http_itinerary_sandbox_adopt_root(xmlNodePtr root);
ngx_int_t ngx_http_itinerary_sandbox_adopt(xmlNodePtr node);

/* gives the namespace another URI, or with NULL takes it away */

ngx_int_t ngx_http_itinerary_sandbox_rename_ns(xmlNodePtr root,
    const char *uri);


#endif /* _NGX_HTTP_ITINERARY_SANDBOX_NAMESPACE_H_INCLUDED_ */
