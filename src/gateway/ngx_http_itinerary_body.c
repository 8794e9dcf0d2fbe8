
/*
 * Copyright (C) Itinerary gateway authors
 */


#include "ngx_http_itinerary_body.h"


#define NGX_HTTP_ITINERARY_BODY_BUFFER  16384


static ngx_int_t ngx_http_itinerary_body_feed_file(
    ngx_http_itinerary_transaction_t *txn, ngx_buf_t *b);
static ngx_int_t ngx_http_itinerary_body_end(
    ngx_http_itinerary_transaction_t *txn);


ngx_int_t
ngx_http_itinerary_body_finish(ngx_http_request_t *r,
    ngx_http_itinerary_transaction_t *txn)
{
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    if (!txn->body_seen) {

        if (txn->body_bytes) {

            /* a part of it only: nothing that could be judged */

            return NGX_HTTP_BAD_REQUEST;
        }

        cl = r->request_body ? r->request_body->bufs : NULL;

        for ( /* void */ ; cl; cl = cl->next) {

            b = cl->buf;

            rc = ngx_buf_in_memory(b)
                 ? ngx_http_itinerary_body_feed(txn, b->pos, b->last - b->pos)
                 : b->in_file ? ngx_http_itinerary_body_feed_file(txn, b)
                              : NGX_OK;

            if (rc != NGX_OK) {
                return rc;
            }
        }

        txn->body_seen = 1;
    }

    return ngx_http_itinerary_body_end(txn);
}


ngx_int_t
ngx_http_itinerary_body_feed(ngx_http_itinerary_transaction_t *txn,
    u_char *data, size_t len)
{
    itinerary_result_e  rc;

    if (len == 0) {
        return NGX_OK;
    }

    txn->body_bytes += len;

    if (txn->sha256
        && EVP_DigestUpdate(txn->sha256, data, len) != 1)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (txn->error.reason != ITINERARY_REASON_NONE) {
        return NGX_OK;
    }

    if (txn->reader == NULL) {
        (void) itinerary_refuse(&txn->core, &txn->error,
                                ITINERARY_UNEXPECTED_BODY, 0, "",
                                "send no body");
        return NGX_OK;
    }

    rc = itinerary_reader_feed(txn->reader, data, len);

    if (rc == ITINERARY_NOMEM) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc == ITINERARY_REFUSED) {
        txn->error = *itinerary_reader_error(txn->reader);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_itinerary_body_feed_file(ngx_http_itinerary_transaction_t *txn,
    ngx_buf_t *b)
{
    off_t      offset;
    size_t     size;
    u_char    *buf;
    ssize_t    n;
    ngx_int_t  rc;

    buf = ngx_palloc(txn->pool, NGX_HTTP_ITINERARY_BODY_BUFFER);
    if (buf == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    for (offset = b->file_pos; offset < b->file_last; offset += n) {

        size = ngx_min(b->file_last - offset, NGX_HTTP_ITINERARY_BODY_BUFFER);

        n = ngx_read_file(b->file, buf, size, offset);

        if (n == NGX_ERROR || n == 0) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        rc = ngx_http_itinerary_body_feed(txn, buf, n);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_itinerary_body_end(ngx_http_itinerary_transaction_t *txn)
{
    u_char              digest[EVP_MAX_MD_SIZE];
    unsigned int        len;
    itinerary_result_e  rc;

    if (txn->sha256) {

        if (EVP_DigestFinal_ex(txn->sha256, digest, &len) != 1) {
            return NGX_ERROR;
        }

        (void) ngx_hex_dump(txn->body_sha256, digest, len);

        EVP_MD_CTX_free(txn->sha256);
        txn->sha256 = NULL;
    }

    if (txn->reader == NULL || txn->error.reason != ITINERARY_REASON_NONE) {
        return NGX_OK;
    }

    rc = itinerary_reader_finish(txn->reader);

    if (rc == ITINERARY_NOMEM) {
        return NGX_ERROR;
    }

    if (rc == ITINERARY_REFUSED) {
        txn->error = *itinerary_reader_error(txn->reader);
        return NGX_OK;
    }

    txn->document = itinerary_reader_document(txn->reader);

    return NGX_OK;
}
