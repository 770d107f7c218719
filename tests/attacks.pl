#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# attacks.pl VECTORS DATA: runs the cases of an attack file (format bl-attacks/1) and prints TAP. Each case starts with fresh
# identities' vaults and an empty journal; what `expect` and `require` mean stands in the file.
use strict;
use warnings;
use JSON::PP;
use File::Path qw(make_path remove_tree);

my ($vectors, $data) = @ARGV;
my $json = JSON::PP->new->canonical->allow_nonref;
sub slurp { open my $f, '<:raw', $_[0] or return ''; local $/; my $s = <$f>; defined $s ? $s : '' }
sub spew { open my $o, '>:raw', $_[0] or die "$_[0]: $!"; print $o $_[1]; close $o }
sub quoted { join ' ', map { my $s = $_; $s =~ s/'/'\\''/g; "'$s'" } @_ }
sub run { my $rc = system(quoted(@_) . ' >out.txt 2>err.txt </dev/null') >> 8; return ($rc, slurp('out.txt'), slurp('err.txt')) }

my $spec = $json->decode(slurp($vectors));
my ($n, $bad) = (0, 0);
sub ok { my ($good, $what, @why) = @_; $n++; $bad++ unless $good; print $good ? '' : 'not ', "ok $n - $what\n"; unless ($good) { print "# $_\n" for map { split /\n/ } @why } }
sub skip { $n++; print "ok $n # SKIP $_[0]\n" }

# --- identities: made once, known by name ---
my %fpr;
for my $who (qw(owner owner2 analyst analyst2 mallory custodian auditor)) {
	my ($rc) = run('bl-keygen', '-q', '-o', "$who.pem");
	die "bl-keygen: $rc" if $rc;
	($rc, $fpr{$who}) = run('bl-keygen', '-l', '-i', "$who.pem");
	chomp $fpr{$who};
}
sub named { my $v = shift;
	return { map { $_ => named($v->{$_}) } keys %$v } if ref $v eq 'HASH';
	return [ map { named($_) } @$v ] if ref $v eq 'ARRAY';
	return $fpr{$1} if defined $v && !ref $v && $v =~ /^@(\w+)$/ && $fpr{$1};
	return $v }

sub table { my $t = $spec->{tables}{$_[0]};
	return slurp("$data/$t->{file}") if $t->{file};
	return $t->{csv} if defined $t->{csv};
	my $out = "$t->{head}\n";
	for my $i ($t->{seq}[0] .. $t->{seq}[1]) {
		my $row = $t->{except}{$i};
		unless (defined $row) { $row = $t->{row}; $row =~ s/\{i\}/$i/g; $row =~ s/\{m(\d+)\}/$i % $1/ge }
		$out .= "$row\n" x ($t->{copies} || 1);
	}
	return $out }

# --- one case ---
my (%file, %policy_of, %owner_of);
sub document { my ($name, $dataset) = @_; my $p = named($spec->{policies}{$name}); $p->{dataset} = $dataset; return $p }
sub setup { my $case = shift;
	chdir '..' if -d '../case';
	remove_tree('case'); make_path('case'); chdir 'case';
	my ($rc, undef, $err) = run('bl-keygen', '-q', '-V', 'vault');
	return "bl-keygen: $err" if $rc;
	(%file, %policy_of, %owner_of) = ();
	for my $f (@{ $case->{files} }) {
		spew("$f->{name}.csv", table($f->{table}));
		spew("$f->{name}.json", $json->encode(document($f->{policy}, $f->{name})));
		($rc, undef, $err) = run('bl-ingest', '-q', '-i', "../$f->{owner}.pem", '-p', "$f->{name}.json", '-r', 'vault/helper.pub', '-o', "$f->{name}.blf", "$f->{name}.csv");
		return "bl-ingest: $err" if $rc;
		$file{ $f->{name} } = "$f->{name}.blf";
		$owner_of{ $f->{name} } = $f->{owner};
	}
	return undef }

sub ask { my ($step, $sql) = @_;
	my @names = $step->{files} ? @{ $step->{files} } : grep { $sql =~ /\b$_\b/ } sort keys %file;
	@names = sort keys %file unless @names;
	my @opts = @{ $step->{opts} || [] };
	push @opts, '-o', 'answer.csv' if $step->{out};
	return run('bl-query', '-i', '../' . ($step->{as} || 'analyst') . '.pem', '-V', 'vault', '-f', $step->{out} ? 'csv' : 'csv', @opts, $sql, map { my $t = $_; "$t=$file{$_}" } @names) }

sub csv_rows { my @rows; my $s = shift; $s =~ s/^[^\n]*\n// or return ();
	for my $line (split /\n/, $s) { my @f; while ($line =~ /\G(?:"((?:[^"]|"")*)"|([^,]*))(,|$)/g) { my $v = defined $1 ? $1 : $2; $v =~ s/""/"/g; push @f, $v; last if $3 eq '' } push @rows, \@f }
	return @rows }
sub same { my ($got, $want, $tol) = @_;
	return $got eq '' if !defined $want;
	return $got eq $want if $want !~ /^-?[0-9.]+(e-?\d+)?$/i || $got !~ /^-?[0-9.]+(e[-+]?\d+)?$/i;
	return abs($got - $want) <= $tol * (abs($want) > 1 ? abs($want) : 1) }
sub same_row { my ($g, $w, $tol) = @_; return 0 if @$g < @$w || @$g > @$w + 1; for (0 .. $#$w) { return 0 unless same($g->[$_], $w->[$_], $tol) } return 1 }
sub check_answer { my ($out, $e) = @_; my $tol = $e->{tol} || 0; my @got = csv_rows($out); my @want = @{ $e->{answer} };
	for my $f (@{ $e->{forbid_rows} || [] }) { return 'a row that must be withheld' if grep { same_row($_, $f, $tol) } @got }
	return 'rows: ' . scalar(@got) if !$e->{subset} && !$e->{forbid_rows} && @got != @want;
	if ($e->{ordered}) { for (0 .. $#want) { return "row $_" unless $got[$_] && same_row($got[$_], $want[$_], $tol) } return undef }
	for my $w (@want) { return 'no row ' . join ',', map { defined $_ ? $_ : 'null' } @$w unless grep { same_row($_, $w, $tol) } @got }
	return undef }
sub refused { my ($rc, $out, $exits) = @_; $exits ||= [64, 75, 77]; return $out eq '' && grep { $_ == $rc } @$exits }
# Refused, or nothing but withheld values.
sub withheld { my ($rc, $out) = @_; return 1 if refused($rc, $out); return 0 if $rc; my @rows = csv_rows($out); return !grep { grep { $_ ne '' && /\d/ } @$_ } @rows }

sub judge { my ($step, $rc, $out, $err) = @_; my $e = $step->{expect};
	return undef if !defined $e || $e eq 'any';
	return refused($rc, $out, $step->{exits}) ? undef : 'not refused' if $e eq 'refused';
	return $rc == 0 ? undef : 'not ok' if $e eq 'ok';
	return $rc == $e ? undef : "not exit $e" if !ref $e;
	return $rc == 0 ? undef : 'not ok' if $e->{ok};
	return $rc ? 'not answered' : check_answer($out, $e) if $e->{answer};
	if (my $p = $e->{protected}) {
		for (@{ $p->{forbid} || [] }) { return "'$_' came out" if $out =~ /(?<![\d.])\Q$_\E(?![\d.])/ }
		for (@{ $p->{forbid_err} || [] }) { return "'$_' in a message" if index($err, $_) >= 0 }
		for my $f (@{ $p->{forbid_rows} || [] }) { return 'a forbidden row' if grep { same_row($_, $f, 1e-9) } csv_rows($out) }
		return undef if refused($rc, $out) || $rc == 0;
		return "exit $rc" }
	return 'an expectation this runner does not know' }

sub step { my ($step, $result) = @_; my $do = $step->{do};
	if ($do eq 'query') {
		my ($rc, $out, $err);
		for my $sql (ref $step->{sql} ? @{ $step->{sql} } : $step->{sql}) { ($rc, $out, $err) = ask($step, $sql); last if $rc != 64 }
		$result->{ $step->{id} } = [$rc, $out, $err] if $step->{id};
		my $why = judge($step, $rc, $out, $err);
		$why = 'a file was left' if !$why && $step->{out} && $rc && -e 'answer.csv';
		return $why ? "$why (exit $rc)\n$out$err" : undef;
	}
	if ($do eq 'tamper') {
		my $b = slurp($file{ $step->{file} }); my $at = int($step->{at} * length $b);
		if ($step->{how} eq 'flip') { substr($b, $at, 1) ^= "\x01" } elsif ($step->{how} eq 'cut') { $b = substr $b, 0, $at } else { return "how: $step->{how}" }
		spew('tampered.blf', $b);
		my ($rc, $out, $err) = run('bl-query', '-i', '../analyst.pem', '-V', 'vault', "select count(*) from $step->{file}", "$step->{file}=tampered.blf");
		return $out eq '' && ($rc == 65 || $rc == 77) ? undef : "exit $rc $out$err";
	}
	if ($do eq 'grep') {
		for my $f (glob('vault/* *.blf')) { next if -d $f; my $s = slurp($f); for (@{ $step->{words} }) { return "$_ in $f" if index($s, $_) >= 0 } }
		return undef;
	}
	if ($do eq 'attach') {
		my $p = document($step->{policy}, $step->{file}); $p->{version} = $step->{version};
		spew("$step->{to}.json", $json->encode($p));
		my ($rc, $out, $err) = run('bl-policy', 'attach', '-i', "../$step->{as}.pem", '-p', "$step->{to}.json", '-o', "$step->{to}.blf", $file{ $step->{file} });
		$file{ $step->{to} } = "$step->{to}.blf" unless $rc;
		my $why = judge($step, $rc, $out, $err);
		return $why ? "$why $err" : undef;
	}
	if ($do eq 'lint') {
		my $p = document($step->{policy}, 'titanic'); my $patch = named($step->{patch});
		$p->{$_} = $patch->{$_} for keys %$patch;
		spew('lint.json', $json->encode($p));
		my ($rc, $out, $err) = run('bl-policy', 'lint', 'lint.json');
		my $why = judge($step, $rc, '', $err);
		return $why ? "$why: exit $rc $out$err" : undef;
	}
	return "a step '$do' this runner does not know" }

for my $case (@{ $spec->{cases} }) {
	if (grep { $_->{do} eq 'train' } @{ $case->{steps} }) { skip("$case->{id}: bl-train is not built"); next }
	my $what = "$case->{id}: $case->{idea}";
	my $why = setup($case);
	my %result;
	for my $s (@{ $case->{steps} }) { last if $why; $why = step($s, \%result) }
	if (!$why && (my $r = $case->{require})) {
		my @ids = @{ $r->{at_least_one_refused} || [] };
		$why = 'none was refused' if @ids && !grep { withheld(@{ $result{$_} }) } @ids;
		if ($r->{same}) { my @t = map { my $t = join "\n", @{ $result{$_} }; if ($r->{norm}) { $t =~ s/\Q$_\E/NAME/g for @{ $r->{norm} } } $t } @{ $r->{same} };
			$why = "they differ\n" . join "\n", @t if grep { $_ ne $t[0] } @t }
	}
	if (!$why && $case->{control}) {
		$why = setup($case);
		my ($rc, $out, $err) = $why ? () : ask({}, $case->{control});
		$why ||= "the control is not answered: exit $rc $out$err" if !$why && ($rc || $out eq '');
	}
	ok(!$why, $what, $why || '');
}
print "1..$n\n";
exit($bad || !$n ? 1 : 0);
