#!/usr/bin/perl

# itinerary_schema: posts are validated by a schema of the user's own as well.
# What nginx -t says of a schema that is none, what the client is told, and
# reloads.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::Document;
use Itinerary::Refusal;

my $NS = $Itinerary::Document::NAMESPACE;

my $t = Itinerary->new;

# as the public schema has it: no target namespace, and a number for a status

my $SCHEMA = <<'END';
<?xml version="1.0" encoding="utf-16"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"
    elementFormDefault="qualified">
  <xs:element name="Itinerary"><xs:complexType>
    <xs:choice minOccurs="0" maxOccurs="unbounded">
      <xs:element name="TripName" type="xs:string"/>
      <xs:element name="TripStatus" type="STATUS"/>
      <xs:element name="Bookings"><xs:complexType>
        <xs:choice minOccurs="0" maxOccurs="unbounded">
          <xs:element name="Booking" type="BookingType"/>
        </xs:choice>
      </xs:complexType></xs:element>
      <xs:any processContents="skip"/>
    </xs:choice>
  </xs:complexType></xs:element>
  <xs:element name="Booking" type="BookingType"/>
  <xs:complexType name="BookingType">
    <xs:choice minOccurs="0" maxOccurs="unbounded">
      <xs:element name="DateBookedLocal" type="xs:dateTime"/>
      <xs:any processContents="skip"/>
    </xs:choice>
  </xs:complexType>
</xs:schema>
END

# an element may not be both one and any

$SCHEMA =~ s{<xs:any [^>]*>}
            {join "\n", map { qq(<xs:element name="$_"/>) } qw(
             StartDateLocal EndDateLocal BookedByFirstName BookedByLastName
             Segments Passengers RecordLocator BookingSource)}ge;

sub schema { return $SCHEMA =~ s/STATUS/$_[0]/r }

$t->write_file('trip.xsd', schema('xs:int'));
$t->write_file('text.xsd', schema('xs:string'));
$t->write_file('broken.xsd', "<xs:schema>\n<a>\n</xs:schema>\n");
$t->write_file('type.xsd', schema('no'));
$t->write_file('net.xsd', <<'END');
<schema xmlns="http://www.w3.org/2001/XMLSchema">

<include schemaLocation="http://127.0.0.1:1/trip.xsd"/>
</schema>
END


# the directive

my $MUST = 'it must be the file of an XML Schema, or "off"';

for my $case (
    ['no.xsd',     qr/: "\S+\/no\.xsd": No such file or directory in /],
    ['broken.xsd', qr/: "\S+\/broken\.xsd" line \d+: /],
    ['type.xsd',   qr/: "\S+\/type\.xsd" line 7: .*'no'/],
    ['net.xsd',    qr/:\ "\S+\/net\.xsd"\ line\ 3:\ include\ of
                      \ "http:[^"]*":\ it\ must\ be\ the\ path\ of\ a\ file/x],
    ['""',         qr/^invalid value "" in /],
) {
    my ($file, $pattern) = @$case;

    my ($status, $output) = $t->nginx_test("itinerary_schema $file;");
    my ($message) = $output =~ /\[emerg\] \d+#\d+: (.*)/;

    is($status, 1, "refused: $file");
    like($message, $pattern, '- with what is wrong');
    like($message, qr/"itinerary_schema" directive, \Q$MUST\E/,
         '- and what is allowed');
    like($message, qr{/test\.conf:\d+$}, '- and where');
}

for my $conf ('itinerary_schema trip.xsd;', 'itinerary_schema off;',
              'itinerary_schema %%DIR%%/trip.xsd;',
              'itinerary_schema trip.xsd; server { itinerary_schema off;
               location / { itinerary_schema trip.xsd; } }')
{
    my ($status, $output) = $t->nginx_test($conf);

    is($status, 0, "accepted: $conf") or diag($output);
}

for my $case (
    ['itinerary_schema off; itinerary_schema off;', 'directive is duplicate'],
    ['itinerary_schema trip.xsd; itinerary_schema off;',
     'directive is duplicate'],
    ['itinerary_schema;', 'invalid number of arguments'],
    ['itinerary_schema trip.xsd trip.xsd;', 'invalid number of arguments'],
    ['server { if ($arg_a) { itinerary_schema off; } }', 'not allowed here'],
) {
    my ($status, $output) = $t->nginx_test($case->[0]);

    is($status, 1, "refused: $case->[0]");
    like($output, qr/\[emerg\].*$case->[1]/, '- with what is wrong');
}


# posts

$t->upstream(sub {
    my ($request) = @_;

    return [200, {}, $request->{body}];
});

my $conf = <<'END_CONF';
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_supplier $http_x_supplier;
    itinerary_audit_log %%DIR%%/audit.log;
    itinerary enforce;
    itinerary_schema trip.xsd;

    proxy_ignore_client_abort on;

    server {
        listen 127.0.0.1:%%PORT_0%%;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }

        location /only/ {
            itinerary_validate off;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /off/ {
            itinerary_schema off;
            proxy_pass http://%%UPSTREAM%%;
        }

        location /audit/ {
            itinerary audit;
            proxy_pass http://%%UPSTREAM%%;
        }
    }
END_CONF

$t->redis;
$t->nginx(conf => $conf);

my $n = 0;

sub create {
    my ($target, %opt) = @_;

    my $bookings = [{ locator => 'A' . ++$n, source => 'Alpha',
                      %{ delete $opt{booking} // {} } }];

    return $t->post_xml("$target/trip/v1.1", 'Alpha',
                        itinerary(bookings => $bookings, %opt));
}


my $HK = qr{<Detail\ path="/Itinerary/TripStatus"\ line="3">
            [^<]*HK[^<]*</Detail>}x;

my ($answer) = refused($t, 'a status that is no number', 422,
                       'invalid_document', sub { create('') });

like($answer->{body}, $HK, '- is told with path and line');

($answer) = refused($t, 'with what breaks the reference\'s rules', 422,
                    'invalid_document', sub { create('', TripName => '') });

like($answer->{body}, qr{TripName is empty</Detail>.*$HK}, '- both are told');

($answer) = refused($t, 'without the reference\'s rules', 422,
                    'invalid_document',
                    sub { create('/only', TripName => '') });

unlike($answer->{body}, qr/TripName/, '- only the schema is asked');
like($answer->{body}, $HK, '- which says so');

($answer) = refused($t, 'a booking by itself', 422, 'invalid_document', sub {
    $t->post_xml('/only/booking/v1.1', 'Alpha',
                 booking(ns => $NS, DateBookedLocal => 'today'));
});

like($answer->{body}, qr{<Detail path="/Booking/DateBookedLocal" line="18">},
     '- is validated, too');

refused($t, 'an element that the schema does not know', 422,
        'invalid_document',
        sub { create('', TripStatus => 0, Other => 'a') });

for my $ns ($NS, $NS =~ s/http/https/r, undef) {
    passes($t, 'a valid post passes, in ' . ($ns // 'no namespace'),
           sub { create('', TripStatus => 0, ns => $ns) });
}

passes($t, 'where the schema is off, others do', sub { create('/off') });

my $seen = $t->audit;

passes($t, 'in audit mode they do', sub { create('/audit') });

my ($record) = ($t->wait_audit($seen + 2))[$seen];

is("$record->{event} $record->{verdict} $record->{reason}",
   'forwarded deny invalid_document', '- and are judged');


my $log = $t->error_log;

like($log, qr{refused, invalid_document: "/Itinerary/TripStatus"},
     'the log says where');
unlike($log, qr/'HK'/, 'and nothing of what the document holds');


# a reload takes another schema, or refuses it and keeps the one it has

ok($t->reload(conf => $conf =~ s/trip\.xsd/text.xsd/r), 'a reload');
passes($t, 'with another schema', sub { create('') });

$t->write_file('text.xsd', schema('no'));

ok(!$t->reload, 'a reload is refused where the schema is broken');
$t->expect_log(qr/\[emerg\].*text\.xsd" line 7: /);
passes($t, 'and the old one stays', sub { create('') });

$t->write_file('text.xsd', schema('xs:int'));

ok($t->reload, 'until it is mended');
refused($t, 'and counts again', 422, 'invalid_document', sub { create('') });

$t->done;
