
/*
 * Copyright (C) Itinerary gateway authors
 */


#include "ngx_http_itinerary_audit.h"
#include "itinerary_escape.h"


/* what ngx_syslog_add_header() writes at most */

#define NGX_HTTP_ITINERARY_AUDIT_SYSLOG                                       \
    (sizeof("<255>Jan 01 00:00:00 ") - 1                                      \
     + (NGX_MAXHOSTNAMELEN - 1) + 1 + 32 + 2)


struct ngx_http_itinerary_audit_s {
    ngx_open_file_t             *file;    /* or */
    ngx_syslog_peer_t           *syslog;
    ngx_fd_t                     cut;     /* where a part of a line is last */
};


static size_t ngx_http_itinerary_audit_size(
    ngx_http_itinerary_transaction_t *txn);
static u_char *ngx_http_itinerary_audit_record(u_char *p, u_char *last,
    ngx_http_itinerary_transaction_t *txn, ngx_http_itinerary_event_e event);
static u_char *ngx_http_itinerary_audit_bookings(u_char *p, u_char *last,
    itinerary_judgement_t *judgement);
static u_char *ngx_http_itinerary_audit_text(u_char *p, u_char *last,
    char *name, size_t len, u_char *data);
static u_char *ngx_http_itinerary_audit_number(u_char *p, u_char *last,
    char *name, off_t n);
static ngx_int_t ngx_http_itinerary_audit_write(
    ngx_http_itinerary_transaction_t *txn, ngx_http_itinerary_audit_t *audit,
    u_char *line, size_t len);


/* in the order of ngx_http_itinerary_event_e */

static ngx_str_t  ngx_http_itinerary_events[] = {
    ngx_string("forwarded"),
    ngx_string("completed"),
    ngx_string("rejected")
};


char *
ngx_http_itinerary_audit_log(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_itinerary_loc_conf_t *ilcf = conf;

    ngx_str_t                    *value;
    ngx_http_itinerary_audit_t   *audit, **target;

    value = cf->args->elts;

    if (ilcf->audit == NGX_CONF_UNSET_PTR) {
        ilcf->audit = ngx_array_create(cf->pool, 1,
                                       sizeof(ngx_http_itinerary_audit_t *));
        if (ilcf->audit == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    if (value[1].len == 0
        || ngx_strcmp(value[1].data, "redis") == 0
        || ngx_strcmp(value[1].data, "off") == 0
        || ngx_strlchr(value[1].data, value[1].data + value[1].len, '$'))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid target \"%V\" of \"%V\", it must be a "
                           "file without variables or "
                           "\"syslog:server=address[,parameter=value]\"",
                           &value[1], &cmd->name);
        return NGX_CONF_ERROR;
    }

    audit = ngx_pcalloc(cf->pool, sizeof(ngx_http_itinerary_audit_t));
    target = ngx_array_push(ilcf->audit);

    if (audit == NULL || target == NULL) {
        return NGX_CONF_ERROR;
    }

    *target = audit;

    if (ngx_strncmp(value[1].data, "syslog:", 7) == 0) {

        audit->syslog = ngx_pcalloc(cf->pool, sizeof(ngx_syslog_peer_t));
        if (audit->syslog == NULL) {
            return NGX_CONF_ERROR;
        }

        return ngx_syslog_process_conf(cf, audit->syslog);
    }

    audit->cut = NGX_INVALID_FILE;
    audit->file = ngx_conf_open_file(cf->cycle, &value[1]);

    return audit->file ? NGX_CONF_OK : NGX_CONF_ERROR;
}


ngx_int_t
ngx_http_itinerary_audit(ngx_http_itinerary_transaction_t *txn,
    ngx_http_itinerary_event_e event)
{
    size_t                        size;
    u_char                       *line, *p;
    ngx_int_t                     rc;
    ngx_uint_t                    i;
    ngx_http_itinerary_audit_t  **target;

    if (txn->conf->audit == NULL) {
        return NGX_OK;
    }

    size = ngx_http_itinerary_audit_size(txn);

    line = ngx_alloc(size, txn->log);
    if (line == NULL) {
        return NGX_ERROR;
    }

    p = ngx_http_itinerary_audit_record(line, line + size, txn, event);

    rc = NGX_OK;
    target = txn->conf->audit->elts;

    for (i = 0; i < txn->conf->audit->nelts; i++) {
        if (ngx_http_itinerary_audit_write(txn, target[i], line, p - line)
            != NGX_OK)
        {
            rc = NGX_ERROR;
        }
    }

    ngx_free(line);

    return rc;
}


/* an upper bound: what is known to be short, and what is not, escaped */

static size_t
ngx_http_itinerary_audit_size(ngx_http_itinerary_transaction_t *txn)
{
    size_t      size;
    ngx_uint_t  i;

    size = txn->request_id.len + txn->registry.supplier.len + txn->client.len
           + txn->target.on_behalf_of.len + txn->target.trip.len
           + txn->registry.trip.id.len;

    for (i = 0; i < txn->judgement.neffects; i++) {
        size += txn->judgement.effects[i].source.len
                + txn->judgement.effects[i].locator.len + 16;
    }

    return 1024 + size * ITINERARY_ESCAPE_MAX;
}


static u_char *
ngx_http_itinerary_audit_record(u_char *p, u_char *last,
    ngx_http_itinerary_transaction_t *txn, ngx_http_itinerary_event_e event)
{
    ngx_tm_t                        tm;
    ngx_str_t                      *s, verdict;
    ngx_time_t                     *tp;
    itinerary_str_t                *trip;
    const itinerary_str_t          *text;
    ngx_http_itinerary_registry_t  *reg;

    reg = &txn->registry;

    tp = ngx_timeofday();
    ngx_gmtime(tp->sec, &tm);

    p = ngx_slprintf(p, last,
                     "{\"time\":\"%4d-%02d-%02dT%02d:%02d:%02d.%03MZ\"",
                     tm.ngx_tm_year, tm.ngx_tm_mon, tm.ngx_tm_mday,
                     tm.ngx_tm_hour, tm.ngx_tm_min, tm.ngx_tm_sec, tp->msec);

    s = &ngx_http_itinerary_events[event];
    p = ngx_http_itinerary_audit_text(p, last, "event", s->len, s->data);

    p = ngx_http_itinerary_audit_text(p, last, "request_id",
                                      txn->request_id.len,
                                      txn->request_id.data);
    p = ngx_http_itinerary_audit_text(p, last, "supplier", reg->supplier.len,
                                      reg->supplier.data);
    p = ngx_http_itinerary_audit_text(p, last, "client", txn->client.len,
                                      txn->client.data);
    p = ngx_http_itinerary_audit_text(p, last, "on_behalf_of",
                                      txn->target.on_behalf_of.len,
                                      txn->target.on_behalf_of.data);

    text = itinerary_operation_name(txn->target.operation);
    p = ngx_http_itinerary_audit_text(p, last, "operation", text->len,
                                      text->data);

    trip = reg->trip.id.len ? &reg->trip.id : &txn->target.trip;
    p = ngx_http_itinerary_audit_text(p, last, "trip", trip->len, trip->data);

    p = ngx_http_itinerary_audit_bookings(p, last, &txn->judgement);

    if (txn->conf->mode == NGX_HTTP_ITINERARY_ENFORCE) {
        p = ngx_http_itinerary_audit_text(p, last, "mode", 7,
                                          (u_char *) "enforce");

    } else {
        p = ngx_http_itinerary_audit_text(p, last, "mode", 5,
                                          (u_char *) "audit");
    }

    verdict = ngx_http_itinerary_transaction_verdict(txn);
    p = ngx_http_itinerary_audit_text(p, last, "verdict", verdict.len,
                                      verdict.data);

    text = &itinerary_reason(txn->error.reason)->code;
    p = ngx_http_itinerary_audit_text(p, last, "reason", text->len,
                                      text->data);

    if (txn->status) {
        p = ngx_http_itinerary_audit_number(p, last, "status", txn->status);
    }

    if (txn->upstream_status) {
        p = ngx_http_itinerary_audit_number(p, last, "upstream_status",
                                            txn->upstream_status);
    }

    s = ngx_http_itinerary_outcome_name(txn->outcome);
    p = ngx_http_itinerary_audit_text(p, last, "outcome", s->len, s->data);

    if (txn->body_seen) {
        p = ngx_http_itinerary_audit_number(p, last, "body_bytes",
                                            txn->body_bytes);
        p = ngx_http_itinerary_audit_text(p, last, "body_sha256", 64,
                                          txn->body_sha256);
    }

    p = ngx_http_itinerary_audit_number(p, last, "registry_ms", reg->elapsed);

    if (event != ngx_http_itinerary_event_forwarded) {
        p = ngx_http_itinerary_audit_number(p, last, "total_ms",
                                            ngx_current_msec - txn->started);
    }

    return ngx_slprintf(p, last, "}\n");
}


static u_char *
ngx_http_itinerary_audit_bookings(u_char *p, u_char *last,
    itinerary_judgement_t *judgement)
{
    ngx_uint_t                   i;
    const itinerary_str_t       *name;
    itinerary_booking_effect_t  *effect;

    if (judgement->neffects == 0) {
        return p;
    }

    p = ngx_slprintf(p, last, ",\"bookings\":[");

    for (i = 0; i < judgement->neffects; i++) {

        effect = &judgement->effects[i];
        name = itinerary_effect_name(effect->effect);

        p = ngx_slprintf(p, last, "%s{\"source\":\"", i ? "," : "");
        p = itinerary_escape_json(p, last, &effect->source);
        p = ngx_slprintf(p, last, "\",\"locator\":\"");
        p = itinerary_escape_json(p, last, &effect->locator);
        p = ngx_slprintf(p, last, "\",\"effect\":\"%*s\"}", name->len,
                         name->data);
    }

    return ngx_slprintf(p, last, "]");
}


static u_char *
ngx_http_itinerary_audit_text(u_char *p, u_char *last, char *name, size_t len,
    u_char *data)
{
    itinerary_str_t  text;

    if (len == 0) {
        return p;
    }

    text.len = len;
    text.data = data;

    p = ngx_slprintf(p, last, ",\"%s\":\"", name);
    p = itinerary_escape_json(p, last, &text);

    return ngx_slprintf(p, last, "\"");
}


static u_char *
ngx_http_itinerary_audit_number(u_char *p, u_char *last, char *name, off_t n)
{
    return ngx_slprintf(p, last, ",\"%s\":%O", name, n);
}


static ngx_int_t
ngx_http_itinerary_audit_write(ngx_http_itinerary_transaction_t *txn,
    ngx_http_itinerary_audit_t *audit, u_char *line, size_t len)
{
    u_char     *p, *message;
    ssize_t     n;
    ngx_fd_t    fd;
    ngx_err_t   err;

    if (audit->syslog) {

        len--;                                          /* no line feed */

        message = ngx_alloc(NGX_HTTP_ITINERARY_AUDIT_SYSLOG + len, txn->log);
        if (message == NULL) {
            return NGX_ERROR;
        }

        p = ngx_syslog_add_header(audit->syslog, message);
        p = ngx_cpymem(p, line, len);

        n = ngx_syslog_send(audit->syslog, message, p - message);

        ngx_free(message);

        return n < 0 ? NGX_ERROR : NGX_OK;
    }

    fd = audit->file->fd;

    /* a part of a record must not spoil the next one */

    if (audit->cut == fd && ngx_write_fd(fd, "\n", 1) == 1) {
        audit->cut = NGX_INVALID_FILE;
    }

    n = ngx_write_fd(fd, line, len);

    if (n == (ssize_t) len) {
        return NGX_OK;
    }

    err = n == -1 ? ngx_errno : 0;

    if (n > 0) {
        audit->cut = fd;
    }

    ngx_log_error(NGX_LOG_CRIT, txn->log, err,
                  ngx_write_fd_n " of the audit record of \"%V\" to \"%V\" "
                  "returned %z of %uz", &txn->request_id, &audit->file->name,
                  n, len);

    return NGX_ERROR;
}
