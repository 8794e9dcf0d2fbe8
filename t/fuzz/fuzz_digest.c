
/*
 * Copyright (C) Itinerary gateway authors
 */


/*
 * The digests of a document: the same for the same content in other words
 * (other prefixes, white space between elements, comments, CDATA boundaries,
 * character references, quotes, another order of attributes), and another for
 * another content, of the part that it is in and of no other.
 *
 * The first bytes of the input say how it is read (bit 0: as a post; bit 1:
 * Booking) and how it is written and changed; from the second line it is the
 * document.
 */


#include "document.h"
#include "itinerary_tag.h"

#include <strings.h>


#define XSI     "http://www.w3.org/2001/XMLSchema-instance"
#define SPACES  " \t\n"


typedef struct {
    FILE              *out;
    uint32_t           seed;
    int                changed;     /* what is written is not the same */
    unsigned           change;      /* the element to change, from 1; 0: none */
    unsigned           elements;    /* so far */
    unsigned           bookings;    /* so far */
    unsigned           booking;     /* that is open, from 1, or 0 */
    unsigned           where;       /* the one that was changed, from 1, or 0 */
} writer_t;


static int
chance(writer_t *w, uint32_t n)
{
    return fuzz_random(&w->seed, n) == 0;
}


static int
is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}


/* what is guarded must not be split by comments and CDATA */

static int
is_plain(const xmlNode *node)
{
    size_t  i;

    static const char  *const names[] = {
        "RecordLocator", "BookingSource", "ConfirmationNumber", "TripStatus",
        "TripId", "ItinLocator", "id"
    };

    for (i = 0; i < nelts(names); i++) {
        if (strcasecmp((const char *) node->name, names[i]) == 0) {
            return 1;
        }
    }

    return 0;
}


static void
write_char(writer_t *w, u_char c, int attribute)
{
    if (c == '&' || c == '<' || c == '>' || c == '"' || c == '\''
        || c == '\r' || (attribute && (c == '\n' || c == '\t'))
        || (c < 0x80 && chance(w, 16)))
    {
        fprintf(w->out, chance(w, 2) ? "&#x%x;" : "&#%u;", c);
        return;
    }

    fputc(c, w->out);
}


static void
write_text(writer_t *w, const char *text, int plain)
{
    size_t  n;

    while (*text) {

        if (!plain && chance(w, 8)) {
            fprintf(w->out, "<!--%s-->", chance(w, 2) ? " a " : "");
        }

        /* what CDATA cannot say, and a character must not be cut */

        n = strcspn(text, "]\r");

        if (!plain && n && chance(w, 8)) {
            fprintf(w->out, "<![CDATA[%.*s]]>", (int) n, text);
            text += n;
            continue;
        }

        write_char(w, *text++, 0);

        while (((u_char) *text & 0xc0) == 0x80) {
            fputc(*text++, w->out);
        }
    }
}


/* between elements */

static void
write_gap(writer_t *w, int plain)
{
    unsigned  n;

    for (n = fuzz_random(&w->seed, 4); n; n--) {
        fputc(SPACES[fuzz_random(&w->seed, 3)], w->out);
    }

    if (!plain && chance(w, 6)) {
        fprintf(w->out, "<!-- b -->");
    }
}


static void
write_value(writer_t *w, const char *text)
{
    char  quote;

    quote = chance(w, 2) ? '"' : '\'';

    fputc(quote, w->out);

    for ( /* void */ ; *text; text++) {
        write_char(w, *text, 1);
    }

    fputc(quote, w->out);
}


/* every tag brings the namespaces that it needs */

static void
write_attributes(writer_t *w, const xmlNode *node, int change)
{
    char            *value;
    unsigned         i, n, k;
    const xmlAttr   *attr, *attrs[ITINERARY_ATTRIBUTES_MAX + 1];

    n = 0;

    for (attr = node->properties; attr && n <= ITINERARY_ATTRIBUTES_MAX;
         attr = attr->next)
    {
        k = fuzz_random(&w->seed, n + 1);
        attrs[n] = attrs[k];
        attrs[k] = attr;
        n++;
    }

    for (i = 0; i < n; i++) {
        attr = attrs[i];
        value = (char *) xmlNodeListGetString(attr->doc, attr->children, 1);

        if (attr->ns && attr->ns->prefix
            && strcmp((char *) attr->ns->prefix, "xml") == 0)
        {
            fprintf(w->out, " xml:%s=", attr->name);

        } else if (attr->ns) {
            fprintf(w->out, " xmlns:a%u=", i);
            write_value(w, (char *) attr->ns->href);
            fprintf(w->out, "%sa%u:%s=", chance(w, 2) ? " " : "\n ", i,
                    attr->name);

        } else {
            fprintf(w->out, " %s=", attr->name);
        }

        write_value(w, !(change && attr == node->properties)
                       ? (value ? value : "")
                       : (value && value[0] == 'x') ? "y" : "x");

        xmlFree(value);
    }
}


/* text that is not interrupted by an element, from "node" on */

static char *
run_of_text(const xmlNode **node)
{
    xmlChar  *text;

    text = xmlStrdup((const xmlChar *) "");

    for ( /* void */ ; *node && (*node)->type != XML_ELEMENT_NODE;
         *node = (*node)->next)
    {
        if ((*node)->type == XML_TEXT_NODE
            || (*node)->type == XML_CDATA_SECTION_NODE)
        {
            text = xmlStrcat(text, (*node)->content);
        }
    }

    return (char *) text;
}


static void write_element(writer_t *w, const xmlNode *node, int outside);

static void
write_content(writer_t *w, const xmlNode *node, int outside)
{
    int             leaf;
    char           *text;
    const xmlNode  *child;

    leaf = xmlFirstElementChild((xmlNode *) node) == NULL;

    for (child = node->children; child; /* void */ ) {

        if (child->type == XML_ELEMENT_NODE) {
            write_element(w, child, outside);
            child = child->next;
            continue;
        }

        text = run_of_text(&child);

        if (!leaf && is_blank(text)) {
            write_gap(w, is_plain(node));

        } else {
            write_text(w, text, is_plain(node));
        }

        xmlFree(text);
    }
}


/*
 * A change is another text, attribute, value of one, or name, of an element
 * that is in one of the digests, and not of the names that make it what it is.
 */

static int
write_change(writer_t *w, const xmlNode *node, int outside)
{
    int  change;

    if (++w->elements != w->change || outside || is_plain(node)
        || strcasecmp((char *) node->name, "Bookings") == 0
        || strcasecmp((char *) node->name, "Itinerary") == 0
        || strcasecmp((char *) node->name, "Booking") == 0
        || strcasecmp((char *) node->name, "Segments") == 0)
    {
        return 0;
    }

    w->changed = 1;
    w->where = w->booking;

    change = 1 + fuzz_random(&w->seed, 4);

    /* an attribute of no namespace, which says nothing but its value */

    if (change == 4 && (node->properties == NULL || node->properties->ns)) {
        change = 2;
    }

    return change;
}


static int
is_ours(const xmlNode *node, const char *name)
{
    return strcmp((const char *) node->name, name) == 0
           && itinerary_is_ours(node->ns ? node->ns->href : NULL);
}


static int
is_booking(const xmlNode *node)
{
    const xmlNode  *parent;

    parent = node->parent;

    if (!is_ours(node, "Booking") || parent->type == XML_DOCUMENT_NODE) {
        return is_ours(node, "Booking");
    }

    if (is_ours(parent, "Bookings")) {
        parent = parent->parent;
    }

    return parent->type == XML_ELEMENT_NODE && is_ours(parent, "Itinerary")
           && parent->parent->type == XML_DOCUMENT_NODE;
}


/* ids are in no digest, and neither is what is no booking among them */

static int
is_outside(const xmlNode *node)
{
    return strcasecmp((char *) node->name, "id") == 0
           || strcasecmp((char *) node->name, "TripId") == 0
           || strcasecmp((char *) node->name, "ItinLocator") == 0
           || (node->parent->type == XML_ELEMENT_NODE
               && strcasecmp((char *) node->parent->name, "Bookings") == 0);
}


static void
write_element(writer_t *w, const xmlNode *node, int outside)
{
    int          change, booking;
    char         prefix[16];
    const char  *name;

    name = (const char *) node->name;

    booking = w->booking == 0 && is_booking(node);

    if (booking) {
        w->booking = ++w->bookings;
    }

    outside |= w->booking == 0 && is_outside(node);

    change = write_change(w, node, outside);

    prefix[0] = '\0';

    if (node->ns && chance(w, 2)) {
        (void) sprintf(prefix, "p%u:", fuzz_random(&w->seed, 3));
    }

    fprintf(w->out, "<%s%s%s", prefix, name, change == 1 ? ".x" : "");

    if (prefix[0]) {
        fprintf(w->out, " xmlns:%.2s=", prefix);

    } else {
        fprintf(w->out, " xmlns=");
    }

    write_value(w, node->ns ? (char *) node->ns->href : "");
    write_attributes(w, node, change == 4);

    if (change == 2) {
        fprintf(w->out, " changed='x'");
    }

    if (chance(w, 4)) {
        fputc(' ', w->out);
    }

    if (node->children == NULL && change != 3 && chance(w, 2)) {
        fprintf(w->out, "/>");
        goto done;
    }

    fputc('>', w->out);

    /* nothing but digits and letters is never serialization */

    if (change == 3) {
        fprintf(w->out, "x1");
    }

    write_content(w, node, outside);

    fprintf(w->out, "</%s%s%s%s>", prefix, name, change == 1 ? ".x" : "",
            chance(w, 4) ? "\n" : "");

done:

    if (booking) {
        w->booking = 0;
    }
}


static itinerary_str_t
written(writer_t *w, const xmlDoc *doc)
{
    char             *text;
    size_t            size;
    itinerary_str_t   s;

    w->out = open_memstream(&text, &size);
    fuzz_check(w->out, "no memory");

    if (chance(w, 2)) {
        fprintf(w->out, "<?xml version='1.0'?>");
    }

    write_gap(w, 0);
    write_element(w, xmlDocGetRootElement((xmlDoc *) doc), 0);
    write_gap(w, 0);

    fclose(w->out);

    s.data = (u_char *) text;
    s.len = size;

    return s;
}


/* libxml2 does not decode "&amp;" in a namespace: it cannot be written again */

static int
has_odd_namespace(const xmlNode *node)
{
    const xmlNs  *ns;

    for ( /* void */ ; node; node = node->next) {

        if (node->type != XML_ELEMENT_NODE) {
            continue;
        }

        for (ns = node->nsDef; ns; ns = ns->next) {
            if (ns->href && strchr((char *) ns->href, '&')) {
                return 1;
            }
        }

        if (has_odd_namespace(node->children)) {
            return 1;
        }
    }

    return 0;
}


static unsigned
count_attributes(const xmlNode *node)
{
    unsigned        n, max;
    const xmlAttr  *attr;

    for (max = 0; node; node = node->next) {

        if (node->type != XML_ELEMENT_NODE) {
            continue;
        }

        n = 0;

        for (attr = node->properties; attr; attr = attr->next) {
            n += 2;
        }

        max = n > max ? n : max;
        n = count_attributes(node->children);
        max = n > max ? n : max;
    }

    return max;
}


static void
check_digest(const itinerary_str_t *a, const itinerary_str_t *b, int same,
    const itinerary_str_t *text)
{
    if (same) {
        fuzz_check(itinerary_equal(a, b), "\"%.*s\", not \"%.*s\" of\n%.*s",
                   fuzz_quote(b), fuzz_quote(a), fuzz_quote(text));

    } else {
        fuzz_check(a->len == 0 || !itinerary_equal(a, b),
                   "\"%.*s\" of another\n%.*s", fuzz_quote(a),
                   fuzz_quote(text));
    }
}


static void
check_again(const document_t *d, const itinerary_reader_conf_t *conf,
    const xmlDoc *doc, uint32_t seed, unsigned change)
{
    unsigned          i;
    writer_t          w;
    document_t        again;
    itinerary_str_t   text;

    memset(&w, 0, sizeof(writer_t));

    w.seed = seed;
    w.change = change;

    text = written(&w, doc);

    document_read(&again, conf, &text, 0);

    if (again.document == NULL) {
        fuzz_check(w.changed, "%s: %.*s",
                   itinerary_reader_error(again.reader)->details->text,
                   fuzz_quote(&text));
        goto done;
    }

    fuzz_check(again.document->nbookings == d->document->nbookings,
               "%u, not %u bookings in\n%.*s", again.document->nbookings,
               d->document->nbookings, fuzz_quote(&text));

    check_digest(&d->document->digest, &again.document->digest,
                 !w.changed || w.where, &text);

    for (i = 0; i < d->document->nbookings; i++) {
        check_digest(&d->document->bookings[i].digest,
                     &again.document->bookings[i].digest,
                     !w.changed || w.where != i + 1, &text);
    }

done:

    document_free(&again);

    free(text.data);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                    kind, seed;
    xmlDoc                   *doc;
    unsigned                  i;
    document_t                d;
    fuzz_input_t              in;
    itinerary_str_t           text;
    itinerary_reader_conf_t   conf;

    in.p = data;
    in.last = data + size;

    kind = fuzz_byte(&in);
    seed = fuzz_byte(&in);
    (void) fuzz_line(&in);

    text = fuzz_rest(&in);

    memset(&conf, 0, sizeof(itinerary_reader_conf_t));

    conf.reading = (kind & 1) ? ITINERARY_READ_POST : ITINERARY_READ_ANSWER;
    conf.roots = (kind & 2) ? ITINERARY_ROOT_BOOKING
                            : ITINERARY_ROOT_ITINERARY;
    conf.max_bookings = DOCUMENT_BOOKINGS;
    conf.digests = 1;

    document_read(&d, &conf, &text, 0);

    if (d.document) {
        doc = document_tree(&text);
        fuzz_check(doc, "no tree");

        /* with a declaration for each, a tag could have too many */

        if (count_attributes(doc->children) < ITINERARY_ATTRIBUTES_MAX - 4
            && text.len < ITINERARY_TAG_MAX / 8
            && !has_odd_namespace(doc->children))
        {
            for (i = 0; i < 4; i++) {
                check_again(&d, &conf, doc, seed * 4 + i, i);
                check_again(&d, &conf, doc, seed * 4 + i, i + 4);
                check_again(&d, &conf, doc, seed * 4 + i,
                            1 + fuzz_random(&(uint32_t) { seed + i }, 40));
            }

            check_again(&d, &conf, doc, seed, 0);
        }

        xmlFreeDoc(doc);
    }

    document_free(&d);

    return 0;
}
