
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <libxml/parser.h>
#include <libxml/tree.h>

#include "ngx_http_itinerary_sandbox_namespace.h"


static ngx_int_t ngx_http_itinerary_sandbox_adopt_node(xmlNodePtr node,
    xmlNsPtr scope, xmlNsPtr *unused);
static ngx_int_t ngx_http_itinerary_sandbox_adopt_ns(xmlNodePtr node,
    xmlNsPtr *scope, xmlNsPtr *unused);
static ngx_int_t ngx_http_itinerary_sandbox_rename_node(xmlNodePtr node,
    const char *uri, xmlNsPtr gone);


ngx_uint_t
ngx_http_itinerary_sandbox_is_ours(xmlNsPtr ns)
{
    return ns == NULL
           || ns->href == NULL
           || ns->href[0] == '\0'
           || xmlStrEqual(ns->href, (const xmlChar *)
                                    NGX_HTTP_ITINERARY_SANDBOX_XMLNS_HTTPS)
           || xmlStrEqual(ns->href, (const xmlChar *)
                                    NGX_HTTP_ITINERARY_SANDBOX_XMLNS);
}


ngx_int_t
ngx_http_itinerary_sandbox_adopt_root(xmlNodePtr root)
{
    xmlNsPtr   ns, ours, unused;
    ngx_int_t  rc;

    for (ns = root->nsDef; ns; ns = ns->next) {
        if (ns->prefix == NULL && !ngx_http_itinerary_sandbox_is_ours(ns)) {
            return NGX_DECLINED;
        }
    }

    ours = xmlNewNs(NULL, (const xmlChar *) NGX_HTTP_ITINERARY_SANDBOX_XMLNS,
                    NULL);
    if (ours == NULL) {
        return NGX_ERROR;
    }

    unused = NULL;

    rc = ngx_http_itinerary_sandbox_adopt_node(root, ours, &unused);

    ours->next = root->nsDef;
    root->nsDef = ours;

    xmlFreeNsList(unused);

    return rc;
}


/* a copy brings declarations of its own for what it uses */

ngx_int_t
ngx_http_itinerary_sandbox_adopt(xmlNodePtr node)
{
    xmlNsPtr   unused;
    ngx_int_t  rc;

    unused = NULL;

    rc = ngx_http_itinerary_sandbox_adopt_node(node,
                                          xmlDocGetRootElement(node->doc)->ns,
                                          &unused);
    xmlFreeNsList(unused);

    return rc;
}


/*
 * "scope" is the default namespace where the node stands: not ours inside
 * what somebody else has added.  Declarations that are no longer used are
 * gathered, to be freed when the whole tree has been visited.  The parser has
 * bounded the depth.
 */

static ngx_int_t
ngx_http_itinerary_sandbox_adopt_node(xmlNodePtr node, xmlNsPtr scope,
    xmlNsPtr *unused)
{
    ngx_int_t   rc;
    xmlNodePtr  child;

    rc = ngx_http_itinerary_sandbox_adopt_ns(node, &scope, unused);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_itinerary_sandbox_is_ours(node->ns)) {

        if (!ngx_http_itinerary_sandbox_is_ours(scope)) {

            scope = xmlNewNs(node, (const xmlChar *)
                                   NGX_HTTP_ITINERARY_SANDBOX_XMLNS, NULL);
            if (scope == NULL) {
                return NGX_DECLINED;
            }
        }

        node->ns = scope;
    }

    for (child = node->children; child; child = child->next) {

        if (child->type != XML_ELEMENT_NODE) {
            continue;
        }

        rc = ngx_http_itinerary_sandbox_adopt_node(child, scope, unused);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


static ngx_int_t
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
            return NGX_DECLINED;
        }

        if (ns->prefix == NULL) {
            *scope = ns;
        }

        prev = &ns->next;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_itinerary_sandbox_rename_ns(xmlNodePtr root, const char *uri)
{
    xmlNsPtr   gone, *prev;
    ngx_int_t  rc;

    gone = NULL;

    if (uri == NULL) {

        for (prev = &root->nsDef; *prev; prev = &(*prev)->next) {

            if ((*prev)->prefix == NULL) {
                gone = *prev;
                *prev = gone->next;
                gone->next = NULL;
                break;
            }
        }

        uri = "";
    }

    rc = ngx_http_itinerary_sandbox_rename_node(root, uri, gone);

    xmlFreeNsList(gone);

    return rc;
}


/* whoever is in another default namespace declares ours again */

static ngx_int_t
ngx_http_itinerary_sandbox_rename_node(xmlNodePtr node, const char *uri,
    xmlNsPtr gone)
{
    xmlChar    *href;
    xmlNsPtr    ns;
    xmlNodePtr  child;

    if (gone && node->ns == gone) {
        node->ns = NULL;
    }

    for (ns = node->nsDef; ns; ns = ns->next) {

        if (ns->prefix || !ngx_http_itinerary_sandbox_is_ours(ns)) {
            continue;
        }

        href = xmlStrdup((const xmlChar *) uri);
        if (href == NULL) {
            return NGX_ERROR;
        }

        xmlFree((xmlChar *) ns->href);
        ns->href = href;
    }

    for (child = node->children; child; child = child->next) {

        if (child->type == XML_ELEMENT_NODE
            && ngx_http_itinerary_sandbox_rename_node(child, uri, gone)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}
