
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <string.h>

#include <libxml/schemasInternals.h>

#include "itinerary_validator.h"
#include "itinerary_xml.h"


#define ITINERARY_VALIDATOR_TEXT  256    /* bytes, doubled as needed */


static itinerary_result_e itinerary_validator_flush(
    itinerary_validator_t *validator);
static const xmlChar *itinerary_validator_uri(
    const itinerary_validator_t *validator, const xmlChar *uri);
static itinerary_result_e itinerary_validator_result(
    itinerary_validator_t *validator);
static void itinerary_validator_error(void *data,
    itinerary_xml_error_t *error);
static void itinerary_validator_violate(itinerary_validator_t *validator,
    const char *text, int len);


itinerary_result_e
itinerary_validator_init(itinerary_validator_t *validator,
    const itinerary_schema_t *schema, const itinerary_place_t *place,
    itinerary_draft_t *draft)
{
    validator->place = place;
    validator->draft = draft;

    if (schema == NULL) {
        return ITINERARY_OK;
    }

    validator->bare = (schema->xml->targetNamespace == NULL);

    xmlResetLastError();

    validator->ctxt = xmlSchemaNewValidCtxt(schema->xml);
    if (validator->ctxt == NULL) {
        return ITINERARY_NOMEM;
    }

    /* a context that lacks a part must not be plugged in */

    if (itinerary_validator_result(validator) != ITINERARY_OK) {
        return ITINERARY_NOMEM;
    }

    xmlSchemaSetValidStructuredErrors(validator->ctxt,
                                      itinerary_validator_error, validator);

    /* without handlers of ours to be called by libxml2's */

    validator->plug = xmlSchemaSAXPlug(validator->ctxt, &validator->sax,
                                       &validator->data);

    return validator->plug ? ITINERARY_OK : ITINERARY_NOMEM;
}


void
itinerary_validator_destroy(itinerary_validator_t *validator)
{
    if (validator->plug) {
        (void) xmlSchemaSAXUnplug(validator->plug);
        validator->plug = NULL;
    }

    xmlSchemaFreeValidCtxt(validator->ctxt);
    validator->ctxt = NULL;

    xmlFree(validator->text);
    validator->text = NULL;
}


/*
 * Where the schema is without a namespace, so are the elements of the trip.
 *
 * libxml2 leaves the rest of an element alone whose content it has found to be
 * wrong.  Where that is the trip's or Bookings', a booking that follows was
 * not validated, whatever becomes of what was found before.
 */

itinerary_result_e
itinerary_validator_start(itinerary_validator_t *validator,
    itinerary_element_e element, const itinerary_tag_t *tag,
    unsigned line)
{
    int             i;
    unsigned        found;
    const xmlChar  *namespaces[2 * ITINERARY_ATTRIBUTES_MAX], *uri;

    static const char  blind[] = "The booking cannot be validated, because of "
                                 "what precedes it";

    if (validator->ctxt == NULL) {
        return ITINERARY_OK;
    }

    if (itinerary_validator_flush(validator) != ITINERARY_OK) {
        return ITINERARY_NOMEM;
    }

    /* the guard has seen to it */

    if (tag->nnamespaces > ITINERARY_ATTRIBUTES_MAX) {
        return ITINERARY_NOMEM;
    }

    for (i = 0; i < tag->nnamespaces; i++) {
        uri = itinerary_validator_uri(validator, tag->namespaces[2 * i + 1]);

        namespaces[2 * i] = tag->namespaces[2 * i];
        namespaces[2 * i + 1] = uri ? uri : (const xmlChar *) "";
    }

    validator->element = element;
    validator->name = tag->name;
    validator->line = line;

    if (element == ITINERARY_EL_BOOKING && validator->blind) {
        itinerary_validator_violate(validator, blind, sizeof(blind) - 1);
    }

    found = validator->found;

    validator->sax->startElementNs(validator->data, tag->name, tag->prefix,
                                   itinerary_validator_uri(validator,
                                                           tag->uri),
                                   tag->nnamespaces, namespaces,
                                   tag->nattributes, tag->ndefaulted,
                                   tag->attributes);

    if (validator->found != found
        && (element == ITINERARY_EL_BOOKING
            || itinerary_draft_open_booking(validator->draft) == 0))
    {
        validator->blind = 1;
    }

    return itinerary_validator_result(validator);
}


itinerary_result_e
itinerary_validator_end(itinerary_validator_t *validator, const xmlChar *name,
    const xmlChar *prefix, const xmlChar *uri, unsigned line)
{
    if (validator->ctxt == NULL) {
        return ITINERARY_OK;
    }

    if (itinerary_validator_flush(validator) != ITINERARY_OK) {
        return ITINERARY_NOMEM;
    }

    validator->element = itinerary_place_element(validator->place);
    validator->name = name;
    validator->line = line;

    validator->sax->endElementNs(validator->data, name, prefix,
                                 itinerary_validator_uri(validator, uri));

    return itinerary_validator_result(validator);
}


/* libxml2 takes quadratic time for text that it gets in pieces */

itinerary_result_e
itinerary_validator_text(itinerary_validator_t *validator, const u_char *data,
    size_t len, unsigned line)
{
    size_t    size;
    xmlChar  *text;

    if (validator->ctxt == NULL) {
        return ITINERARY_OK;
    }

    if (validator->len == 0) {
        validator->text_line = line;
    }

    if (len > validator->size - validator->len) {

        size = validator->size ? validator->size : ITINERARY_VALIDATOR_TEXT;

        while (len > size - validator->len) {
            size *= 2;
        }

        text = xmlRealloc(validator->text, size);
        if (text == NULL) {
            return ITINERARY_NOMEM;
        }

        validator->text = text;
        validator->size = size;
    }

    memcpy(validator->text + validator->len, data, len);
    validator->len += len;

    return ITINERARY_OK;
}


static itinerary_result_e
itinerary_validator_flush(itinerary_validator_t *validator)
{
    int  len;

    len = (int) validator->len;
    validator->len = 0;

    if (len == 0) {
        return ITINERARY_OK;
    }

    validator->element = itinerary_place_known(validator->place);
    validator->line = validator->text_line;

    validator->sax->characters(validator->data, validator->text, len);

    return itinerary_validator_result(validator);
}


itinerary_result_e
itinerary_validator_finish(itinerary_validator_t *validator)
{
    if (validator->ctxt == NULL
        || validator->found
        || xmlSchemaIsValid(validator->ctxt) == 1)
    {
        return ITINERARY_OK;
    }

    return ITINERARY_NOMEM;
}


static const xmlChar *
itinerary_validator_uri(const itinerary_validator_t *validator,
    const xmlChar *uri)
{
    return validator->bare && itinerary_place_is_ours(validator->place, uri)
           ? NULL : uri;
}


/* libxml2 2.9 tells no handler of a context when memory runs out */

static itinerary_result_e
itinerary_validator_result(itinerary_validator_t *validator)
{
    itinerary_xml_error_t  *error;

    error = xmlGetLastError();

    if (validator->nomem || (error && error->code == XML_ERR_NO_MEMORY)) {
        return ITINERARY_NOMEM;
    }

    return ITINERARY_OK;
}


static void
itinerary_validator_error(void *data, itinerary_xml_error_t *error)
{
    itinerary_validator_t *validator = data;

    int  len;

    if (error->code == XML_ERR_NO_MEMORY
        || error->code == XML_SCHEMAV_INTERNAL)
    {
        validator->nomem = 1;
        return;
    }

    if (error->level < XML_ERR_ERROR) {
        return;
    }

    len = error->message ? (int) strcspn(error->message, "\n") : 0;

    itinerary_validator_violate(validator, len ? error->message : "", len);
}


static void
itinerary_validator_violate(itinerary_validator_t *validator, const char *text,
    int len)
{
    char                  path[ITINERARY_PATH_MAX];
    itinerary_draft_t    *draft;
    itinerary_element_e   element;

    draft = validator->draft;
    element = validator->element;

    validator->found++;

    if (element == ITINERARY_EL_OTHER) {
        itinerary_draft_path(draft, itinerary_place_known(validator->place),
                             (const char *) validator->name, path,
                             sizeof(path));

    } else {
        itinerary_draft_path(draft, element, NULL, path, sizeof(path));
    }

    if (itinerary_violate(&draft->violations, NULL,
                          itinerary_draft_open_booking(draft),
                          validator->line, path, "%.*s", len, text)
        != ITINERARY_OK)
    {
        validator->nomem = 1;
    }
}
