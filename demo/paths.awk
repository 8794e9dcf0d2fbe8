# Writes an XML document as lines of paths, which grep and sed can read:
#
#   /Itinerary/TripName=Customer visit in Denver
#   /Itinerary/Bookings/Booking
#   /Itinerary/Bookings/Booking/Segments
#
# Enough for the demo's documents: prefixes of names are dropped, attributes,
# comments and processing instructions left out, and entities left as they are.

BEGIN {
    RS = "<"
    path = ""
}

NR == 1 || /^[!?]/ {
    next
}

{
    end = index($0, ">")
    name = substr($0, 1, end - 1)
    text = substr($0, end + 1)

    closes = sub(/^\//, "", name)
    empty = sub(/\/$/, "", name)

    sub(/[ \t\r\n].*/, "", name)
    sub(/.*:/, "", name)

    gsub(/[ \t\r\n]+/, " ", text)
    gsub(/^ | $/, "", text)

    if (closes) {
        sub(/\/[^\/]*$/, "", path)
        next
    }

    print path "/" name (text != "" && !empty ? "=" text : "")

    if (!empty) {
        path = path "/" name
    }
}
