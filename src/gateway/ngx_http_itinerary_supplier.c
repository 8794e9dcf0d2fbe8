
/*
 * Copyright (C) Itinerary gateway authors
 */


#include "ngx_http_itinerary_supplier.h"
#include "itinerary_name.h"


static ngx_int_t ngx_http_itinerary_supplier_token(ngx_pool_t *pool,
    ngx_str_t *authorization, ngx_str_t *token);


ngx_int_t
ngx_http_itinerary_supplier(ngx_http_request_t *r, ngx_pool_t *pool,
    ngx_http_itinerary_loc_conf_t *conf, ngx_str_t *authorization,
    ngx_str_t *supplier, ngx_str_t *token)
{
    ngx_str_t        value;
    itinerary_str_t  name;

    if (conf->supplier == NULL) {
        return authorization
               ? ngx_http_itinerary_supplier_token(pool, authorization, token)
               : NGX_DECLINED;
    }

    if (ngx_http_complex_value(r, conf->supplier, &value) != NGX_OK) {
        return NGX_ERROR;
    }

    name = ngx_http_itinerary_core_text(&value);

    if (!itinerary_is_supplier(&name)) {
        ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                       "itinerary supplier of %uz bytes is none", value.len);
        return NGX_DECLINED;
    }

    supplier->len = value.len;
    supplier->data = ngx_pstrdup(pool, &value);

    return supplier->data ? NGX_OK : NGX_ERROR;
}


/* "OAuth <token>" or "Bearer <token>"; RFC 9110, 11.4: any case, spaces */

static ngx_int_t
ngx_http_itinerary_supplier_token(ngx_pool_t *pool, ngx_str_t *authorization,
    ngx_str_t *token)
{
    u_char        *p, *last, digest[EVP_MAX_MD_SIZE];
    unsigned int   len;

    p = authorization->data;
    last = p + authorization->len;

    if (authorization->len > 6
        && ngx_strncasecmp(p, (u_char *) "OAuth ", 6) == 0)
    {
        p += 6;

    } else if (authorization->len > 7
               && ngx_strncasecmp(p, (u_char *) "Bearer ", 7) == 0)
    {
        p += 7;

    } else {
        return NGX_DECLINED;
    }

    while (p < last && *p == ' ') {
        p++;
    }

    while (p < last && (last[-1] == ' ' || last[-1] == '\t')) {
        last--;
    }

    if (p == last) {
        return NGX_DECLINED;
    }

    if (EVP_Digest(p, last - p, digest, &len, ngx_http_itinerary_sha256(),
                   NULL)
        != 1)
    {
        return NGX_ERROR;
    }

    token->len = 2 * len;
    token->data = ngx_pnalloc(pool, token->len);
    if (token->data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_hex_dump(token->data, digest, len);

    return NGX_OK;
}


const EVP_MD *
ngx_http_itinerary_sha256(void)
{
#if (OPENSSL_VERSION_NUMBER >= 0x30000000L)

    static EVP_MD  *md;

    if (md == NULL) {
        md = EVP_MD_fetch(NULL, "SHA2-256", NULL);
    }

    if (md) {
        return md;
    }

#endif

    return EVP_sha256();
}
