
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * Where in the document the reader is, and what an element that begins there
 * means: the rules on which element may stand where, how often and how.
 */


#ifndef _ITINERARY_PLACE_H_INCLUDED_
#define _ITINERARY_PLACE_H_INCLUDED_


#include "itinerary.h"
#include "itinerary_draft.h"
#include "itinerary_element.h"
#include "itinerary_reader.h"
#include "itinerary_tag.h"


typedef struct {
    itinerary_reason_e     reason;      /* of a refusal */
    const char            *text;        /* a few words about it */

    itinerary_reading_e    reading;
    unsigned               roots;       /* that are allowed */
    unsigned               root;        /* that it is, ITINERARY_ROOT_* */
    const u_char          *namespace;   /* the root's, while it is open */
    unsigned               depth;
    u_char                 elements[ITINERARY_DEPTH_MAX + 1];
} itinerary_place_t;


/* the innermost element, one that the reader knows or OTHER */

#define itinerary_place_element(place)                                       \
    ((itinerary_element_e) (place)->elements[(place)->depth])


void itinerary_place_init(itinerary_place_t *place,
    itinerary_reading_e reading, unsigned roots);

/*
 * Tells which element begins with the tag, or that it is of no interest.
 * ITINERARY_REFUSED: "reason" and "text" say why.
 */

itinerary_result_e itinerary_place_judge(itinerary_place_t *place,
    const itinerary_draft_t *draft, const itinerary_tag_t *tag,
    itinerary_element_e *element);

/* whether the innermost element may have nothing but plain character data */

int itinerary_place_is_plain(const itinerary_place_t *place);

/* the innermost element that the reader knows */

itinerary_element_e itinerary_place_known(const itinerary_place_t *place);

/* whether it is the root's namespace */

int itinerary_place_is_ours(const itinerary_place_t *place,
    const u_char *uri);


#endif /* _ITINERARY_PLACE_H_INCLUDED_ */
