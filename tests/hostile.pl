#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# hostile.pl MADE KIB: hostile evidence, collateral, policies, bundles, receipts and batches, as large and as deep as they may be and
# beyond, through bl-attest under a limit of KIB on its data. Prints TAP: each is answered with the status that it should have, in
# seconds, without more memory than that. MADE holds evidence that is in order (test_attest_flips --write), to begin from.
# HOSTILE_SHOW=1: peak memory and time of each, by /usr/bin/time.
use strict;
use warnings;
use MIME::Base64;
use Digest::SHA qw(sha256_hex);

my ($made, $kib) = @ARGV;
my ($n, $bad) = (0, 0);
my ($MIB, $seconds) = (1 << 20, 30);
my $time = '2025-06-01T00:00:00Z';
sub slurp { open my $f, '<:raw', $_[0] or die "$_[0]: $!"; local $/; my $s = <$f>; defined $s ? $s : '' }
sub spew { my ($name, @p) = @_; open my $f, '>:raw', $name or die "$name: $!"; print $f @p; close $f or die }
sub cut { substr $_[0], 0, $_[1] }

# Runs bl-attest; its status must be one of those allowed. Killed by a signal, or 71 (no memory): never.
sub run { my ($what, $allowed, @args) = @_;
	my @time = $ENV{HOSTILE_SHOW} ? ('/usr/bin/time', '-a', '-o', 'time.txt', '-f', "# %MK %es $what") : ();
	my $rc = system 'sh', '-c', "ulimit -d $kib && ulimit -t $seconds && exec \"\$@\" >stdout.txt 2>stderr.txt", 'sh', @time, 'bl-attest', @args;
	my ($sig, $exit) = ($rc & 127, $rc >> 8);
	my $good = !$sig && grep { $exit == $_ } @$allowed;
	$n++;
	$bad++ unless $good;
	print $good ? '' : 'not ', "ok $n - $what: exit $exit", $sig ? " signal $sig" : '', "\n";
	print "# $_\n" for $good ? () : split /\n/, cut(slurp('stderr.txt'), 500);
}
my ($NO, $BAD, $EITHER) = ([1], [65], [1, 65]);

# A directory: what there is of MADE/base, with these files over it.
sub dir { my ($name, $base, %files) = @_;
	system 'rm', '-rf', $name;
	mkdir $name or die;
	my %all = map { my $f = $_; $f =~ s{.*/}{}; ($f => slurp($_)) } $base ? glob "$made/$base/*" : ();
	@all{keys %files} = values %files;
	defined $all{$_} and spew("$name/$_", $all{$_}) for keys %all;
	return $name;
}
sub verify { my ($what, $allowed, $base, %files) = @_;
	my $d = dir('d', $base, %files);
	run("$what", $allowed, 'verify', '--json', "--time=$time", $base ? ('--root', "$made/$base/root.pem") : (), $d);
}

# --- DER ---
sub tlv { my ($tag, $in) = @_; my $l = length $in;
	return chr($tag) . ($l < 0x80 ? chr $l : $l < 0x100 ? pack('CC', 0x81, $l) : $l < 0x10000 ? pack('Cn', 0x82, $l) : pack('CN', 0x84, $l)) . $in }
sub seq { tlv(0x30, join '', @_) }
my $oid = tlv(6, "\x55\x04\x03");
sub name { my ($attributes, $len) = @_; seq((tlv(0x31, seq($oid, tlv(0x0c, 'x' x $len)))) x $attributes) }
my $ecdsa = seq(tlv(6, "\x2a\x86\x48\xce\x3d\x04\x03\x03"));
my $date = tlv(23, '240101000000Z');
my $validity = seq($date, tlv(23, '340101000000Z'));
my $spki = "\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00\x04" . 'k' x 64;
sub cert { my ($serial, $name, $ext) = @_;
	return seq(seq("\xa0\x03\x02\x01\x02", tlv(2, $serial), $ecdsa, $name, $validity, $name, $spki, $ext ? tlv(0xa3, seq($ext)) : ()), $ecdsa, tlv(3, "\0" . 's' x 8)) }
sub crl { my ($entries, $ext) = @_;
	return seq(seq("\x02\x01\x01", $ecdsa, name(1, 8), $date, tlv(23, '340101000000Z'), length $entries ? seq($entries) : (), $ext ? tlv(0xa0, seq($ext)) : ()), $ecdsa, tlv(3, "\0" . 's' x 8)) }
sub pem { my ($label, @der) = @_; join '', map { "-----BEGIN $label-----\n" . encode_base64($_) . "-----END $label-----\n" } @der }
my $huge = "\x30\x84\xff\xff\xff\xff";
my $nested = ''; $nested = seq($nested) for 1 .. 2000;
my $real = pem('CERTIFICATE', cert("\x01", name(1, 8)));
my @bundles = (		# what may stand where certificates stand: at most 4 MiB
	[ 'a length of four gigabytes' => $huge ], [ 'nested sequences' => $nested ], [ 'indefinite lengths' => "\x30\x80" x 400_000 ],
	[ 'thirty thousand empty blocks' => "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n" x 30_000 ],
	[ 'a block without an end' => "-----BEGIN CERTIFICATE-----\n" . "AAAA\n" x 800_000 ],
	[ 'lines and lines after a block' => $real . "\n" x (4 * $MIB - 8192) . "x\n" ],
	[ 'lines and lines before one' => "x\n" x (2 * $MIB - 8192) . $real ],
	[ 'thousands of certificates' => cert("\x01", name(1, 8)) x 5000 ],
	[ 'certificates of many attributes' => join('', map { cert(pack('n', $_ + 256), name(32, 20)) } 1 .. 32) ],
	[ 'a name of sixty thousand bytes' => cert("\x01", name(5000, 2)) ],
	[ 'an extension of sixty thousand bytes' => join('', map { cert(pack('n', $_ + 256), name(1, 9), seq(tlv(6, "\x55\x1d\x0e"), tlv(4, 'e' x 60_000))) } 1 .. 32) ],
	[ 'thousands of extensions' => cert("\x01", name(1, 9), join('', map { seq(tlv(6, "\x55\x1d" . pack('n', $_)), tlv(4, '')) } 1 .. 5000)) ],
	[ 'one issuer of all' => join('', map { cert(pack('n', $_ + 256), name(1, 8)) } 1 .. 32) ],
	[ 'five mebibytes' => "\n" x (5 * $MIB) ],
);
my $entry = seq(tlv(2, "\x01\x02\x03"), $date);
my @lists = (
	[ 'fifty thousand entries' => crl(seq(tlv(2, "\x05"), $date) x 52_000) ], [ 'a hundred thousand entries' => crl($entry x 100_000) ],
	[ 'an entry of tiny extensions' => crl(seq(tlv(2, "\x01"), $date, seq(seq(tlv(6, "\x2a"), tlv(4, '')) x 140_000))) ],
	[ 'tiny extensions' => crl('', seq(tlv(6, "\x2a"), tlv(4, '')) x 140_000) ], [ 'a length of four gigabytes' => $huge ],
	[ 'nested sequences' => $nested ], [ 'hex' => '30' x 500_000 ], [ 'thousands of blocks' => pem('X509 CRL', (crl('')) x 4000) ],
	[ 'lines and lines' => pem('X509 CRL', crl('')) . "\n" x ($MIB - 4096) . 'x' ], [ 'two mebibytes' => 'x' x (2 * $MIB) ],
);

# --- JSON: what may stand where a value stands, of about that many bytes ---
sub values_of { my $size = shift;
	my $many = $size < $MIB ? $size : $MIB;		# of values: more than are read
	return (
		[ 'numbers' => sub { '[' . join(',', (1) x ($many / 2 - 4)) . ']' } ], [ 'empty objects' => sub { '[' . join(',', ('{}') x ($many / 3 - 4)) . ']' } ],
		[ 'empty texts' => sub { '[' . join(',', ('""') x ($many / 3 - 4)) . ']' } ], [ 'brackets' => sub { '[' x ($size - 8) } ], [ 'braces' => sub { '{"":' x ($many / 4 - 8) } ],
		[ 'as many values as are read' => sub { '[' . join(',', ('{"a":{}}') x 43_600) . ']' } ],
		[ 'members, as many as are read' => sub { '{' . join(',', map { "\"$_\":{}" } 1 .. $many / 12) . '}' } ],
		[ 'members' => sub { '{' . join(',', map { "\"$_\":0" } 1 .. $many / 11) . '}' } ],
		[ 'one member many times' => sub { '{' . join(',', ('"a":0') x ($many / 7)) . '}' } ], [ 'one text' => sub { '"' . 'x' x ($size - 8) . '"' } ],
		[ 'escapes' => sub { '"' . '\\u00e9' x ($size / 6 - 8) . '"' } ], [ 'long keys' => sub { '{"' . 'k' x ($size / 2) . '":0,"' . 'k' x ($size / 2 - 99) . '":0}' } ],
		[ 'a number of a million digits' => sub { '1' x ($size - 8) } ], [ 'a real' => sub { '1' . '0' x 300 . 'e1' } ], [ 'white space' => sub { ' ' x ($size - 8) . '1' } ],
	);
}

# --- evidence: at most 1 MiB ---
my ($report, $quote) = (cut(slurp("$made/snp/report.bin"), 1184), slurp("$made/tdx/quote.bin"));
my %guid = (vcek => "\x63\xda\x75\x8d\xe6\x64\x45\x64\xad\xc5\xf4\xb9\x3b\xe8\xac\xcd", ask => "\x4a\xb7\xb3\x79\xbb\xac\x4f\xe4\xa0\x2f\x05\xae\xf3\x27\xc7\x82",
	ark => "\xc0\xb4\x06\xa4\xa8\x03\x49\x52\x97\x43\x3f\xb6\x01\x4c\xd0\xae");
sub extended { my ($body, @entries) = @_; $report . join('', map { $_->[0] . pack('VV', $_->[1], $_->[2]) } @entries) . "\0" x 24 . $body }
sub alone { my ($what, $allowed, $evidence) = @_; spew('evidence', $evidence);
	run($what, $allowed, 'verify', '--json', "--time=$time", 'evidence');
	run("$what, shown", [ 0, 65 ], 'show', 'evidence');
}
my $room = $MIB - 1184;
alone('snp: entries that all are the whole table', $BAD, extended('A' x ($room - 64 * 24), map { [ (values %guid)[$_ % 3], 0, $room ] } 1 .. 63));
alone('snp: entries beyond the end', $BAD, extended('A', [ $guid{vcek}, 0xfffffff0, 0xfffffff0 ]));
alone('snp: a table without an end', $BAD, $report . 'A' x $room);
alone('snp: bytes after the last', $BAD, extended('A' x ($room - 24)));
for my $b (@bundles) {
	my $in = cut($b->[1], $room - 4 * 24);
	my @e = map { [ $guid{$_}, 96, length $in ] } qw(vcek ask ark);
	alone("snp: a table of $b->[0]", $EITHER, extended($in, @e));
	my $at = 48 + 584 + 4 + 64 + 64 + 6 + 384 + 64 + 2 + 32 + 2;
	my ($head, $chain) = (cut($quote, $at), cut($b->[1], $MIB - $at - 4));
	substr $head, 632, 4, pack('V', $at + 4 + length($chain) - 636);
	substr $head, 766, 4, pack('V', $at + 4 + length($chain) - 770);
	alone("tdx: a quote with $b->[0]", $EITHER, $head . pack('V', length $chain) . $chain);
}
alone('tdx: lengths of four gigabytes', $BAD, cut($quote, 632) . "\xff" x 4 . substr $quote, 636);
alone('tdx: a mebibyte of zeros after it', $EITHER, $quote . "\0" x ($MIB - length $quote));
my $cose = "\xd2\x84\x44\xa1\x01\x38\x22\xa0";
sub cose { my $p = shift; $cose . "\x5a" . pack('N', length $p) . $p . "\x58\x60" . 's' x 96 }
my $map64 = "\xb8\x40" . join '', map { "\x18" . chr($_ + 100) . "\x00" } 0 .. 63;
my $deepmap = "\0"; $deepmap = "\xb8\x40" . join('', map { "\x18" . chr($_ + 100) . "\x00" } 0 .. 62) . "\x18\xff" . $deepmap for 1 .. 14;
for ([ 'arrays' => "\x81" x ($MIB - 200) ], [ 'maps' => "\xa1\x00" x 500_000 ], [ 'tags' => "\xd2" x ($MIB - 200) ], [ 'a list of a million' => "\x9a" . pack('N', $MIB - 200) . "\0" x ($MIB - 200) ],
	[ 'a list of nobody knows how many' => "\x9b" . "\xff" x 8 ], [ 'maps of many keys' => "\x99" . pack('n', 5000) . $map64 x 5000 ], [ 'maps in maps' => $deepmap ],
	[ 'a map of a million keys' => "\xba" . pack('N', 300_000) . join('', map { "\x19" . pack('n', $_ & 65535) . "\0" } 1 .. 300_000) ],
	[ 'a string of more than memory' => "\x5b" . "\x7f" x 8 ], [ 'text' => "\x7a" . pack('N', $MIB - 200) . 'x' x ($MIB - 200) ],
	[ 'lists as keys' => "\xa1" x 14 . "\x80" ]) {
	alone("nitro: $_->[0]", $BAD, cose($_->[1]));
	alone("nitro: $_->[0], bare", $BAD, $cose . $_->[1]);
}
my $doc = slurp("$made/nitro/doc.cbor");
for my $b (@bundles) {		# the cabundle
	my $in = cut($b->[1], 65_536);
	my $p = "\xa9\x69module_id\x61x\x66digest\x66SHA384\x69timestamp\x01\x64pcrs\xa1\x00\x58\x30" . 'p' x 48 . "\x6bcertificate\x59" . pack('n', length $in < 65536 ? length $in : 65535) .
		cut($in, 65535) . "\x68cabundle\x8f" . join('', map { "\x59" . pack('n', length cut($in, 65535)) . cut($in, 65535) } 1 .. 15) . "\x6apublic_key\xf6\x69user_data\xf6\x65nonce\xf6";
	alone("nitro: certificates, $b->[0]", $EITHER, cose($p));
}
alone('tpm: names of sixty thousand bytes', $EITHER, "\xff\x54\x43\x47\x80\x18\xff\xff" . 'x' x 65535 . "\xff\xff" . 'y' x 65535 . "\0" x 25 . pack('N', 16) . join('', map { pack('nC', $_, 8) . "\xff" x 8 } 1 .. 16) . "\x00\x20" . 'd' x 32);
alone('tpm: banks without end', $BAD, "\xff\x54\x43\x47\x80\x18" . "\0" x 29 . "\xff" x 4 . "\x00\x0b\x03\xff\xff\xff" x 170_000);
my $gpu = cut(slurp("$made/nvidia/report.bin"), 41);
alone('nvidia: two hundred blocks and sixteen thousand opaque things', $EITHER, $gpu . "\xff" . substr(pack('V', 255 * 71), 0, 3) .
	join('', map { pack('CCvCv', $_, 1, 67, 1, 64) . 'v' x 64 } 1 .. 255) . 'n' x 32 . pack('v', 65532) . "\x63\0\0\0" x 16383 . 's' x 96);
alone('nvidia: a record longer than it', $BAD, $gpu . "\xff\xff\xff\xff" . 'A' x ($MIB - 100));
my $hcl = slurp("$made/azure/hcl_report.bin");
for (values_of($MIB - 2000)) {
	my ($what, $v) = ($_->[0], $_->[1]->());
	for my $json ("{\"keys\":$v}", "{\"keys\":[{\"kid\":\"HCLAkPub\",\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":$v}],\"vm-configuration\":{}}", "{\"keys\":[],\"vm-configuration\":$v}") {
		my $h = cut($hcl, 0x4c0 + 20);
		substr $h, 8, 4, pack('V', 0x4c0 + 20 + length $json);
		substr $h, 0x4c0, 4, pack('V', 20 + length $json);
		substr $h, 0x4c0 + 16, 4, pack('V', length $json);
		alone("azure: $what", $EITHER, $h . $json);
	}
}
alone("evidence that is too long: $_", $BAD, $_ eq '{' ? $_ x ($MIB + 1) : $report . 'A' x $MIB) for '{', 'snp';

# --- what lies beside it: at most 16 MiB in all ---
for (@bundles) {
	verify("snp: ask_ark.pem, $_->[0]", $EITHER, 'snp', 'ask_ark.pem' => $_->[1]);
	verify("snp: vek.der, $_->[0]", $EITHER, 'snp', 'vek.der' => $_->[1]);
	verify("tdx: chains, $_->[0]", $EITHER, 'tdx', 'tcb_sign_chain.pem' => $_->[1], 'pck_crl_issuer_chain.pem' => "\n$_->[1]");
	verify("nvidia: chain.pem, $_->[0]", $EITHER, 'nvidia', 'chain.pem' => $_->[1]);
	verify("tpm: ak_cert.pem, $_->[0]", $EITHER, 'tpm', 'ak_cert.pem' => $_->[1]);
	verify("tpm: ak_pub.pem, $_->[0]", $EITHER, 'tpm', 'ak_pub.pem' => $_->[1]);
	spew('root.pem', cut($_->[1], $MIB));
	run("a root, $_->[0]", $EITHER, 'verify', '--root', 'root.pem', "$made/snp");
}
for (@lists) {
	verify("snp: crl.der, $_->[0]", $EITHER, 'snp', 'crl.der' => $_->[1]);
	verify("tdx: lists, $_->[0]", $EITHER, 'tdx', 'root_ca_crl.der' => $_->[1], 'pck_crl.der' => $_->[1]);
}
verify('snp: fifteen lists of fifty thousand entries', $EITHER, 'snp', map { ("crl-$_.der" => crl(seq(tlv(2, chr $_), $date) x 51_000)) } 1 .. 15);
verify('snp: hundreds of lists', $EITHER, 'snp', map { ("crl-$_.der" => $lists[8][1] . "\n" x $_) } 1 .. 200);
verify('snp: thousands of lists', $BAD, 'snp', map { ("crl-$_.der" => crl('')) } 1 .. 1000);
for (values_of(15 * $MIB)) {
	my ($what, $v) = ($_->[0], $_->[1]->());
	my $sig = 'ab' x 64;
	verify("tdx: tcb_info.json, $what", $EITHER, 'tdx', 'tcb_info.json' => "{\"tcbInfo\":$v,\"signature\":\"$sig\"}");
	verify("tdx: tcb_info.json, a member of $what", $EITHER, 'tdx', 'tcb_info.json' => "{\"more\":$v,\"tcbInfo\":{},\"signature\":\"$sig\"}");
	verify("tdx: qe_identity.json, $what", $EITHER, 'tdx', 'qe_identity.json' => "{\"signature\":\"$sig\",\"enclaveIdentity\":$v}");
	verify("nvidia: refs.json, $what", $EITHER, 'nvidia', 'refs.json' => "{\"version\":1,\"measurements\":{\"1\":$v}}");
}
verify('tpm: pcrs, log and signature of megabytes', $EITHER, 'tpm', 'pcrs.bin' => 'p' x (5 * $MIB), 'eventlog.bin' => 'l' x (5 * $MIB), 'quote.sig' => 's' x (5 * $MIB));
verify('more than there may be in all', $BAD, 'tpm', 'eventlog.bin' => 'l' x (16 * $MIB));
verify('more than there may be of one', $BAD, 'tpm', 'eventlog.bin' => 'l' x (25 * $MIB));

# --- collateral.json and bundles: at most 24 MiB ---
sub collateral { my ($what, $allowed, $text) = @_;
	spew('collateral.json', $text);
	run($what, $allowed, 'verify', '--json', "--time=$time", '--root', "$made/tdx/root.pem", '--collateral', 'collateral.json', "$made/tdx/quote.bin");
}
for (values_of(23 * $MIB)) {
	my ($what, $v) = ($_->[0], $_->[1]->());
	collateral("collateral.json: $what", $EITHER, "{\"tcb_info\":$v,\"tcb_info_signature\":\"" . 'ab' x 64 . '"}');
	collateral("collateral.json: members of $what", $EITHER, $v);
	collateral("a bundle of $what", $EITHER, "{\"bl_collateral\":1,\"created\":\"$time\",\"files\":$v}");
}
collateral('collateral.json: a list in hex of 23 MiB', $BAD, '{"pck_crl":"' . '30' x (23 * $MIB / 2) . '"}');
collateral('collateral.json: a chain of 14 MiB', $BAD, '{"pck_crl_issuer_chain":"' . 'x\\n' x (5 * $MIB) . '","pck_crl":"3000"}');
sub bundle { my ($sign, @files) = @_;
	'{"bl_collateral":1,"created":"' . $time . '","files":[' . join(',', map { '{"data":"' . encode_base64($_->[1], '') . "\",\"name\":\"$_->[0]\",\"sha256\":\"" . sha256_hex($_->[1]) . '"}' } @files) . ']' .
	($sign ? ',"signature":"' . 'A' x 86 . '==","signer":"' . 'a' x 64 . '"' : '') . '}' }
my $most = 16 * $MIB - 70_000;
for my $sign (0, 1) {
	my $s = $sign ? 'signed' : 'unsigned';
	collateral("a bundle, $s, with one file of 16 MiB", $EITHER, bundle($sign, [ 'eventlog.bin' => 'l' x $most ]));
	collateral("a bundle, $s, with one file of more", $BAD, bundle($sign, [ 'eventlog.bin' => 'l' x (17 * $MIB) ]));
	collateral("a bundle, $s, with files of 16 MiB", $EITHER, bundle($sign, map { [ "P$_/eventlog.bin" => 'l' x ($most / 250) ] } 1 .. 250));
	collateral("a bundle, $s, with thousands of files", $EITHER, bundle($sign, map { [ "P$_/crl.der" => '0' ] } 1 .. 20_000));
	collateral("a bundle, $s, with one file thousands of times", $EITHER, bundle($sign, ([ 'crl.der' => '0' x 100 ]) x 20_000));
	collateral("a bundle, $s, longer than it may be", $BAD, bundle($sign, [ 'eventlog.bin' => 'l' x (19 * $MIB) ]));
}
spew('b.json', bundle(1, [ 'eventlog.bin' => 'l' x $most ]));
run('ten bundles of 16 MiB', $BAD, 'verify', ('--collateral', 'b.json') x 10, "$made/tpm");
run('a bundle beside a directory of as much', $BAD, 'verify', '--collateral', 'b.json', dir('d', 'tpm', 'pcrs.bin' => 'p' x (15 * $MIB)));
run('a bundle of a bundle', [ 0 ], 'bundle', '-o', 'again.json', 'b.json');

# --- policies: at most 1 MiB; 78 where they are none ---
for (values_of($MIB - 100)) {
	my ($what, $v) = ($_->[0], $_->[1]->());
	spew('p.json', $v);
	run("a policy that is $what", [ 78 ], 'verify', '-p', 'p.json', "$made/snp");
	for my $m (qw(measurement registers must min_tcb report_data)) {
		spew('p.json', "{\"version\":1,\"$m\":$v}");
		run("a policy: $m, $what", [ 78 ], 'verify', '-p', 'p.json', "$made/snp");
	}
}
spew('p.json', '{"version":1,"measurement":[' . join(',', map { sprintf '"%096x"', $_ } 1 .. 1000) . '],"registers":{' . join(',', map { "\"pcr$_\":[\"00\"]" } 0 .. 23) . '}}');
run('a policy of a thousand measurements', [ 0, 1 ], 'verify', '-p', 'p.json', '--root', "$made/$_/root.pem", "--time=$time", "$made/$_") for qw(snp tdx nitro tpm nvidia azure);

# --- receipts and statements: at most 1 MiB ---
for (values_of($MIB - 1000)) {
	my ($what, $v) = ($_->[0], $_->[1]->());
	for my $text ("$v\n", "{\"schema\":\"bl-receipt/1\",\"evidence\":$v}\n", "{\"evidence\":{\"class\":\"software\"},\"files\":$v,\"schema\":\"bl-receipt/1\"}\n") {
		spew('receipt', $text);
		run("a receipt: $what", $BAD, 'verify', '--type', 'receipt', '--json', 'receipt');
		run("a statement: $what", $BAD, 'verify', '--type', 'statement', '--json', 'receipt');
	}
	spew('receipt', 'BLE1' . "\0" x 256 . pack('V', length cut($v, 65_000)) . cut($v, 65_000));
	run("what a helper left: $what", $EITHER, 'verify', '--json', 'receipt');
	run("what a helper left, shown: $what", $EITHER, 'show', '--json', 'receipt');
}

# --- batches: a line is at most 2 MiB; the exit status is the worst line's ---
sub batch { my ($what, $allowed, @lines) = @_; spew('lines', @lines); run($what, $allowed, 'verify', '--batch', "--time=$time", 'lines') }
batch('a line of 16 MiB', $BAD, '{"id":"' . 'x' x (16 * $MIB) . '"}', "\n");
batch('a line of 16 MiB without an end', $BAD, 'x' x (16 * $MIB));
batch('16 MiB of empty lines', [ 0 ], "\n" x (16 * $MIB));
for (values_of(2 * $MIB - 100)) {
	my ($what, $v) = ($_->[0], $_->[1]->());
	batch("an id of $what", $EITHER, "{\"evidence\":\"$made/snp\",\"id\":$v}\n" x 3);
	batch("collateral of $what", $EITHER, "{\"evidence\":\"$made/snp\",\"collateral\":$v}\n" x 3);
	batch("evidence of $what", $BAD, "{\"evidence_b64\":$v}\n" x 3);
}
batch('hundreds of reports with certificates of many attributes', $EITHER, map { my $k = $_; my $in = join '', map { cert(pack('nn', $k + 256, $_), name(32, 20)) } 1 .. 32;
	'{"evidence_b64":"' . encode_base64(extended($in, map { [ $guid{$_}, 96, length $in ] } qw(vcek ask ark)), '') . "\"}\n" } 1 .. 400);
batch('hundreds of quotes of a mebibyte', $BAD, ('{"evidence_b64":"' . encode_base64(cose("\x9a" . pack('N', $MIB - 200) . "\0" x ($MIB - 200)), '') . "\"}\n") x 40);
batch('twenty thousand short lines', $BAD, "{}\n" x 20_000);
print "1..$n\n";
exit($bad != 0 || $n < 500);
