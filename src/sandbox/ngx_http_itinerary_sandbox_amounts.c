
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
#include "ngx_http_itinerary_sandbox_trip.h"
#include "ngx_http_itinerary_sandbox_amounts.h"


/* a trip whose bookings are looked at, as a tree */

typedef struct {
    ngx_http_itinerary_sandbox_trip_t  *trip;
    xmlDocPtr                           doc;
    ngx_rbtree_t                        tree;
    ngx_rbtree_node_t                   sentinel;
} ngx_http_itinerary_sandbox_kept_t;


static ngx_int_t ngx_http_itinerary_sandbox_stored(
    ngx_http_itinerary_sandbox_call_t *call, ngx_str_t *user,
    ngx_http_itinerary_sandbox_kept_t *kept,
    ngx_http_itinerary_sandbox_trip_t *trip,
    ngx_http_itinerary_sandbox_booking_t *booking, xmlNodePtr *stored);
static ngx_uint_t ngx_http_itinerary_sandbox_is_amount(xmlNodePtr node);
static ngx_int_t ngx_http_itinerary_sandbox_is_echo(xmlNodePtr stored,
    xmlNodePtr posted);
static xmlNodePtr ngx_http_itinerary_sandbox_shown(xmlNodePtr node);
static xmlNodePtr ngx_http_itinerary_sandbox_sent(xmlNodePtr node);
static ngx_int_t ngx_http_itinerary_sandbox_same_text(xmlNodePtr a,
    xmlNodePtr b);
static xmlBufferPtr ngx_http_itinerary_sandbox_own_text(xmlNodePtr node);
static ngx_int_t ngx_http_itinerary_sandbox_same_attributes(xmlNodePtr a,
    xmlNodePtr b);
static xmlChar *ngx_http_itinerary_sandbox_attribute(xmlAttrPtr attr);


static const char  *ngx_http_itinerary_sandbox_amounts[] = {
    "AddCollectAmount",
    "AirlineCharges",
    "AllowanceAmount",
    "Amount",
    "BaseFare",
    "BaseFareNuc",
    "BestGdsPrice",
    "BestInternetPrice",
    "Charges",
    "ComparisonFare",
    "DailyRate",
    "QuotedPrice",
    "RailCharges",
    "Rate",
    "SelectedOtherAmount",
    "TariffPrice",
    "Tax",
    "TaxAmount",
    "TaxRate",
    "Taxes",
    "TotalAdjustment",
    "TotalAmount",
    "TotalFare",
    "TotalRate",
    NULL
};


void
ngx_http_itinerary_sandbox_amounts_hide(xmlNodePtr node)
{
    xmlNodePtr  child, next;

    for (child = node->children; child; child = next) {

        next = child->next;

        if (ngx_http_itinerary_sandbox_is_amount(child)) {
            ngx_http_itinerary_sandbox_document_remove(child);

        } else if (child->type == XML_ELEMENT_NODE) {
            ngx_http_itinerary_sandbox_amounts_hide(child);
        }
    }
}


ngx_int_t
ngx_http_itinerary_sandbox_amounts_keep(
    ngx_http_itinerary_sandbox_call_t *call, ngx_str_t *user,
    ngx_http_itinerary_sandbox_trip_t *trip, xmlDocPtr posted)
{
    ngx_int_t                              rc;
    xmlNodePtr                             node, stored;
    ngx_http_itinerary_sandbox_kept_t      here, there;
    ngx_http_itinerary_sandbox_booking_t  *booking;

    here.doc = NULL;
    here.trip = NULL;
    there.doc = NULL;
    there.trip = NULL;

    node = NULL;
    rc = NGX_ERROR;

    for ( ;; ) {
        node = ngx_http_itinerary_sandbox_document_booking(posted, node);
        if (node == NULL) {
            rc = NGX_OK;
            break;
        }

        if (ngx_http_itinerary_sandbox_trip_booking(call, user, node, &booking)
            != NGX_OK)
        {
            break;
        }

        if (booking == NULL
            || ngx_memcmp(&booking->poster, &call->poster,
                          sizeof(booking->poster))
               == 0)
        {
            continue;
        }

        if (ngx_http_itinerary_sandbox_stored(call, user, &here, trip, booking,
                                              &stored)
            != NGX_OK
            || (stored == NULL
                && ngx_http_itinerary_sandbox_stored(call, user, &there,
                                                     booking->trip, booking,
                                                     &stored)
                   != NGX_OK))
        {
            break;
        }

        if (stored == NULL) {
            continue;
        }

        rc = ngx_http_itinerary_sandbox_is_echo(stored, node);

        if (rc == NGX_OK) {
            node = ngx_http_itinerary_sandbox_document_put(posted, stored,
                                                           node);
            rc = node ? NGX_DECLINED : NGX_ERROR;
        }

        if (rc != NGX_DECLINED) {
            break;
        }

        rc = NGX_ERROR;
    }

    if (here.doc) {
        xmlFreeDoc(here.doc);
    }

    if (there.doc) {
        xmlFreeDoc(there.doc);
    }

    return rc;
}


/* the booking as it stands in the trip, which may be NULL; NULL: it does not */

static ngx_int_t
ngx_http_itinerary_sandbox_stored(ngx_http_itinerary_sandbox_call_t *call,
    ngx_str_t *user, ngx_http_itinerary_sandbox_kept_t *kept,
    ngx_http_itinerary_sandbox_trip_t *trip,
    ngx_http_itinerary_sandbox_booking_t *booking, xmlNodePtr *stored)
{
    ngx_http_itinerary_sandbox_place_t  *place;

    *stored = NULL;

    if (trip == NULL) {
        return NGX_OK;
    }

    if (kept->trip != trip) {

        if (kept->doc) {
            xmlFreeDoc(kept->doc);
            kept->doc = NULL;
        }

        kept->trip = trip;

        ngx_http_itinerary_sandbox_name_init(&kept->tree, &kept->sentinel);

        if (ngx_http_itinerary_sandbox_trip_read(call, trip, &kept->doc)
            != NGX_HTTP_ITINERARY_SANDBOX_OK
            || ngx_http_itinerary_sandbox_trip_places(call, user, kept->doc,
                                                      &kept->tree)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    place = (ngx_http_itinerary_sandbox_place_t *)
                ngx_http_itinerary_sandbox_name_lookup(&kept->tree,
                                                       &booking->name.digest);
    if (place) {
        *stored = place->node;
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_itinerary_sandbox_is_amount(xmlNodePtr node)
{
    ngx_uint_t  i;

    if (node->type != XML_ELEMENT_NODE) {
        return 0;
    }

    for (i = 0; ngx_http_itinerary_sandbox_amounts[i]; i++) {
        if (ngx_http_itinerary_sandbox_is(node,
                                       ngx_http_itinerary_sandbox_amounts[i]))
        {
            return 1;
        }
    }

    return 0;
}


/*
 * Whether what was posted is what was shown of what is stored.  A client may
 * have written it anew: prefixes, comments, CDATA, and white space between
 * elements make no difference.
 */

static ngx_int_t
ngx_http_itinerary_sandbox_is_echo(xmlNodePtr stored, xmlNodePtr posted)
{
    ngx_int_t   rc;
    xmlNodePtr  a, b;

    if (!xmlStrEqual(stored->name, posted->name)) {
        return NGX_DECLINED;
    }

    if (ngx_http_itinerary_sandbox_is_ours(stored->ns)) {

        if (!ngx_http_itinerary_sandbox_is_ours(posted->ns)) {
            return NGX_DECLINED;
        }

    } else if (posted->ns == NULL
               || !xmlStrEqual(stored->ns->href, posted->ns->href))
    {
        return NGX_DECLINED;
    }

    rc = ngx_http_itinerary_sandbox_same_attributes(stored, posted);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_itinerary_sandbox_same_text(stored, posted);
    if (rc != NGX_OK) {
        return rc;
    }

    a = ngx_http_itinerary_sandbox_shown(stored->children);
    b = ngx_http_itinerary_sandbox_sent(posted->children);

    while (a && b) {

        rc = ngx_http_itinerary_sandbox_is_echo(a, b);
        if (rc != NGX_OK) {
            return rc;
        }

        a = ngx_http_itinerary_sandbox_shown(a->next);
        b = ngx_http_itinerary_sandbox_sent(b->next);
    }

    return (a == NULL && b == NULL) ? NGX_OK : NGX_DECLINED;
}


static xmlNodePtr
ngx_http_itinerary_sandbox_shown(xmlNodePtr node)
{
    while (node
           && (node->type != XML_ELEMENT_NODE
               || ngx_http_itinerary_sandbox_is_amount(node)))
    {
        node = node->next;
    }

    return node;
}


static xmlNodePtr
ngx_http_itinerary_sandbox_sent(xmlNodePtr node)
{
    while (node && node->type != XML_ELEMENT_NODE) {
        node = node->next;
    }

    return node;
}


static ngx_int_t
ngx_http_itinerary_sandbox_same_text(xmlNodePtr a, xmlNodePtr b)
{
    ngx_int_t     rc;
    xmlBufferPtr  text, other;

    text = ngx_http_itinerary_sandbox_own_text(a);
    other = ngx_http_itinerary_sandbox_own_text(b);

    if (text == NULL || other == NULL) {
        rc = NGX_ERROR;

    } else {
        rc = xmlStrEqual(xmlBufferContent(text), xmlBufferContent(other))
             ? NGX_OK : NGX_DECLINED;
    }

    xmlBufferFree(text);
    xmlBufferFree(other);

    return rc;
}


/* without that of elements below; white space alone is none */

static xmlBufferPtr
ngx_http_itinerary_sandbox_own_text(xmlNodePtr node)
{
    u_char        *p, *last;
    xmlNodePtr     child;
    xmlBufferPtr   text;

    text = xmlBufferCreate();
    if (text == NULL) {
        return NULL;
    }

    for (child = node->children; child; child = child->next) {

        if ((child->type == XML_TEXT_NODE
             || child->type == XML_CDATA_SECTION_NODE)
            && child->content
            && xmlBufferCat(text, child->content) != 0)
        {
            xmlBufferFree(text);
            return NULL;
        }
    }

    p = (u_char *) xmlBufferContent(text);
    last = p + xmlBufferLength(text);

    for ( /* void */ ; p < last; p++) {
        if (*p != ' ' && *p != '\t' && *p != CR && *p != LF) {
            return text;
        }
    }

    xmlBufferEmpty(text);

    return text;
}


static ngx_int_t
ngx_http_itinerary_sandbox_same_attributes(xmlNodePtr a, xmlNodePtr b)
{
    xmlChar     *value, *other;
    ngx_int_t    n;
    xmlAttrPtr   attr, twin;
    ngx_uint_t   equal;

    n = 0;

    for (attr = b->properties; attr; attr = attr->next) {

        value = ngx_http_itinerary_sandbox_attribute(attr);

        if (value) {
            xmlFree(value);
            n++;
        }
    }

    for (attr = a->properties; attr; attr = attr->next) {

        value = ngx_http_itinerary_sandbox_attribute(attr);
        if (value == NULL) {
            continue;
        }

        twin = xmlHasNsProp(b, attr->name, attr->ns ? attr->ns->href : NULL);
        other = twin ? ngx_http_itinerary_sandbox_attribute(twin) : NULL;

        equal = (other && xmlStrEqual(value, other));

        xmlFree(value);

        if (other) {
            xmlFree(other);
        }

        if (!equal) {
            return NGX_DECLINED;
        }

        n--;
    }

    return (n == 0) ? NGX_OK : NGX_DECLINED;
}


/* its value, NULL for one that says nothing */

static xmlChar *
ngx_http_itinerary_sandbox_attribute(xmlAttrPtr attr)
{
    xmlChar  *value;

    static const char  xsi[] = "http://www.w3.org/2001/XMLSchema-instance";

    value = xmlNodeGetContent((xmlNodePtr) attr);

    if (value == NULL
        || attr->ns == NULL
        || !xmlStrEqual(attr->ns->href, (const xmlChar *) xsi))
    {
        return value;
    }

    if (xmlStrEqual(attr->name, (const xmlChar *) "nil")) {

        if (xmlStrEqual(value, (const xmlChar *) "1")) {
            xmlFree(value);
            return xmlStrdup((const xmlChar *) "true");
        }

        if (!xmlStrEqual(value, (const xmlChar *) "0")
            && !xmlStrEqual(value, (const xmlChar *) "false"))
        {
            return value;
        }

    } else if (!xmlStrEqual(attr->name, (const xmlChar *) "schemaLocation")
               && !xmlStrEqual(attr->name,
                            (const xmlChar *) "noNamespaceSchemaLocation"))
    {
        return value;
    }

    xmlFree(value);

    return NULL;
}
