
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The module's front door: directives, variables, phases and filters.
 */


#include "ngx_http_itinerary_answer.h"
#include "ngx_http_itinerary_audit.h"
#include "ngx_http_itinerary_registry_id.h"
#include "ngx_http_itinerary_request.h"


#define NGX_HTTP_ITINERARY_MAX_BOOKINGS  4096


static ngx_int_t ngx_http_itinerary_request_body_filter(
    ngx_http_request_t *r, ngx_chain_t *in);

static ngx_int_t ngx_http_itinerary_variable_operation(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_itinerary_variable_text(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_itinerary_variable_bookings(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_itinerary_variable_time(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_itinerary_variable_spooled(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);

static char *ngx_http_itinerary_redis(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_itinerary_enum(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_itinerary_schema(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static void ngx_http_itinerary_schema_cleanup(void *data);
static char *ngx_http_itinerary_max_bookings(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_http_itinerary_lease(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static void ngx_http_itinerary_warn_proxy(ngx_conf_t *cf,
    ngx_http_itinerary_loc_conf_t *ilcf);

static ngx_int_t ngx_http_itinerary_add_variables(ngx_conf_t *cf);
static ngx_int_t ngx_http_itinerary_init(ngx_conf_t *cf);
static void *ngx_http_itinerary_create_main_conf(ngx_conf_t *cf);
static char *ngx_http_itinerary_init_main_conf(ngx_conf_t *cf, void *conf);
static void *ngx_http_itinerary_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_itinerary_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static ngx_int_t ngx_http_itinerary_init_process(ngx_cycle_t *cycle);
static void ngx_http_itinerary_exit_process(ngx_cycle_t *cycle);


static ngx_conf_enum_t  ngx_http_itinerary_modes[] = {
    { ngx_string("off"), NGX_HTTP_ITINERARY_OFF },
    { ngx_string("audit"), NGX_HTTP_ITINERARY_AUDIT },
    { ngx_string("enforce"), NGX_HTTP_ITINERARY_ENFORCE },
    { ngx_null_string, 0 }
};

static ngx_conf_enum_t  ngx_http_itinerary_unknown_trips[] = {
    { ngx_string("deny"), ITINERARY_UNKNOWN_TRIP_DENY },
    { ngx_string("adopt"), ITINERARY_UNKNOWN_TRIP_ADOPT },
    { ngx_string("allow"), ITINERARY_UNKNOWN_TRIP_ALLOW },
    { ngx_null_string, 0 }
};

static ngx_conf_enum_t  ngx_http_itinerary_booking_sources[] = {
    { ngx_string("claim"), ITINERARY_BOOKING_SOURCE_CLAIM },
    { ngx_string("registered"), ITINERARY_BOOKING_SOURCE_REGISTERED },
    { ngx_string("any"), ITINERARY_BOOKING_SOURCE_ANY },
    { ngx_null_string, 0 }
};

static ngx_path_init_t  ngx_http_itinerary_spool_path = {
    ngx_string("itinerary_spool"), { 0, 0, 0 }
};


static ngx_command_t  ngx_http_itinerary_commands[] = {

    { ngx_string("itinerary"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_itinerary_enum,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_itinerary_loc_conf_t, mode),
      &ngx_http_itinerary_modes },

    { ngx_string("itinerary_redis"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_itinerary_redis,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("itinerary_supplier"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_set_complex_value_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_itinerary_loc_conf_t, supplier),
      NULL },

    { ngx_string("itinerary_audit_log"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_itinerary_audit_log,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("itinerary_unknown_trip"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_itinerary_enum,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_itinerary_loc_conf_t, unknown_trip),
      &ngx_http_itinerary_unknown_trips },

    { ngx_string("itinerary_booking_source"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_itinerary_enum,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_itinerary_loc_conf_t, booking_source),
      &ngx_http_itinerary_booking_sources },

    { ngx_string("itinerary_replace"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_itinerary_loc_conf_t, replace),
      NULL },

    { ngx_string("itinerary_cancel_foreign"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_itinerary_loc_conf_t, cancel_foreign),
      NULL },

    { ngx_string("itinerary_validate"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_itinerary_loc_conf_t, validate),
      NULL },

    { ngx_string("itinerary_schema"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_itinerary_schema,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("itinerary_max_bookings"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_itinerary_max_bookings,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("itinerary_fail_open"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_itinerary_loc_conf_t, fail_open),
      NULL },

    { ngx_string("itinerary_lease"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_itinerary_lease,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("itinerary_spool"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_path_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_itinerary_main_conf_t, spool),
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_itinerary_module_ctx = {
    ngx_http_itinerary_add_variables,      /* preconfiguration */
    ngx_http_itinerary_init,               /* postconfiguration */

    ngx_http_itinerary_create_main_conf,   /* create main configuration */
    ngx_http_itinerary_init_main_conf,     /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_itinerary_create_loc_conf,    /* create location configuration */
    ngx_http_itinerary_merge_loc_conf      /* merge location configuration */
};


ngx_module_t  ngx_http_itinerary_module = {
    NGX_MODULE_V1,
    &ngx_http_itinerary_module_ctx,        /* module context */
    ngx_http_itinerary_commands,           /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_http_itinerary_init_process,       /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_itinerary_exit_process,       /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


/* which text a variable shows */

typedef enum {
    ngx_http_itinerary_text_supplier = 0,
    ngx_http_itinerary_text_trip,
    ngx_http_itinerary_text_verdict,
    ngx_http_itinerary_text_reason,
    ngx_http_itinerary_text_outcome
} ngx_http_itinerary_text_e;


static ngx_http_variable_t  ngx_http_itinerary_vars[] = {

    { ngx_string("itinerary_operation"), NULL,
      ngx_http_itinerary_variable_operation, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("itinerary_supplier"), NULL,
      ngx_http_itinerary_variable_text, ngx_http_itinerary_text_supplier,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("itinerary_trip"), NULL,
      ngx_http_itinerary_variable_text, ngx_http_itinerary_text_trip,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("itinerary_bookings"), NULL,
      ngx_http_itinerary_variable_bookings, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("itinerary_verdict"), NULL,
      ngx_http_itinerary_variable_text, ngx_http_itinerary_text_verdict,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("itinerary_reason"), NULL,
      ngx_http_itinerary_variable_text, ngx_http_itinerary_text_reason,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("itinerary_outcome"), NULL,
      ngx_http_itinerary_variable_text, ngx_http_itinerary_text_outcome,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("itinerary_registry_time"), NULL,
      ngx_http_itinerary_variable_time, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("itinerary_spooled"), NULL,
      ngx_http_itinerary_variable_spooled, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


static ngx_http_request_body_filter_pt   ngx_http_next_request_body_filter;


static ngx_int_t
ngx_http_itinerary_request_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_int_t  rc;

    rc = ngx_http_itinerary_request_body(r, in);

    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_next_request_body_filter(r, in);
}


static ngx_int_t
ngx_http_itinerary_variable_operation(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    const itinerary_str_t     *name;
    ngx_http_itinerary_ctx_t  *ctx;

    ctx = ngx_http_itinerary_ctx_find(r->main, NULL);

    if (ctx == NULL || ctx->operation == ITINERARY_OP_NONE) {
        v->not_found = 1;
        return NGX_OK;
    }

    name = itinerary_operation_name(ctx->operation);

    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
    v->len = name->len;
    v->data = name->data;

    return NGX_OK;
}


static ngx_int_t
ngx_http_itinerary_variable_text(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                          text;
    itinerary_str_t                    trip;
    const itinerary_reason_t          *reason;
    ngx_http_itinerary_ctx_t          *ctx;
    ngx_http_itinerary_transaction_t  *txn;

    ctx = ngx_http_itinerary_ctx_find(r->main, NULL);

    if (ctx == NULL || ctx->txn == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    txn = ctx->txn;
    ngx_str_set(&text, "");

    switch (data) {

    case ngx_http_itinerary_text_supplier:
        text = txn->registry.supplier;
        break;

    case ngx_http_itinerary_text_trip:
        trip = txn->registry.trip.id.len ? txn->registry.trip.id
                                         : txn->target.trip;
        text = ngx_http_itinerary_text(&trip);
        break;

    case ngx_http_itinerary_text_verdict:
        text = ngx_http_itinerary_transaction_verdict(txn);
        break;

    case ngx_http_itinerary_text_reason:
        reason = itinerary_reason(txn->error.reason);
        text = ngx_http_itinerary_text(&reason->code);
        break;

    case ngx_http_itinerary_text_outcome:
        text = *ngx_http_itinerary_outcome_name(txn->outcome);
        break;
    }

    if (text.len == 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    /* the log may be written after the transaction has changed it */

    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
    v->len = text.len;
    v->data = ngx_pstrdup(r->pool, &text);

    return v->data ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_itinerary_variable_bookings(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char                    *p;
    ngx_http_itinerary_ctx_t  *ctx;

    ctx = ngx_http_itinerary_ctx_find(r->main, NULL);

    if (ctx == NULL || ctx->txn == NULL || ctx->txn->document == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, NGX_INT_T_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
    v->len = ngx_sprintf(p, "%ui", (ngx_uint_t) ctx->txn->document->nbookings)
             - p;
    v->data = p;

    return NGX_OK;
}


/* seconds with milliseconds, as $upstream_response_time */

static ngx_int_t
ngx_http_itinerary_variable_time(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char                    *p;
    ngx_msec_t                 ms;
    ngx_http_itinerary_ctx_t  *ctx;

    ctx = ngx_http_itinerary_ctx_find(r->main, NULL);

    if (ctx == NULL || ctx->txn == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, NGX_TIME_T_LEN + 4);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ms = ctx->txn->registry.elapsed;

    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
    v->len = ngx_sprintf(p, "%T.%03M", (time_t) ms / 1000, ms % 1000) - p;
    v->data = p;

    return NGX_OK;
}


/* of the location's registry, whatever is asked */

static ngx_int_t
ngx_http_itinerary_variable_spooled(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char                          *p;
    ngx_http_itinerary_spool_t      *spool;
    ngx_http_itinerary_loc_conf_t   *ilcf;
    ngx_http_itinerary_main_conf_t  *imcf;

    ilcf = ngx_http_get_module_loc_conf(r, ngx_http_itinerary_module);

    if (ilcf->redis == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    imcf = ngx_http_get_module_main_conf(r, ngx_http_itinerary_module);

    spool = ngx_http_itinerary_spool_of(&imcf->spools, ilcf->redis);

    p = ngx_pnalloc(r->pool, NGX_INT_T_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
    v->len = ngx_sprintf(p, "%ui", ngx_http_itinerary_spool_depth(spool)) - p;
    v->data = p;

    return NGX_OK;
}


static char *
ngx_http_itinerary_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_itinerary_loc_conf_t *ilcf = conf;

    ngx_http_itinerary_main_conf_t  *imcf;

    if (ilcf->redis != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    imcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_itinerary_module);

    ilcf->redis = ngx_http_itinerary_redis_conf(cf, &imcf->servers);

    return ilcf->redis ? NGX_CONF_OK : NGX_CONF_ERROR;
}


/* nginx's own slots do not say what is allowed */

static char *
ngx_http_itinerary_enum(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *p = conf;

    u_char            allowed[128], *last;
    ngx_str_t        *value;
    ngx_uint_t       *np;
    ngx_conf_enum_t  *e;

    np = (ngx_uint_t *) (p + cmd->offset);

    if (*np != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;
    last = allowed;

    for (e = cmd->post; e->name.len; e++) {

        if (e->name.len == value[1].len
            && ngx_strcasecmp(e->name.data, value[1].data) == 0)
        {
            *np = e->value;
            return NGX_CONF_OK;
        }

        last = ngx_slprintf(last, allowed + sizeof(allowed), "%s\"%V\"",
                            last == allowed ? ""
                                            : e[1].name.len ? ", " : " or ",
                            &e->name);
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid value \"%V\" in \"%V\" directive, it must be "
                       "%*s", &value[1], &cmd->name,
                       (size_t) (last - allowed), allowed);

    return NGX_CONF_ERROR;
}


/* it is loaded once for each time it is named, before workers are forked */

static char *
ngx_http_itinerary_schema(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_itinerary_loc_conf_t *ilcf = conf;

    char                 text[NGX_MAX_CONF_ERRSTR];
    ngx_str_t           *value;
    ngx_pool_cleanup_t  *cln;

    if (ilcf->schema != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        ilcf->schema = NULL;
        return NGX_CONF_OK;
    }

    if (value[1].len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"\" in \"%V\" directive, it must be "
                           "the file of an XML Schema, or \"off\"",
                           &cmd->name);
        return NGX_CONF_ERROR;
    }

    if (ngx_conf_full_name(cf->cycle, &value[1], 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_CONF_ERROR;
    }

    ilcf->schema = itinerary_schema_load((char *) value[1].data, text,
                                         sizeof(text));
    if (ilcf->schema == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid schema in \"%V\" directive, it must be the "
                           "file of an XML Schema, or \"off\": %s",
                           &cmd->name, text);
        return NGX_CONF_ERROR;
    }

    cln->handler = ngx_http_itinerary_schema_cleanup;
    cln->data = ilcf->schema;

    return NGX_CONF_OK;
}


static void
ngx_http_itinerary_schema_cleanup(void *data)
{
    itinerary_schema_destroy(data);
}


static char *
ngx_http_itinerary_max_bookings(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_itinerary_loc_conf_t *ilcf = conf;

    ngx_str_t  *value;

    if (ilcf->max_bookings != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    ilcf->max_bookings = ngx_atoi(value[1].data, value[1].len);

    if (ilcf->max_bookings < 1
        || ilcf->max_bookings > NGX_HTTP_ITINERARY_MAX_BOOKINGS)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" in \"%V\" directive, it must "
                           "be a number between 1 and %d", &value[1],
                           &cmd->name, NGX_HTTP_ITINERARY_MAX_BOOKINGS);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_itinerary_lease(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_itinerary_loc_conf_t *ilcf = conf;

    ngx_str_t  *value;

    if (ilcf->lease != NGX_CONF_UNSET_MSEC) {
        return "is duplicate";
    }

    value = cf->args->elts;

    ilcf->lease = ngx_parse_time(&value[1], 0);

    if (ilcf->lease == (ngx_msec_t) NGX_ERROR || ilcf->lease < 1000) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" in \"%V\" directive, it must "
                           "be a time of 1 second or longer", &value[1],
                           &cmd->name);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/*
 * The upstream's configuration is the first member of the proxy module's; it
 * has been merged before, since a dynamic module comes after it.
 */

static void
ngx_http_itinerary_warn_proxy(ngx_conf_t *cf,
    ngx_http_itinerary_loc_conf_t *ilcf)
{
    ngx_uint_t                 i;
    ngx_module_t              *module;
    ngx_http_conf_ctx_t       *ctx;
    ngx_http_upstream_conf_t  *ucf;
    ngx_http_core_loc_conf_t  *clcf;

    ctx = cf->ctx;
    ucf = NULL;

    for (i = 0; cf->cycle->modules[i]; i++) {
        module = cf->cycle->modules[i];

        if (ngx_strcmp(module->name, "ngx_http_proxy_module") == 0) {
            ucf = ctx->loc_conf[module->ctx_index];
            break;
        }
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (ucf == NULL || ucf->upstream == NULL || clcf->handler == NULL) {
        return;
    }

    if (ilcf->supplier
        && ngx_strnstr(ilcf->supplier->value.data, "$http_",
                       ilcf->supplier->value.len))
    {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "\"itinerary_supplier\" in guarded location "
                           "\"%V\" is a header that any client can send",
                           &clcf->name);
    }

    if (ilcf->audit == NULL) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "no \"itinerary_audit_log\" in guarded location "
                           "\"%V\": what is forwarded is not recorded",
                           &clcf->name);
    }

    if (!ucf->ignore_client_abort) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "\"proxy_ignore_client_abort\" is off in guarded "
                           "location \"%V\": a client that leaves makes the "
                           "outcome of its write doubtful", &clcf->name);
    }

    if (ucf->next_upstream & NGX_HTTP_UPSTREAM_FT_NON_IDEMPOTENT) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "\"proxy_next_upstream non_idempotent\" in guarded "
                           "location \"%V\" may carry out a write twice",
                           &clcf->name);
    }

    if (ucf->read_timeout > ilcf->lease) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "\"proxy_read_timeout\" in guarded location \"%V\" "
                           "is longer than \"itinerary_lease\": writes to one "
                           "trip may overlap", &clcf->name);
    }

#if (NGX_HTTP_CACHE)

    if (ucf->cache) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "a cache in guarded location \"%V\" may answer a "
                           "write that was not carried out", &clcf->name);
    }

#endif
}


static ngx_int_t
ngx_http_itinerary_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_http_itinerary_vars; v->name.len; v++) {

        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_itinerary_init(ngx_conf_t *cf)
{
    ngx_str_t                        name;
    ngx_uint_t                       i;
    ngx_http_handler_pt             *h;
    ngx_http_core_main_conf_t       *cmcf;
    ngx_http_itinerary_redis_t     **servers;
    ngx_http_itinerary_main_conf_t  *imcf;

    imcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_itinerary_module);

    if (imcf->servers.nelts == 0) {
        return NGX_OK;
    }

    servers = imcf->servers.elts;

    if (ngx_array_init(&imcf->spools, cf->pool, imcf->servers.nelts,
                       sizeof(ngx_http_itinerary_spool_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < imcf->servers.nelts; i++) {
        if (ngx_http_itinerary_registry_id_init(cf->pool, servers[i],
                                                &imcf->spool->name)
            != NGX_OK
            || ngx_http_itinerary_spool_add(cf, &imcf->spools, servers[i],
                                            &imcf->spool->name)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    ngx_str_set(&name, "request_id");

    imcf->request_id = ngx_http_get_variable_index(cf, &name);

    if (imcf->request_id == NGX_ERROR) {
        return NGX_ERROR;
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_PRECONTENT_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_itinerary_request_handler;

    ngx_http_next_request_body_filter = ngx_http_top_request_body_filter;
    ngx_http_top_request_body_filter = ngx_http_itinerary_request_body_filter;

    return ngx_http_itinerary_answer_init(cf);
}


static void *
ngx_http_itinerary_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_itinerary_main_conf_t  *imcf;

    imcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_itinerary_main_conf_t));
    if (imcf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     imcf->spool = NULL;
     *     imcf->spools = { NULL };
     *     imcf->request_id = 0;
     */

    if (ngx_array_init(&imcf->servers, cf->pool, 1,
                       sizeof(ngx_http_itinerary_redis_t *))
        != NGX_OK)
    {
        return NULL;
    }

    return imcf;
}


static char *
ngx_http_itinerary_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_itinerary_main_conf_t *imcf = conf;

    if (imcf->servers.nelts == 0) {
        return NGX_CONF_OK;
    }

    return ngx_conf_merge_path_value(cf, &imcf->spool, NULL,
                                     &ngx_http_itinerary_spool_path);
}


static void *
ngx_http_itinerary_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_itinerary_loc_conf_t  *ilcf;

    ilcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_itinerary_loc_conf_t));
    if (ilcf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     ilcf->supplier = NULL;
     */

    ilcf->mode = NGX_CONF_UNSET_UINT;
    ilcf->redis = NGX_CONF_UNSET_PTR;
    ilcf->audit = NGX_CONF_UNSET_PTR;
    ilcf->unknown_trip = NGX_CONF_UNSET_UINT;
    ilcf->booking_source = NGX_CONF_UNSET_UINT;
    ilcf->validate = NGX_CONF_UNSET;
    ilcf->schema = NGX_CONF_UNSET_PTR;
    ilcf->replace = NGX_CONF_UNSET;
    ilcf->cancel_foreign = NGX_CONF_UNSET;
    ilcf->max_bookings = NGX_CONF_UNSET;
    ilcf->fail_open = NGX_CONF_UNSET;
    ilcf->lease = NGX_CONF_UNSET_MSEC;

    return ilcf;
}


static char *
ngx_http_itinerary_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_itinerary_loc_conf_t *prev = parent;
    ngx_http_itinerary_loc_conf_t *conf = child;

    ngx_conf_merge_uint_value(conf->mode, prev->mode, NGX_HTTP_ITINERARY_OFF);
    ngx_conf_merge_ptr_value(conf->redis, prev->redis, NULL);
    ngx_conf_merge_ptr_value(conf->audit, prev->audit, NULL);
    ngx_conf_merge_uint_value(conf->unknown_trip, prev->unknown_trip,
                              ITINERARY_UNKNOWN_TRIP_DENY);
    ngx_conf_merge_uint_value(conf->booking_source, prev->booking_source,
                              ITINERARY_BOOKING_SOURCE_CLAIM);
    ngx_conf_merge_value(conf->replace, prev->replace, 1);
    ngx_conf_merge_value(conf->cancel_foreign, prev->cancel_foreign, 1);
    ngx_conf_merge_value(conf->validate, prev->validate, 1);
    ngx_conf_merge_ptr_value(conf->schema, prev->schema, NULL);
    ngx_conf_merge_value(conf->max_bookings, prev->max_bookings, 512);
    ngx_conf_merge_value(conf->fail_open, prev->fail_open, 0);
    ngx_conf_merge_msec_value(conf->lease, prev->lease, 60000);

    if (conf->supplier == NULL) {
        conf->supplier = prev->supplier;
    }

    if (conf->mode == NGX_HTTP_ITINERARY_OFF) {
        return NGX_CONF_OK;
    }

    if (conf->redis == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"itinerary\" needs \"itinerary_redis\", or must "
                           "be \"off\"");
        return NGX_CONF_ERROR;
    }

    ngx_http_itinerary_warn_proxy(cf, conf);

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_itinerary_init_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                       i;
    ngx_http_itinerary_spool_t      *spools;
    ngx_http_itinerary_main_conf_t  *imcf;

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    imcf = ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_http_itinerary_module);
    if (imcf == NULL) {
        return NGX_OK;
    }

    spools = imcf->spools.elts;

    for (i = 0; i < imcf->spools.nelts; i++) {
        ngx_http_itinerary_spool_start(&spools[i], cycle->log);
    }

    return NGX_OK;
}


static void
ngx_http_itinerary_exit_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                       i;
    ngx_http_itinerary_redis_t     **servers;
    ngx_http_itinerary_main_conf_t  *imcf;

    imcf = ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_http_itinerary_module);
    if (imcf == NULL) {
        return;
    }

    servers = imcf->servers.elts;

    for (i = 0; i < imcf->servers.nelts; i++) {
        ngx_http_itinerary_redis_close(servers[i]);
    }
}
