
/*
 * Copyright (C) Itinerary gateway authors
 */


#include <string.h>

#include "itinerary_char.h"
#include "itinerary_rules.h"


typedef enum {
    ITINERARY_RULE_TEXT = 0,
    ITINERARY_RULE_DATE,         /* YYYY-MM-DDThh:mm:ss */
    ITINERARY_RULE_BOOLEAN,      /* true or false */
    ITINERARY_RULE_NAME,         /* the draft knows it, and says whether it
                                    is one; required in any case */
    ITINERARY_RULE_SEGMENT       /* any segment of the reference */
} itinerary_rule_e;

struct itinerary_rule_s {
    itinerary_element_e    parent;
    const char            *name;
    unsigned               required;    /* and not empty */
    unsigned               max;         /* characters, 0: any number */
    itinerary_rule_e       type;
};


static const itinerary_rule_t *itinerary_rules_find(
    const itinerary_rule_t *rule, const u_char *name);
static itinerary_result_e itinerary_rules_check(itinerary_rules_t *rules,
    const itinerary_rule_t *rule);
static itinerary_result_e itinerary_rules_missing(itinerary_rules_t *rules,
    itinerary_element_e parent);
static int itinerary_rules_seen(const itinerary_rules_t *rules,
    const itinerary_rules_parent_t *parent, const itinerary_rule_t *rule);
static int itinerary_rules_is_date(const u_char *p);
static int itinerary_rules_number(const u_char *p, size_t n);


/* as the reference has them; a parent's rows stand together */

#define ITINERARY  ITINERARY_EL_ITINERARY
#define BOOKING    ITINERARY_EL_BOOKING
#define SEGMENTS   ITINERARY_EL_SEGMENTS
#define PASSENGER  ITINERARY_EL_PASSENGER

#define TEXT       ITINERARY_RULE_TEXT
#define DATE       ITINERARY_RULE_DATE
#define BOOLEAN    ITINERARY_RULE_BOOLEAN
#define NAME       ITINERARY_RULE_NAME
#define SEGMENT    ITINERARY_RULE_SEGMENT

static const itinerary_rule_t  itinerary_reference[] = {

    /* parent      name           required    max  type */

    { ITINERARY, "TripName",             1,   255, TEXT },
    { ITINERARY, "TripStatus",           1,     0, TEXT },
    { ITINERARY, "CancelComments",       0,   256, TEXT },
    { ITINERARY, "ClientLocator",        0,    32, TEXT },
    { ITINERARY, "Comments",             0,   512, TEXT },
    { ITINERARY, "DateBookedLocal",      0,     0, DATE },
    { ITINERARY, "Description",          0,   512, TEXT },
    { ITINERARY, "EndDateLocal",         0,     0, DATE },
    { ITINERARY, "IsPersonal",           0,     0, BOOLEAN },
    { ITINERARY, "ProjectName",          0,   255, TEXT },
    { ITINERARY, "StartDateLocal",       0,     0, DATE },

    { BOOKING,   "RecordLocator",        1,     0, NAME },
    { BOOKING,   "BookingSource",        1,     0, NAME },
    { BOOKING,   "DateBookedLocal",      0,     0, DATE },

    { SEGMENTS,  "*",                    1,     0, SEGMENT },

    { PASSENGER, "NameFirst",            1,     0, TEXT },
    { PASSENGER, "NameLast",             1,     0, TEXT },

    { ITINERARY_EL_OTHER, NULL,          0,     0, TEXT }
};

#undef ITINERARY
#undef BOOKING
#undef SEGMENTS
#undef PASSENGER

#undef TEXT
#undef DATE
#undef BOOLEAN
#undef NAME
#undef SEGMENT

#define ITINERARY_NO_SEGMENT                                                 \
    "has none of Air, Car, Hotel, Dining, Ride, Rail, Parking, Event, Travel"

#define itinerary_rule_bit(rule)  (1u << ((rule) - itinerary_reference))


void
itinerary_rules_init(itinerary_rules_t *rules, const itinerary_place_t *place,
    itinerary_draft_t *draft)
{
    itinerary_element_e      last;
    const itinerary_rule_t  *rule;

    memset(rules, 0, sizeof(itinerary_rules_t));

    rules->place = place;
    rules->draft = draft;

    if (draft->conf->reading != ITINERARY_READ_POST) {
        return;
    }

    last = ITINERARY_EL_OTHER;

    for (rule = itinerary_reference; rule->name; rule++) {

        if (rule->parent != last) {
            last = rule->parent;
            rules->parents[last].rules = rule;
        }

        if (draft->conf->validate || rule->type == ITINERARY_RULE_NAME) {
            rules->ruled |= 1u << last;
        }
    }
}


itinerary_result_e
itinerary_rules_start(itinerary_rules_t *rules, itinerary_element_e element,
    const itinerary_tag_t *tag, unsigned line)
{
    itinerary_element_e         outer;
    const itinerary_rule_t     *rule;
    itinerary_rules_parent_t   *parent;

    if (itinerary_rules_has(rules, element)) {
        parent = &rules->parents[element];
        parent->line = line;
        parent->seen = 0;
        parent->before = rules->draft->violations.last;
    }

    outer = itinerary_place_element(rules->place);

    if (!rules->draft->conf->validate
        || !itinerary_rules_has(rules, outer)
        || !itinerary_place_is_ours(rules->place, tag->uri))
    {
        return ITINERARY_OK;
    }

    parent = &rules->parents[outer];

    rule = itinerary_rules_find(parent->rules, tag->name);

    if (rule == NULL) {
        return ITINERARY_OK;
    }

    if (rule->type == ITINERARY_RULE_SEGMENT) {
        parent->seen |= itinerary_rule_bit(rule);
        return ITINERARY_OK;
    }

    if (parent->seen & itinerary_rule_bit(rule)) {
        return ITINERARY_REFUSED;
    }

    parent->seen |= itinerary_rule_bit(rule);

    rules->rule = rule;
    rules->depth = rules->place->depth + 1;
    rules->line = line;
    rules->chars = 0;
    rules->blanks = 0;
    rules->len = 0;

    return ITINERARY_OK;
}


itinerary_result_e
itinerary_rules_end(itinerary_rules_t *rules, itinerary_element_e element)
{
    const itinerary_rule_t  *rule;

    rule = rules->rule;

    if (rule && rules->place->depth == rules->depth) {
        rules->rule = NULL;
        return itinerary_rules_check(rules, rule);
    }

    if (itinerary_rules_has(rules, element)) {
        return itinerary_rules_missing(rules, element);
    }

    return ITINERARY_OK;
}


/* a character counts by its first byte */

void
itinerary_rules_text(itinerary_rules_t *rules, const u_char *data, size_t len)
{
    size_t  i;

    if (rules->place->depth != rules->depth) {
        return;
    }

    for (i = 0; i < len; i++) {

        if (itinerary_is_space(data[i])) {

            if (rules->chars == 0) {
                continue;
            }

            rules->blanks++;

        } else if ((data[i] & 0xc0) != 0x80) {
            rules->chars += rules->blanks + 1;
            rules->blanks = 0;
        }

        if (rules->len < ITINERARY_RULES_TEXT_MAX) {
            rules->buf[rules->len++] = data[i];
        }
    }
}


static const itinerary_rule_t *
itinerary_rules_find(const itinerary_rule_t *rule, const u_char *name)
{
    itinerary_element_e  parent;

    for (parent = rule->parent; rule->parent == parent; rule++) {

        if (rule->type == ITINERARY_RULE_SEGMENT) {
            return itinerary_is_segment(name) ? rule : NULL;
        }

        if (rule->type != ITINERARY_RULE_NAME
            && rule->name[0] == (char) name[0]
            && strcmp(rule->name, (const char *) name) == 0)
        {
            return rule;
        }
    }

    return NULL;
}


static itinerary_result_e
itinerary_rules_check(itinerary_rules_t *rules, const itinerary_rule_t *rule)
{
    char                path[ITINERARY_PATH_MAX];
    size_t              n;
    unsigned            booking;
    const char         *what;
    itinerary_draft_t  *draft;

    draft = rules->draft;
    n = rules->chars;
    what = NULL;

    if (n == 0) {
        what = rule->required ? "is empty" : NULL;

    } else if (rule->type == ITINERARY_RULE_DATE) {

        if (n != sizeof("YYYY-MM-DDThh:mm:ss") - 1
            || !itinerary_rules_is_date(rules->buf))
        {
            what = "is no date of the form YYYY-MM-DDThh:mm:ss";
        }

    } else if (rule->type == ITINERARY_RULE_BOOLEAN) {

        if (!(n == 4 && memcmp(rules->buf, "true", 4) == 0)
            && !(n == 5 && memcmp(rules->buf, "false", 5) == 0))
        {
            what = "must be true or false";
        }
    }

    if (what == NULL && (rule->max == 0 || n <= rule->max)) {
        return ITINERARY_OK;
    }

    itinerary_draft_path(draft, rule->parent, rule->name, path, sizeof(path));
    booking = itinerary_draft_open_booking(draft);

    if (what) {
        return itinerary_violate(&draft->violations, NULL, booking,
                                 rules->line, path, "%s %s", rule->name, what);
    }

    return itinerary_violate(&draft->violations, NULL, booking, rules->line,
                             path, "%s is longer than %u characters",
                             rule->name, rule->max);
}


/*
 * What is missing is so where its parent begins, and stands before what is
 * wrong within the parent.
 */

static itinerary_result_e
itinerary_rules_missing(itinerary_rules_t *rules, itinerary_element_e element)
{
    char                       path[ITINERARY_PATH_MAX];
    const char                *name;
    itinerary_draft_t         *draft;
    const itinerary_rule_t    *rule;
    itinerary_rules_parent_t  *parent;

    draft = rules->draft;
    parent = &rules->parents[element];

    for (rule = parent->rules; rule->parent == element; rule++) {

        if (!rule->required || itinerary_rules_seen(rules, parent, rule)) {
            continue;
        }

        name = (rule->type == ITINERARY_RULE_SEGMENT) ? NULL : rule->name;

        if (rule->type == ITINERARY_RULE_NAME) {
            draft->invalid = 1;
        }

        itinerary_draft_path(draft, element, name, path, sizeof(path));

        if (itinerary_violate(&draft->violations, &parent->before,
                              itinerary_draft_open_booking(draft),
                              parent->line, path, "%s %s",
                              name ? name : "Segments",
                              name ? "is missing" : ITINERARY_NO_SEGMENT)
            != ITINERARY_OK)
        {
            return ITINERARY_NOMEM;
        }
    }

    return ITINERARY_OK;
}


static int
itinerary_rules_seen(const itinerary_rules_t *rules,
    const itinerary_rules_parent_t *parent, const itinerary_rule_t *rule)
{
    int  exact;

    /* they are the only ones that count without "validate" */

    if (rule->type == ITINERARY_RULE_NAME) {
        return itinerary_draft_has(rules->draft,
                   itinerary_element_find((const u_char *) rule->name,
                                          &exact));
    }

    return !rules->draft->conf->validate
           || (parent->seen & itinerary_rule_bit(rule)) != 0;
}


/* the n-th day of the n-th month, and so on, must be one that there is */

static int
itinerary_rules_is_date(const u_char *p)
{
    int  year, month, day, days;

    static const u_char  months[] = { 31, 28, 31, 30, 31, 30,
                                      31, 31, 30, 31, 30, 31 };

    if (p[4] != '-' || p[7] != '-' || p[10] != 'T'
        || p[13] != ':' || p[16] != ':')
    {
        return 0;
    }

    year = itinerary_rules_number(p, 4);
    month = itinerary_rules_number(p + 5, 2);
    day = itinerary_rules_number(p + 8, 2);

    if (year < 1 || month < 1 || month > 12) {
        return 0;
    }

    days = months[month - 1];

    if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)) {
        days = 29;
    }

    return day >= 1 && day <= days
           && (unsigned) itinerary_rules_number(p + 11, 2) < 24
           && (unsigned) itinerary_rules_number(p + 14, 2) < 60
           && (unsigned) itinerary_rules_number(p + 17, 2) < 60;
}


/* -1 where it is none */

static int
itinerary_rules_number(const u_char *p, size_t n)
{
    int  number;

    for (number = 0; n; n--, p++) {

        if (!itinerary_is_digit(*p)) {
            return -1;
        }

        number = number * 10 + (*p - '0');
    }

    return number;
}
