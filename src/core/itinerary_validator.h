
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * Validates a post by a schema while the reader walks through it.  What the
 * schema does not allow is a violation like those of the reference's rules.
 */


#ifndef _ITINERARY_VALIDATOR_H_INCLUDED_
#define _ITINERARY_VALIDATOR_H_INCLUDED_


#include <libxml/parser.h>
#include <libxml/xmlschemas.h>

#include "itinerary.h"
#include "itinerary_draft.h"
#include "itinerary_element.h"
#include "itinerary_place.h"
#include "itinerary_schema.h"
#include "itinerary_tag.h"


typedef struct {
    const itinerary_place_t  *place;
    itinerary_draft_t        *draft;

    xmlSchemaValidCtxtPtr     ctxt;       /* NULL: there is no schema */
    xmlSchemaSAXPlugPtr       plug;
    xmlSAXHandlerPtr          sax;        /* libxml2's, to be called */
    void                     *data;       /* of its handlers */

    itinerary_element_e       element;    /* that libxml2 is told of */
    const xmlChar            *name;
    unsigned                  line;

    size_t                    len;        /* of the text, as far as it has */
    size_t                    size;       /* come; libxml2 gets it whole */
    xmlChar                  *text;
    unsigned                  text_line;

    unsigned                  found;      /* violations */
    unsigned                  blind:1;    /* libxml2 has given up on what
                                             follows */
    unsigned                  bare:1;     /* the schema has no namespace */
    unsigned                  nomem:1;
} itinerary_validator_t;


/*
 * "schema" may be NULL; it, "place" and "draft" must outlive the validator.
 * ITINERARY_NOMEM, here and below: the document could not be validated, for
 * want of memory or for another fault of libxml2.  The validator, all zero
 * before, is to be destroyed in any case.
 */

itinerary_result_e itinerary_validator_init(itinerary_validator_t *validator,
    const itinerary_schema_t *schema, const itinerary_place_t *place,
    itinerary_draft_t *draft);
void itinerary_validator_destroy(itinerary_validator_t *validator);

/*
 * An element begins below the place, or the innermost one ends; the draft
 * knows it when it begins, and still when it ends.
 */

itinerary_result_e itinerary_validator_start(itinerary_validator_t *validator,
    itinerary_element_e element, const itinerary_tag_t *tag,
    unsigned line);
itinerary_result_e itinerary_validator_end(itinerary_validator_t *validator,
    const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
    unsigned line);

itinerary_result_e itinerary_validator_text(itinerary_validator_t *validator,
    const u_char *data, size_t len, unsigned line);

/*
 * ITINERARY_OK: the schema has been asked about the whole document, and each
 * violation was recorded.
 */

itinerary_result_e itinerary_validator_finish(
    itinerary_validator_t *validator);


#endif /* _ITINERARY_VALIDATOR_H_INCLUDED_ */
