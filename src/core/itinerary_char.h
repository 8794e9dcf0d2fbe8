
/*
 * Copyright (C) Itinerary gateway authors
 */


/* ASCII, whatever the locale; every other byte is no character of ours */


#ifndef _ITINERARY_CHAR_H_INCLUDED_
#define _ITINERARY_CHAR_H_INCLUDED_


#include "itinerary.h"


static inline int
itinerary_is_digit(u_char c)
{
    return c >= '0' && c <= '9';
}


static inline u_char
itinerary_lower(u_char c)
{
    return (c >= 'A' && c <= 'Z') ? c + ('a' - 'A') : c;
}


static inline u_char
itinerary_upper(u_char c)
{
    return (c >= 'a' && c <= 'z') ? c - ('a' - 'A') : c;
}


static inline int
itinerary_is_alnum(u_char c)
{
    u_char  ch;

    ch = itinerary_lower(c);

    return (ch >= 'a' && ch <= 'z') || itinerary_is_digit(c);
}


/* a space is printable */

static inline int
itinerary_is_printable(u_char c)
{
    return c >= 0x20 && c <= 0x7e;
}


static inline int
itinerary_is_space(u_char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}


/* the value of a hexadecimal digit, or -1 */

static inline int
itinerary_hex(u_char c)
{
    if (itinerary_is_digit(c)) {
        return c - '0';
    }

    c = itinerary_lower(c);

    return (c >= 'a' && c <= 'f') ? c - 'a' + 10 : -1;
}


/* the byte that "%XX" at p stands for, or -1 */

static inline int
itinerary_escaped(const u_char *p, const u_char *last)
{
    int  high, low;

    if (last - p < 3 || p[0] != '%') {
        return -1;
    }

    high = itinerary_hex(p[1]);
    low = itinerary_hex(p[2]);

    return (high == -1 || low == -1) ? -1 : high * 16 + low;
}


#endif /* _ITINERARY_CHAR_H_INCLUDED_ */
