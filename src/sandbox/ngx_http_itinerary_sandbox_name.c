
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <openssl/evp.h>

#include "ngx_http_itinerary_sandbox_document.h"
#include "ngx_http_itinerary_sandbox_name.h"


static u_char *ngx_http_itinerary_sandbox_fold(u_char *p, ngx_str_t *text);
static ngx_int_t ngx_http_itinerary_sandbox_next(ngx_str_t *text, size_t *i);
static void ngx_http_itinerary_sandbox_name_insert_value(
    ngx_rbtree_node_t *temp, ngx_rbtree_node_t *node,
    ngx_rbtree_node_t *sentinel);
static ngx_rbtree_key_t ngx_http_itinerary_sandbox_name_key(
    ngx_http_itinerary_sandbox_digest_t *digest);


ngx_int_t
ngx_http_itinerary_sandbox_name(ngx_pool_t *pool, ngx_str_t *user,
    xmlNodePtr booking, ngx_http_itinerary_sandbox_digest_t *name)
{
    u_char     *p, *data;
    ngx_str_t   source, locator;

    if (ngx_http_itinerary_sandbox_document_text(pool, booking,
                                                 "BookingSource", &source)
        != NGX_OK
        || ngx_http_itinerary_sandbox_document_text(pool, booking,
                                                    "RecordLocator", &locator)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    data = ngx_pnalloc(pool, user->len + 1 + source.len + 1 + locator.len);
    if (data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(data, user->data, user->len);
    *p++ = '\0';
    p = ngx_http_itinerary_sandbox_fold(p, &source);
    *p++ = '\0';
    p = ngx_http_itinerary_sandbox_fold(p, &locator);

    return ngx_http_itinerary_sandbox_digest(data, p - data, name);
}


ngx_uint_t
ngx_http_itinerary_sandbox_same(ngx_str_t *a, ngx_str_t *b)
{
    size_t     i, j;
    ngx_int_t  c;

    i = 0;
    j = 0;

    do {
        c = ngx_http_itinerary_sandbox_next(a, &i);

        if (c != ngx_http_itinerary_sandbox_next(b, &j)) {
            return 0;
        }

    } while (c != NGX_DONE);

    return 1;
}


static u_char *
ngx_http_itinerary_sandbox_fold(u_char *p, ngx_str_t *text)
{
    size_t     i;
    ngx_int_t  c;

    i = 0;

    for ( ;; ) {
        c = ngx_http_itinerary_sandbox_next(text, &i);
        if (c == NGX_DONE) {
            return p;
        }

        *p++ = (u_char) c;
    }
}


/* the next character without case, white space being a single space */

static ngx_int_t
ngx_http_itinerary_sandbox_next(ngx_str_t *text, size_t *i)
{
    u_char  c;
    size_t  start;

    start = *i;

    while (*i < text->len) {
        c = text->data[*i];

        if (c == ' ' || c == '\t' || c == CR || c == LF) {
            (*i)++;
            continue;
        }

        if (*i > start && start > 0) {
            return ' ';
        }

        (*i)++;

        return ngx_toupper(c);
    }

    return NGX_DONE;
}


ngx_int_t
ngx_http_itinerary_sandbox_digest(u_char *data, size_t len,
    ngx_http_itinerary_sandbox_digest_t *digest)
{
    if (EVP_Digest(data, len, digest->bytes, NULL, EVP_sha256(), NULL) != 1) {
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_http_itinerary_sandbox_name_init(ngx_rbtree_t *tree,
    ngx_rbtree_node_t *sentinel)
{
    ngx_rbtree_init(tree, sentinel,
                    ngx_http_itinerary_sandbox_name_insert_value);
}


void
ngx_http_itinerary_sandbox_name_insert(ngx_rbtree_t *tree,
    ngx_http_itinerary_sandbox_name_t *name,
    ngx_http_itinerary_sandbox_digest_t *digest)
{
    name->digest = *digest;
    name->node.key = ngx_http_itinerary_sandbox_name_key(digest);

    ngx_rbtree_insert(tree, &name->node);
}


ngx_http_itinerary_sandbox_name_t *
ngx_http_itinerary_sandbox_name_lookup(ngx_rbtree_t *tree,
    ngx_http_itinerary_sandbox_digest_t *digest)
{
    ngx_int_t                           rc;
    ngx_rbtree_key_t                    key;
    ngx_rbtree_node_t                  *node, *sentinel;
    ngx_http_itinerary_sandbox_name_t  *name;

    key = ngx_http_itinerary_sandbox_name_key(digest);

    node = tree->root;
    sentinel = tree->sentinel;

    while (node != sentinel) {

        if (key != node->key) {
            node = (key < node->key) ? node->left : node->right;
            continue;
        }

        name = (ngx_http_itinerary_sandbox_name_t *) node;

        rc = ngx_memcmp(digest->bytes, name->digest.bytes,
                        sizeof(digest->bytes));

        if (rc == 0) {
            return name;
        }

        node = (rc < 0) ? node->left : node->right;
    }

    return NULL;
}


static void
ngx_http_itinerary_sandbox_name_insert_value(ngx_rbtree_node_t *temp,
    ngx_rbtree_node_t *node, ngx_rbtree_node_t *sentinel)
{
    ngx_rbtree_node_t                  **p;
    ngx_http_itinerary_sandbox_name_t   *n, *t;

    for ( ;; ) {

        if (node->key != temp->key) {
            p = (node->key < temp->key) ? &temp->left : &temp->right;

        } else {
            n = (ngx_http_itinerary_sandbox_name_t *) node;
            t = (ngx_http_itinerary_sandbox_name_t *) temp;

            p = (ngx_memcmp(n->digest.bytes, t->digest.bytes,
                            sizeof(n->digest.bytes))
                 < 0)
                ? &temp->left : &temp->right;
        }

        if (*p == sentinel) {
            break;
        }

        temp = *p;
    }

    *p = node;
    node->parent = temp;
    node->left = sentinel;
    node->right = sentinel;
    ngx_rbt_red(node);
}


static ngx_rbtree_key_t
ngx_http_itinerary_sandbox_name_key(
    ngx_http_itinerary_sandbox_digest_t *digest)
{
    ngx_rbtree_key_t  key;

    ngx_memcpy(&key, digest->bytes, sizeof(ngx_rbtree_key_t));

    return key;
}
