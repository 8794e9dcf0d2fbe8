
/*
 * Copyright (C) Itinerary gateway authors
 */


#include "ngx_http_itinerary_headers.h"
#include "ngx_http_itinerary_supplier.h"
#include "itinerary_media.h"


static void ngx_http_itinerary_headers_request(ngx_http_request_t *r,
    itinerary_request_t *request);
static ngx_uint_t ngx_http_itinerary_headers_is_identity(ngx_str_t *encoding);
static ngx_int_t ngx_http_itinerary_headers_check_body(ngx_http_request_t *r,
    ngx_http_itinerary_transaction_t *txn,
    ngx_http_itinerary_headers_t *headers);


ngx_int_t
ngx_http_itinerary_headers_target(ngx_http_request_t *r,
    itinerary_pool_t *pool, itinerary_target_t *target,
    itinerary_error_t *error)
{
    itinerary_result_e   rc;
    itinerary_request_t  request;

    ngx_http_itinerary_headers_request(r, &request);

    rc = itinerary_operation(pool, &request, target, error);

    return rc == ITINERARY_NOMEM ? NGX_ERROR
                                 : rc == ITINERARY_OK ? NGX_OK : NGX_DECLINED;
}


ngx_int_t
ngx_http_itinerary_headers_details(ngx_http_request_t *r,
    itinerary_pool_t *pool, itinerary_str_t *trip)
{
    itinerary_result_e   rc;
    itinerary_request_t  request;

    ngx_http_itinerary_headers_request(r, &request);

    rc = itinerary_details(pool, &request, trip);

    return rc == ITINERARY_NOMEM ? NGX_ERROR
                                 : rc == ITINERARY_OK ? NGX_OK : NGX_DECLINED;
}


static void
ngx_http_itinerary_headers_request(ngx_http_request_t *r,
    itinerary_request_t *request)
{
    u_char  *p;

    ngx_memzero(request, sizeof(itinerary_request_t));

    request->method = ngx_http_itinerary_core_text(&r->method_name);
    request->uri = ngx_http_itinerary_core_text(&r->uri);
    request->args = ngx_http_itinerary_core_text(&r->args);

    if (r->valid_unparsed_uri) {

        /* proxy_pass without a URI forwards this */

        request->raw = ngx_http_itinerary_core_text(&r->unparsed_uri);

        p = ngx_strlchr(request->raw.data, request->raw.data + request->raw.len,
                        '?');
        if (p) {

            /* r->args ends at "#", what is forwarded does not */

            request->args.len = request->raw.data + request->raw.len - p - 1;
            request->args.data = p + 1;
            request->raw.len = p - request->raw.data;
        }
    }
}


void
ngx_http_itinerary_headers_read(ngx_http_request_t *r,
    ngx_http_itinerary_headers_t *headers)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;
    itinerary_str_t   name, value;

    ngx_memzero(headers, sizeof(ngx_http_itinerary_headers_t));

    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        name.len = h[i].key.len;
        name.data = h[i].lowcase_key;

        switch (name.len) {

        case 6:
            value = ngx_http_itinerary_core_text(&h[i].value);

            if (ngx_strncmp(name.data, "cookie", 6) == 0
                && itinerary_is_cookie_argument(&value))
            {
                headers->cookie = &h[i].value;
            }
            break;

        case 12:
            if (ngx_strncmp(name.data, "content-type", 12) == 0) {
                headers->content_type = &h[i].value;
                headers->content_types++;
            }
            break;

        case 13:
            if (ngx_strncmp(name.data, "authorization", 13) == 0) {
                headers->authorization = &h[i].value;
                headers->authorizations++;
            }
            break;

        case 16:
            if (ngx_strncmp(name.data, "content-encoding", 16) == 0) {
                headers->content_encodings++;
            }
            break;

        case 25:
            if (ngx_strncmp(name.data, "content-transfer-encoding", 25) == 0
                && !ngx_http_itinerary_headers_is_identity(&h[i].value))
            {
                headers->content_encodings++;
            }
            break;
        }

        if (name.len && name.data[0] == 'x' && itinerary_is_override(&name)) {
            headers->override = &h[i].key;
        }

        if (itinerary_is_disguised(&name)) {
            headers->disguised = &h[i].key;
        }
    }
}


/* HTTP has no Content-Transfer-Encoding, but readers of MIME obey it */

static ngx_uint_t
ngx_http_itinerary_headers_is_identity(ngx_str_t *encoding)
{
    ngx_uint_t  i;

    static ngx_str_t  names[] = {
        ngx_string("7bit"),
        ngx_string("8bit"),
        ngx_string("binary")
    };

    for (i = 0; i < sizeof(names) / sizeof(ngx_str_t); i++) {
        if (encoding->len == names[i].len
            && ngx_strncasecmp(encoding->data, names[i].data, names[i].len)
               == 0)
        {
            return 1;
        }
    }

    return 0;
}


ngx_int_t
ngx_http_itinerary_headers_check(ngx_http_request_t *r,
    ngx_http_itinerary_transaction_t *txn,
    ngx_http_itinerary_headers_t *headers)
{
    ngx_int_t           rc;
    itinerary_pool_t   *pool;
    itinerary_error_t  *error;

    pool = &txn->core;
    error = &txn->error;

    rc = ngx_http_itinerary_headers_target(r, pool, &txn->target, error);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (headers->override && error->reason != ITINERARY_METHOD_OVERRIDE) {
        ngx_memzero(error, sizeof(itinerary_error_t));
        (void) itinerary_refuse(pool, error, ITINERARY_METHOD_OVERRIDE, 0, "",
                                "the header \"%.*s\" is not allowed",
                                (int) ngx_min(headers->override->len, 64),
                                headers->override->data);
    }

    if (headers->disguised && error->reason == ITINERARY_REASON_NONE) {
        (void) itinerary_refuse(pool, error, ITINERARY_AMBIGUOUS_HEADER, 0, "",
                                "the header \"%.*s\" can be taken for another",
                                (int) ngx_min(headers->disguised->len, 64),
                                headers->disguised->data);
    }

    if (error->reason != ITINERARY_REASON_NONE
        || txn->target.operation == ITINERARY_OP_READ)
    {
        return NGX_OK;
    }

    if (headers->authorizations > 1 || headers->content_types > 1) {
        (void) itinerary_refuse(pool, error, ITINERARY_AMBIGUOUS_HEADER, 0, "",
                                "the header \"%s\" occurs twice",
                                headers->authorizations > 1 ? "Authorization"
                                                            : "Content-Type");
        return NGX_OK;
    }

    if (headers->cookie) {
        (void) itinerary_refuse(pool, error, ITINERARY_AMBIGUOUS_HEADER, 0, "",
                                "a cookie can be taken for an argument");
        return NGX_OK;
    }

    rc = ngx_http_itinerary_supplier(r, txn->pool, txn->conf,
                                     headers->authorization,
                                     &txn->registry.supplier, &txn->token);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED) {
        (void) itinerary_refuse(pool, error, ITINERARY_UNKNOWN_SUPPLIER, 0, "",
                                "%s", txn->conf->supplier
                                ? "nobody is authenticated"
                                : "send \"Authorization: OAuth <token>\" or "
                                  "\"Bearer <token>\"");
        return NGX_OK;
    }

    return ngx_http_itinerary_headers_check_body(r, txn, headers);
}


static ngx_int_t
ngx_http_itinerary_headers_check_body(ngx_http_request_t *r,
    ngx_http_itinerary_transaction_t *txn,
    ngx_http_itinerary_headers_t *headers)
{
    itinerary_str_t          type;
    itinerary_charset_e      charset;
    itinerary_reader_conf_t  conf;

    if (txn->target.operation == ITINERARY_OP_CANCEL
        || txn->target.operation == ITINERARY_OP_CANCEL_BOOKING)
    {
        if (r->headers_in.content_length_n > 0) {
            (void) itinerary_refuse(&txn->core, &txn->error,
                                    ITINERARY_UNEXPECTED_BODY, 0, "",
                                    "send no body");
        }

        return NGX_OK;
    }

    if (headers->content_encodings) {
        (void) itinerary_refuse(&txn->core, &txn->error,
                                ITINERARY_UNSUPPORTED_ENCODING, 0, "",
                                "a Content-Encoding or Content-Transfer-"
                                "Encoding is not allowed");
        return NGX_OK;
    }

    if (r->headers_in.content_length_n == 0
        || (r->headers_in.content_length_n < 0 && !r->headers_in.chunked
            && r->http_version < NGX_HTTP_VERSION_20))
    {
        (void) itinerary_refuse(&txn->core, &txn->error,
                                ITINERARY_MALFORMED_BODY, 0, "",
                                "the body is empty");
        return NGX_OK;
    }

    if (headers->content_type == NULL) {
        (void) itinerary_refuse(&txn->core, &txn->error,
                                ITINERARY_UNSUPPORTED_MEDIA_TYPE, 0, "",
                                "the header \"Content-Type\" is missing");
        return NGX_OK;
    }

    type = ngx_http_itinerary_core_text(headers->content_type);

    if (itinerary_media(&txn->core, &type, &charset, &txn->error)
        != ITINERARY_OK)
    {
        return NGX_OK;
    }

    ngx_memzero(&conf, sizeof(itinerary_reader_conf_t));

    conf.reading = ITINERARY_READ_POST;
    conf.charset = charset;
    conf.roots = txn->target.operation == ITINERARY_OP_BOOK
                 ? ITINERARY_ROOT_BOOKING : ITINERARY_ROOT_ITINERARY;
    conf.max_bookings = txn->conf->max_bookings;
    conf.schema = txn->conf->schema;
    conf.validate = txn->conf->validate;

    /* only an update is compared with what was shown */

    conf.digests = txn->target.operation == ITINERARY_OP_UPDATE;

    txn->reader = itinerary_reader_create(&txn->core, &conf);

    return txn->reader ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_itinerary_headers_identity(ngx_http_request_t *r)
{
    ngx_uint_t        i, found;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h, *copy;

    static u_char     lowcase[] = "accept-encoding";
    static ngx_str_t  name = ngx_string("Accept-Encoding");

    found = 0;
    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].key.len != name.len
            || ngx_strncmp(h[i].lowcase_key, lowcase, name.len) != 0)
        {
            continue;
        }

#if (NGX_HTTP_GZIP)

        if (&h[i] == r->headers_in.accept_encoding) {

            copy = ngx_palloc(r->pool, sizeof(ngx_table_elt_t));
            if (copy == NULL) {
                return NGX_ERROR;
            }

            *copy = h[i];
            r->headers_in.accept_encoding = copy;
        }

#endif

        ngx_str_set(&h[i].value, "identity");
        found = 1;
    }

    if (found) {
        return NGX_OK;
    }

    /* without the header, any coding would do (RFC 9110, 12.5.3) */

    h = ngx_list_push(&r->headers_in.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = ngx_hash_key(lowcase, name.len);
    h->key = name;
    h->lowcase_key = lowcase;
    ngx_str_set(&h->value, "identity");

    return NGX_OK;
}
