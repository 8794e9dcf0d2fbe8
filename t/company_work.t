#!/usr/bin/perl

# Other modules of Debian's at work in guarded locations, loaded before this one
# and after it: lua and ModSecurity read the body first, js and xslt rewrite the
# answer, js names the supplier and makes subrequests, dav-ext has methods of
# its own.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Itinerary;
use Itinerary::Records;

my $TRIP = '/api/travel/trip/v1.1';

plan(skip_all => 'the modules are not those of this nginx')
    if $ENV{ITINERARY_NGINX};

# lua needs ndk

my @MODULES = map { "/usr/lib/nginx/modules/$_" } qw(
    ndk_http_module.so ngx_http_lua_module.so ngx_http_js_module.so
    ngx_http_modsecurity_module.so ngx_http_xslt_filter_module.so
    ngx_http_dav_ext_module.so
);

my %WORK = (
    lua => <<'END',
            access_by_lua_block {
                ngx.req.read_body()
                ngx.ctx.size = #(ngx.req.get_body_data() or "")
            }
            header_filter_by_lua_block {
                ngx.header["X-Lua"] = ngx.ctx.size
                ngx.header["Content-Length"] = nil
            }
            body_filter_by_lua_block { ngx.arg[1] = ngx.arg[1] .. "" }
END
    modsecurity => <<'END',
            modsecurity on;
            modsecurity_rules '
                SecRuleEngine On
                SecRequestBodyAccess On
                SecResponseBodyAccess On
                SecResponseBodyMimeType application/xml text/xml
                SecRule REQUEST_HEADERS:Content-Type "xml" \
                    "id:1,phase:1,nolog,pass,ctl:requestBodyProcessor=XML"
                SecRule XML:/* "@contains EVIL" "id:2,phase:2,deny,status:406"
                SecRule RESPONSE_BODY "@contains WICKED" \
                    "id:3,phase:4,deny,status:502"
            ';
END
    js => <<'END',
            js_header_filter main.header;
            js_body_filter main.body;
END
    xslt => <<'END',
            xslt_types application/xml;
            xslt_stylesheet %%DIR%%/same.xslt;
END
);

$WORK{all} = join '', map { $WORK{$_} } sort keys %WORK;

# what shows that it was at work

my %SHOWS = (
    lua         => qr/^X-Lua: \d/m,
    modsecurity => qr/^HTTP/,
    js          => qr/^X-Js: yes.*<!-- js --/sm,
    xslt        => qr/<Transformed/,
    all         => qr/^X-Js: yes.*<Transformed/sm,
);

my $JS = <<'END';
function header(r) {
    r.headersOut['X-Js'] = 'yes';
    delete r.headersOut['Content-Length'];
}

function body(r, data, flags) {
    r.sendBuffer(flags.last ? data + '<!-- js -->' : data, flags);
}

function supplier(r) {
    return r.headersIn['X-Partner'] === 'one' ? 'Alpha' : 'Beta';
}

async function write(r) {
    const reply = await r.subrequest('/api/travel/trip/v1.1/cancel',
                                     { method: 'POST',
                                       args: r.variables.args });

    r.return(200, String(reply.status));
}

export default { header, body, supplier, write };
END

# everything as it is, and an element more; and nothing of it

my $SAME = <<'END';
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="xml" media-type="application/xml"/>
  <xsl:template match="@*|node()">
    <xsl:copy><xsl:apply-templates select="@*|node()"/></xsl:copy>
  </xsl:template>
  <xsl:template match="/*">
    <xsl:copy>
      <xsl:apply-templates select="@*|node()"/>
      <xsl:element name="Transformed" namespace="{namespace-uri()}"/>
    </xsl:copy>
  </xsl:template>
</xsl:stylesheet>
END

my $GONE = <<'END';
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="xml" media-type="application/xml"/>
  <xsl:template match="/"><Gone/></xsl:template>
</xsl:stylesheet>
END

my ($t, $name, $alpha, $beta);


sub start {
    my ($order, %opt) = @_;

    $name = $order;
    $t = Itinerary->new;
    $t->upstream(\&api);

    $t->write_file('main.js', $JS);
    $t->write_file('same.xslt', $SAME);
    $t->write_file('gone.xslt', $GONE);
    $t->write_file('here', 'here');

    my $work = join '', map { <<"END" } sort keys %WORK;
        location /$_/ {
$WORK{$_}
            proxy_pass http://%%UPSTREAM%%/;
        }
END

    $t->redis;

    $t->nginx(%opt, conf => <<"END");
    itinerary_redis %%REDIS%% timeout=10s connect_timeout=10s;
    itinerary_audit_log %%DIR%%/audit.log;
    proxy_ignore_client_abort on;
    lua_package_path "/usr/share/lua/5.1/?.lua;;";
    dav_ext_lock_zone zone=locks:1m;
    js_path %%DIR%%/;
    js_import main from main.js;
    js_set \$js_supplier main.supplier;

    server {
        listen 127.0.0.1:%%PORT%%;
        itinerary enforce;

        location / {
            proxy_pass http://%%UPSTREAM%%;
        }

$work
        location /gone/ {
            xslt_types application/xml;
            xslt_stylesheet %%DIR%%/gone.xslt;
            proxy_pass http://%%UPSTREAM%%/;
        }

        location /named/ {
            itinerary_supplier \$js_supplier;
            proxy_pass http://%%UPSTREAM%%/;
        }

        location = /js {
            js_content main.write;
        }

        location /dav/ {
            alias %%DIR%%/;
            dav_methods PUT DELETE MKCOL COPY MOVE;
            dav_ext_methods PROPFIND OPTIONS LOCK UNLOCK;
            dav_ext_lock zone=locks;
        }

        location /files/ {
            itinerary off;
            alias %%DIR%%/;
            dav_methods PUT DELETE MKCOL COPY MOVE;
            dav_ext_methods PROPFIND OPTIONS LOCK UNLOCK;
            dav_ext_lock zone=locks;
        }
    }
END

    $alpha = $t->token('Alpha');
    $beta = $t->token('Beta');

    return;
}


# A post; what the API makes of it is the trip T and its first locator.

sub post {
    my ($who, $target, $title, @locators) = @_;

    return $t->post_xml($target, $who, document($title, @locators));
}


sub document {
    my ($title, @locators) = @_;

    return itinerary(TripName => $title, bookings => [
        map { { source => 'Alpha', locator => $_ } } @locators
    ]);
}


sub api {
    my ($request) = @_;

    my ($id) = $request->{target} =~ /tripId=(\w+)/;
    my $body = length $request->{body} ? $request->{body}
                                       : document('Trip', 'A1');

    $id //= 'T' . ($body =~ m{<RecordLocator>(\w+)<})[0];

    return [200, {}, answered($body, $id)];
}


sub refused {
    my ($answer) = @_;

    return "$answer->{status} " . (code_of($answer) // '');
}


sub state_of {
    my ($locator) = @_;

    return join ' ', map { $_ // 'none' }
        $t->redis->cli->hmget("itinerary:booking:ALPHA|$locator", 'owner',
                              'state');
}


# the last bytes that the API got

sub got { return ($t->requests)[-1]{body} }


# What every module must leave as it is.

sub story {
    my ($work) = @_;

    my $what = "$name, $work";
    my $locator = uc $work;
    my $id = "T$locator";
    my $target = "/$work$TRIP";

    my $answer = post($alpha, $target, 'Trip', $locator);

    is($answer->{status}, 200, "$what: Alpha creates a trip");
    like($answer->{raw}, $SHOWS{$work}, "$what: with the module at work");
    is(got(), document('Trip', $locator), "$what: the API got every byte");
    is_deeply(records($t->redis, match => qr/^trip:$id$/),
              { "trip:$id" => trip_record('Alpha', 1,
                                          { "ALPHA|$locator" => 'Alpha' }) },
              "$what: it is on record");

    my $requests = $t->requests;

    is(refused(post($beta, "$target?tripId=$id", 'Stolen', $locator)),
       '403 trip_not_owned', "$what: Beta may not update it");
    is(refused(post($beta, $target, 'Stolen', $locator)),
       '403 booking_not_owned', "$what: nor post its booking");
    is(refused($t->post_xml("$target/cancel?tripId=$id", $beta, undef)),
       '403 trip_not_owned', "$what: nor cancel it");
    is(refused($t->post_xml($target, $alpha, '<Itinerary>')),
       '400 malformed_body', "$what: what is no document is refused");
    is(scalar($t->requests), $requests, "$what: nothing of that is forwarded");

    is(post($alpha, "$target?tripId=$id", 'Again', $locator, "${locator}2")
       ->{status}, 200, "$what: Alpha updates it");
    is(state_of("${locator}2"), 'Alpha active',
       "$what: what it adds is its own");

    # with a body that nginx keeps in a file

    my $long = document('x' x 200, map { "$locator-$_" } 1 .. 200);

    is($t->post_xml($target, $alpha, $long)->{status}, 200,
       "$what: a large one");
    ok(got() eq $long, "$what: of which the API got every byte");
    is(state_of("$locator-200"), 'Alpha active', "$what: is on record, too");

    is($t->post_xml("$target/cancel?tripId=$id", $alpha, undef)->{status}, 200,
       "$what: Alpha cancels its trip");
    is($t->redis->cli->hget("itinerary:trip:$id", 'state'), 'cancelled',
       "$what: which is on record");

    return;
}


# ModSecurity refuses a body, or the answer.

sub modsecurity {
    my $what = "$name, modsecurity";
    my $requests = $t->requests;

    is(post($alpha, "/modsecurity$TRIP", 'EVIL', 'EVIL')->{status}, 406,
       "$what: refuses a body");
    is(scalar($t->requests), $requests, "$what: which is not forwarded");
    is(state_of('EVIL'), 'none none', "$what: nor claimed");

    # it tells nginx so when the answer's head has gone

    $t->expect_log(qr{\[alert\].*header already sent.*"POST /modsecurity/});

    unlike(post($alpha, "/modsecurity$TRIP", 'WICKED', 'WICKED')->{raw},
           qr{</Itinerary>}, "$what: refuses an answer");
    is(scalar($t->requests), $requests + 1, "$what: of what was forwarded");
    like(state_of('WICKED'), qr/^Alpha (?:active|pending)$/,
         "$what: the booking is Alpha's all the same");
    is(refused(post($beta, $TRIP, 'Stolen', 'WICKED')),
       '403 booking_not_owned', "$what: and nobody else's");

    return;
}


# js names the supplier, and cannot write from within.

sub js {
    my $what = "$name, js";

    my $answer = $t->http('POST', "/named$TRIP", headers => [
        'X-Partner' => 'one', 'Content-Type' => 'application/xml',
    ], body => document('Trip', 'NAMED'));

    is($answer->{status}, 200, "$what: names the supplier");
    is(state_of('NAMED'), 'Alpha active', "$what: who has the booking");

    my $requests = $t->requests;

    is($t->http('GET', '/js?tripId=TNAMED')->{body}, 404,
       "$what: its subrequest is refused");
    is(scalar($t->requests), $requests, "$what: and not forwarded");

    return;
}


# xslt leaves nothing of the answer.

sub xslt {
    my $what = "$name, xslt";

    my $answer = post($alpha, "/gone$TRIP", 'Trip', 'GONE');

    like($answer->{body}, qr/<Gone/, "$what: rewrites the answer");
    like(state_of('GONE'), qr/^Alpha (?:active|pending)$/,
         "$what: the booking is Alpha's, or in doubt");
    is(refused(post($beta, $TRIP, 'Stolen', 'GONE')),
       '403 booking_not_owned', "$what: and nobody else's");

    return;
}


sub dav {
    my $what = "$name, dav-ext";

    for my $method (qw(PUT DELETE MKCOL COPY MOVE PROPFIND OPTIONS LOCK UNLOCK))
    {
        my $answer = $t->http($method, '/dav/here', headers => [
            Authorization => "OAuth $alpha", Destination => '/dav/there',
            'Content-Length' => 0,
        ]);

        is(refused($answer), '405 method_not_allowed',
           "$what: no $method in a guarded location");
    }

    is($t->read_file('here') . $t->read_file('there'), 'here',
       "$what: the file is as it was");

    my $answer = $t->http('PROPFIND', '/files/here', headers => [Depth => 0]);

    is($answer->{status}, 207, "$what: elsewhere it works");
    is($t->http('DELETE', '/files/here')->{status}, 204, "$what: and deletes");
    is(-e $t->path('here') ? 1 : 0, 0, "$what: the file");

    return;
}


# the writes that have no last record

sub unfinished {
    my %open;

    for ($t->audit) {
        $open{ $_->{request_id} }++ if $_->{event} eq 'forwarded';
        $open{ $_->{request_id} }-- if $_->{event} eq 'completed';
    }

    return scalar grep { $_ } values %open;
}


sub everything {
    start(@_);

    story($_) for sort keys %WORK;
    modsecurity();
    js();
    xslt();
    dav();

    ok($t->wait_for(sub { !unfinished() }),
       "$name: what was forwarded is completed");

    is($t->reload, 1, "$name: nginx reloads");
    is(post($alpha, "/all$TRIP", 'Trip', 'LAST')->{status}, 200,
       "$name: and goes on");

    return $t;
}


is_deeply([grep { !-e } @MODULES], [], 'the modules are there');

everything('after others', modules => \@MODULES)->stop;
everything('before others',
           main => join '', map { "load_module $_;\n" } @MODULES)->done;
