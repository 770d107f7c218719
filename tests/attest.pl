#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# attest.pl VECTORS: runs bl-attest over the attestation vectors (their README says what they are) and prints TAP: for each case and
# each of its collateral, verdict, authenticity, reason and claims, under a policy that accepts what it can and under the default.
use strict;
use warnings;
use JSON::PP;

my $v = shift;
my $json = JSON::PP->new->canonical->allow_nonref->allow_bignum(0);
my ($n, $bad) = (0, 0);
sub slurp { open my $f, '<:raw', $_[0] or return ''; local $/; my $s = <$f>; defined $s ? $s : '' }
sub ok { my ($good, $what, @why) = @_; $n++; $bad++ unless $good; print $good ? '' : 'not ', "ok $n - $what\n"; unless ($good) { print "# $_\n" for map { split /\n/ } @why } $good }
sub run {
	open my $old, '>&', \*STDERR;
	open STDERR, '>', 'err.txt';
	open my $p, '-|', @_ or die "@_: $!";
	local $/;
	my $out = <$p>;
	close $p;
	my $rc = $? >> 8;
	open STDERR, '>&', $old;
	return ($rc, defined $out ? $out : '', slurp('err.txt'));
}
sub text { my $x = shift; !defined $x ? 'null' : JSON::PP::is_bool($x) ? ($x ? 'true' : 'false') : ref $x ? $json->encode($x) : "$x" }

# Everything that $want says must be so in $got; where they differ, the places.
sub differs { my ($got, $want, $at) = @_;
	if (ref $want eq 'HASH') {
		return "$at: " . text($got) . " for an object" unless ref $got eq 'HASH';
		return map { differs($got->{$_}, $want->{$_}, "$at.$_") } sort keys %$want;
	}
	if (ref $want eq 'ARRAY') {
		return "$at: " . text($got) . " for " . text($want) unless ref $got eq 'ARRAY' && @$got == @$want;
		return map { differs($got->[$_], $want->[$_], "$at\[$_]") } 0 .. $#$want;
	}
	return text($got) eq text($want) ? () : "$at: " . text($got) . " for " . text($want);
}

# What the prose of a negative may come out as.
my @words = (
	[ qr/^malformed|empty|unsupported signature|TPM_GENERATED|header version|certification data runs/ => 'malformed|unsupported' ],
	[ qr/ASK serial|VCEK serial/ => 'revoked' ], [ qr/CRL not signed/ => 'crl-signature' ], [ qr/CRL nextUpdate/ => 'crl-stale|collateral-stale' ],
	[ qr/HWID differs/ => 'chip-id' ], [ qr/built-in AMD root|AWS Nitro root/ => 'root-unknown' ], [ qr/not issued by the ASK/ => 'chain|root-unknown' ],
	[ qr/TCB extensions differ/ => 'tcb-mismatch' ], [ qr/expired at --time/ => 'cert-expired' ], [ qr/not yet valid/ => 'cert-not-yet-valid' ],
	[ qr/collateral nextUpdate/ => 'collateral-stale|crl-stale|cert-expired' ], [ qr/after --time/ => 'collateral-future|cert-not-yet-valid' ],
	[ qr/TCB info signature|QE identity signature/ => 'collateral-signature|collateral-mismatch' ],
	[ qr/attestation key not|hash binding|not in report_data/ => 'binding|signature' ], [ qr/PCR digest|do not hash/ => 'binding' ],
	[ qr/nonce differs/ => 'nonce' ], [ qr/trust anchor given|does not chain|chain:|PCK certificate altered/ => 'root-unknown|chain|product|signature|malformed' ],
	[ qr/protected header/ => 'unsupported|malformed|signature' ],
	[ qr/signature|altered|other AK|another GPU|SNP|QE report/ => 'signature|chain|binding|malformed|root-unknown|tcb-mismatch' ],
	[ qr/unsupported without external PCK/ => 'collateral-missing' ],
);
sub reason_fits { my ($prose, $got) = @_;
	return 1 unless defined $prose;
	for my $w (@words) { return $got =~ /^(?:$w->[1])$/ if $prose =~ $w->[0] }
	return 0;
}

sub fields { my $x = shift;
	my $f = $x->{fields} || $x->{snp_fields};
	delete $f->{nonce_stated_by_collector};		# not in the evidence
	return { hw => $x->{hw}, tpm => tpm($x->{tpm}), pcrs => $x->{pcrs}, $x->{snp_fields} ? (snp => $x->{snp_fields}) : () } if $x->{tech} eq 'azure-hcl';
	return tpm($x->{tpm}) if $x->{tech} eq 'tpm2';
	return $f;
}
sub tpm { my %t = %{ $_[0] }; return \%t }

sub case { my ($dir, $x, $c) = @_;
	my ($name) = $dir =~ m{([^/]+/[^/]+)$};
	my $negative = !JSON::PP::is_bool($x->{authentic}) || !$x->{authentic};
	my @o = ('bl-attest', 'verify', '--json');
	my $time = $c ? $c->{time} : $x->{time};
	if (!defined $time && $x->{pck_validity}) {	# any time in it
		my ($y, $m, $d) = $x->{pck_validity}[0] =~ /^(\d+)-(\d+)-(\d+)/;
		$time = ($y + 1) . "-$m-${d}T00:00:00Z";
	}
	$time = 1700000000 unless defined $time;
	push @o, "--time=$time";
	my $nonce = defined $x->{nonce} ? $x->{nonce} : $x->{authentic} ? ($x->{fields} || {})->{nonce_stated_by_collector} : undef;
	push @o, '--nonce', $nonce if defined $nonce;
	push @o, '--root', "$dir/ask_ark.pem" if $x->{needs_custom_root};
	push @o, '--root', "$dir/root.pem" if $x->{anchor_source};
	if ($c) { push @o, '--collateral', "$dir/$c->{dir}"; $name .= "/$c->{dir}" }
	my ($rc, $out, $err) = run(@o, '-p', "$v/policy-any.json", $dir);
	my $got = eval { $json->decode($out) };
	ok($got, "$name: answers one JSON object", "exit $rc", $out, $err) or return;
	my $unsupported = $c && $x->{authentic} && !defined $c->{tcb_status};
	my $pass = !$negative && !$unsupported;
	my @why = map { "$_->{name}: $_->{result} " . ($_->{reason} || '') . ' ' . ($_->{detail} || '') } grep { $_->{result} ne 'pass' } @{ $got->{checks} };
	ok($rc == ($pass ? 0 : 1) || ($rc == 65 && $negative), "$name: exit " . ($pass ? 0 : '1 or 65'), "exit $rc", @why, $err);
	ok($got->{verdict} eq ($pass ? 'pass' : 'fail'), "$name: verdict", $got->{verdict}, @why);
	ok(text($got->{authentic}) eq text($x->{authentic}), "$name: authentic is " . text($x->{authentic}), text($got->{authentic}), @why);
	ok(scalar($err =~ /\A[^\n]+\n(?:bl-attest: hint: [^\n]*\n)?\z/), "$name: a no is one line on stderr", $err) unless $pass;
	ok(reason_fits($x->{reason}, $got->{reason} || ''), "$name: reason ($x->{reason})", $got->{reason}, @why) if $negative && defined $x->{reason};
	ok($got->{reason} eq 'tcb-not-supported', "$name: reason is tcb-not-supported", $got->{reason}, @why) if $unsupported;
	return unless $x->{authentic};
	my @d = differs($got->{claims}, fields($x), 'claims');
	ok(!@d, "$name: claims", @d);
	ok(text($got->{debug}) eq text($x->{debug}), "$name: debug", text($got->{debug})) if defined $x->{debug};
	if ($c) {
		my @d = grep { defined } map { differs($got->{$_}, $c->{$_}, $_) } grep { exists $c->{$_} } qw(tcb_status tcb_date);
		push @d, differs([ sort @{ $got->{advisories} } ], [ sort @{ $c->{advisories} || [] } ], 'advisories') if $c->{advisories};
		ok(!@d, "$name: TCB status, date and advisories", @d, @why);
		ok(!(grep { $_->{name} eq 'tcb_info.json' && !$_->{expires} } @{ $got->{collateral} }) && (grep { $_->{name} eq 'tcb_info.json' } @{ $got->{collateral} }),
			"$name: the collateral is named with its dates", $json->encode($got->{collateral}));
		for my $w ($c->{window} ? ($c->{window}[0] - 86400, $c->{window}[1] + 86400) : ()) {
			my @p = map { /^--time=/ ? "--time=$w" : $_ } @o;
			my ($rc) = run(@p, '-p', "$v/policy-any.json", $dir);
			ok($rc == 1, "$name: no, outside of the collateral's window", "$w: exit $rc");
		}
	}
	if (my $w = $x->{valid_window}) {
		for my $t ($w->[0] - 1, $w->[1] + 1) {
			my ($rc) = run((map { /^--time=/ ? "--time=$t" : $_ } @o), '-p', "$v/policy-any.json", $dir);
			ok($rc == 1, "$name: no, outside of its validity", "$t: exit $rc");
		}
	}

	# The default policy.
	($rc, $out, $err) = run(@o, $dir);
	$got = eval { $json->decode($out) };
	my $intel = $x->{tech} =~ /^intel/;
	my $default = $x->{default_policy_verdict};
	$default = 'fail' if $x->{debug} || ($intel && !($c && ($c->{tcb_status} || '') eq 'UpToDate'));
	if (!defined $default) {
		my $f = $x->{fields} || $x->{snp_fields} || {};
		my ($now, $committed) = @$f{qw(current_tcb committed_tcb)};
		$default = 'fail' if $f->{vmpl} || ($f->{policy_bits} && $f->{policy_bits}{debug}) || ($now && grep { $committed->{$_} < $now->{$_} } keys %$now);
		$default = 'fail' if ($f->{mr_servicetd} || '') =~ /[1-9a-f]/;
		$default = 'fail' if $x->{tech} eq 'aws-nitro' && ($f->{pcrs}{0} || '') =~ /^0+$/;
	}
	$default = 'pass' unless defined $default;
	@why = map { "$_->{name}: $_->{result} " . ($_->{reason} || '') . ' ' . ($_->{detail} || '') } grep { $_->{result} ne 'pass' } @{ $got->{checks} || [] };
	ok($rc == ($default eq 'pass' ? 0 : 1) && $got->{verdict} eq $default && $got->{authentic}, "$name: the default policy says $default", "exit $rc", @why);
}

for my $file (sort glob "$v/*/*/expect.json") {
	(my $dir = $file) =~ s{/expect\.json$}{};
	my $x = $json->decode(slurp($file));
	my @c = @{ $x->{cases} || [] };
	case($dir, $x, $_) for @c ? @c : (undef);
}

# Launch digests: command lines.
my $m = $json->decode(slurp("$v/snp-measure/expect.json"));
for my $c (@{ $m->{cases} }) {
	my @args = map { -e "$v/snp-measure/$_" ? "$v/snp-measure/$_" : $_ } @{ $c->{args} };
	my ($rc, $out, $err) = run('bl-attest', @args);
	ok($rc == $c->{exit} && $out eq (defined $c->{digest} ? "$c->{digest}\n" : ''), "@{ $c->{args} }", "exit $rc", $out, $err);
}
print "1..$n\n";
exit($bad != 0 || $n < 100);
