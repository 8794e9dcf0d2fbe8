
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The reference's rules for what a post holds, while the reader walks through
 * it.  What breaks one is a violation; whether the post is refused for it is
 * judged later, as what is sent back unchanged need not keep them.
 */


#ifndef _ITINERARY_RULES_H_INCLUDED_
#define _ITINERARY_RULES_H_INCLUDED_


#include "itinerary.h"
#include "itinerary_draft.h"
#include "itinerary_element.h"
#include "itinerary_place.h"
#include "itinerary_tag.h"


#define ITINERARY_RULES_TEXT_MAX  32    /* bytes kept of one element */


typedef struct itinerary_rule_s  itinerary_rule_t;

/* an element that has rules for its children */

typedef struct {
    const itinerary_rule_t   *rules;     /* the first of its rows */
    unsigned                  line;
    unsigned                  seen;      /* bits of the rows whose elements
                                            began in it */
    itinerary_violation_t    *before;    /* the last violation before it */
} itinerary_rules_parent_t;

typedef struct {
    const itinerary_place_t  *place;
    itinerary_draft_t        *draft;

    unsigned                  ruled;     /* bits of the elements that have
                                            rules for their children */

    const itinerary_rule_t   *rule;      /* of the text that is read, or NULL */
    unsigned                  depth;     /* of its element */
    unsigned                  line;
    size_t                    chars;     /* up to the last that is no space */
    size_t                    blanks;    /* behind it */
    size_t                    len;
    u_char                    buf[ITINERARY_RULES_TEXT_MAX];

    itinerary_rules_parent_t  parents[ITINERARY_EL_MAX];
} itinerary_rules_t;


/* whether there are rules for the children of the element */

#define itinerary_rules_has(rules, element)                                  \
    (((rules)->ruled & (1u << (element))) != 0)


/*
 * There are none for an answer, and without "validate" only those by which
 * the elements are required that the judgement needs.  "place" and "draft"
 * must outlive the rules.
 */

void itinerary_rules_init(itinerary_rules_t *rules,
    const itinerary_place_t *place, itinerary_draft_t *draft);

/*
 * An element begins below the place, or the innermost one ends; the draft
 * knows it when it begins, and still when it ends.  To be called where either
 * it or its parent has rules, or, when it ends, where "rule" is set; "line" is
 * that of its start tag.  ITINERARY_REFUSED: it is a second one where one
 * belongs.
 */

itinerary_result_e itinerary_rules_start(itinerary_rules_t *rules,
    itinerary_element_e element, const itinerary_tag_t *tag, unsigned line);
itinerary_result_e itinerary_rules_end(itinerary_rules_t *rules,
    itinerary_element_e element);

/* a piece of text in the innermost element, where "rule" is set */

void itinerary_rules_text(itinerary_rules_t *rules, const u_char *data,
    size_t len);


#endif /* _ITINERARY_RULES_H_INCLUDED_ */
