#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A file that is sealed to no vault: its owner's challenge, the helper's evidence, the owner's grant, as files and pipes. Whoever
# stands between and alters, replays, reflects or crosses them gets a refusal, and nothing on the standard output.
. "$(dirname "$0")/../tap.sh"
. "$top/tests/world.sh"
world || { ok false 'a table is sealed'; done_testing; }
bl-ingest -q -i owner.pem -p policy.json -o far.blf people.csv && bl-ingest -q -i owner.pem -p policy.json -o near.blf people.csv || { ok false 'sealed'; done_testing; }
bl-keygen -q -o mallory.pem; bl-keygen -q -V other
bl-ingest -q -i mallory.pem -p policy.json -o theirs.blf people.csv
sql='select count(*) as n from people'
refusal() { [ "$rc" = 65 ] || [ "$rc" = 76 ] || [ "$rc" = 77 ]; }
silent() { ok "refusal && [ ! -s '${2:-.out}' ]" "$1"; }
challenge() { bl-attest challenge -i owner.pem ${2:+--seconds $2} far.blf >"$1"; }
grant() { bl-policy grant -i owner.pem -c "${2:-c}" --vault vault/helper.pub "$1" far.blf; }	# EVIDENCE [CHALLENGE]
far() { bl-query -q -i analyst.pem -V vault --challenge "${1:-c}" --evidence e --grant g "$sql" far.blf; }	# needs a grant in g
# A live session in the background: its evidence goes to e, its grant is waited for in g.
live() { rm -f e g; far "${1:-c}" >live.out 2>live.err & live=$!; for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do [ -s e ] && return; kill -0 $live 2>/dev/null || return; sleep 0.1; done; }
landed() { wait $live; rc=$?; out=$(cat live.out); err=$(cat live.err); }

# --- the way it should go ---
run bl-query -i analyst.pem -V vault "$sql" far.blf
is "$rc:$out" 77: 'a file that is not sealed to the vault is refused'
run bl-attest challenge -i owner.pem -o c far.blf
exits 0 'the owner makes a challenge'
is "$(wc -c <c):$(head -c 4 c)" 212:BLC1 'of a known form'
is "$(stat -c %a owner.pem.nonces)" 600 'its nonce is kept for the owner alone'
bl-query -q -i analyst.pem -V vault --challenge c --evidence - --grant g -o n.csv "$sql" far.blf | bl-policy grant -i owner.pem -c c --vault vault/helper.pub - far.blf >g
is "$?:$(sed -n 2p n.csv)" 0:1200 'in one pipeline: evidence out, grant back, answer'
run bl-attest verify --key vault/helper.pub n.csv.receipt.json
exits 0 'with a receipt that verifies'
run grant e
is "$rc:$out" '66:' 'evidence that is not there cannot be read'
challenge c; live
run grant e
ok '[ $rc = 0 ] && cp .out g.part && mv g.part g' 'with files: the evidence appears'
landed
is "$rc:$out" "0:n
1200" 'the grant appears, and the question is answered'
challenge c; rm -f e g; mkfifo e g
far >live.out 2>live.err & live=$!
grant e >g
landed
is "$rc:$out" "0:n
1200" 'with pipes'
rm -f e g
challenge c; mkfifo g; far >live.out 2>live.err & live=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do [ -s e ] && break; sleep 0.1; done
bl-policy grant -i owner.pem -c c --vault other/helper.pub e far.blf >g 2>/dev/null
landed
is "$rc:$out" 77: 'an owner who grants nothing into a pipe is heard'
like "$err" 'granted nothing' 'and that is said'
bl-audit verify -q -V vault; is $? 0 'the journal verifies'

# --- replayed ---
challenge c; live; grant e >g.part; cp e e.first; cp g.part g.first; mv g.part g; landed
is "$rc" 0 'a session that somebody listens to'
run grant e.first
is "$rc:$out" 77: 'the same evidence a second time: refused'
like "$err" 'answered already' 'for the challenge is spent'
cp g.first g; rm -f e; run far
silent 'the same grant in a second session: refused'
rm -f g; live; run grant e
is "$rc:$out" 77: 'the same challenge in a second session: not granted'
kill $live; wait $live 2>/dev/null
challenge c; cp g.first g; rm -f e; run far
silent 'an old grant under a new challenge: refused'
challenge c 1; live; sleep 2.1; run grant e
is "$rc:$out" 77: 'evidence after its time is refused'
landed
is "$rc:$out" 75: 'and whoever waits for its grant does so until then'
run far
is "$rc:$out" 77: 'an expired challenge starts nothing'

# --- reflected ---
challenge c; live; cp e g; landed
silent 'evidence that comes back as its grant: refused' live.out
live; cp c g; landed
silent 'a challenge that comes back as the grant: refused' live.out
cp e.first c2; run far c2
silent 'evidence as challenge: refused'
run grant c c; silent 'the challenge as evidence: refused'
run grant g.first c; silent 'a grant as evidence: refused'
: >empty; run grant empty; silent 'nothing as evidence: refused'
run grant e c2; silent 'evidence as the challenge that it answers: refused'

# --- crossed ---
run bl-attest challenge -i mallory.pem far.blf
is "$rc:$out" 77: "nobody challenges for another owner's file"
bl-attest challenge -i mallory.pem theirs.blf >c.theirs
run far c.theirs
silent "another owner's challenge: refused"
bl-attest challenge -i owner.pem near.blf >c.near
run far c.near
silent "another dataset's challenge: refused"
challenge c; live
run bl-policy grant -i owner.pem -c c --vault vault/helper.pub e near.blf
silent 'evidence for one dataset, the file of another: refused'
run bl-policy grant -i owner.pem -c c.near --vault vault/helper.pub e far.blf
silent 'evidence of one challenge, another challenge: refused'
run bl-policy grant -i mallory.pem -c c --vault vault/helper.pub e far.blf
silent 'by another owner: refused'
run bl-policy grant -i mallory.pem -c c --vault vault/helper.pub e theirs.blf
silent "for another owner's file: refused"
run bl-policy grant -i owner.pem -c c --vault other/helper.pub e far.blf
silent 'of a vault that is not named: refused'
ok 'printf %s "$err" | grep -qF "$(bl-keygen -l -i vault/helper.pub)"' 'with its fingerprint'
run bl-policy grant -i owner.pem -c c --vault other/helper.pub --vault vault/helper.pub --requests 1 e far.blf
is $rc 0 'after all of that the evidence itself is granted'
cp .out g.part; mv g.part g; landed
is "$rc:$out" "0:n
1200" 'and answered'

# --- a header that is not the one that the owner looked at ---
sed -e 's/"version": 1/"version": 2/' policy.json >p2.json
bl-policy attach -q -i owner.pem -p p2.json -o newer.blf far.blf
challenge c; rm -f g; run bl-query -q -i analyst.pem -V vault --challenge c --evidence e --grant g "$sql" newer.blf
silent 'a challenge under one policy, the file under another: refused'

# --- altered ---
cat >flip.pl <<'END'
my ($from, $to, $at) = @ARGV; open my $f, '<:raw', $from or die; local $/; my $b = <$f>; $at = $at % length $b;
substr($b, $at, 1) ^= chr(1 << $at % 8); open my $o, '>:raw', $to or die; print $o $b;
END
challenge c
bad=0; for at in 0 4 36 68 100 132 140 148 180 211; do
	perl flip.pl c c.bad $at; rm -f g; run far c.bad; { refusal && [ -z "$out" ]; } || { bad=$((bad + 1)); diag "challenge at $at: $rc $err"; }
done
is $bad 0 'a challenge with any field altered starts no session'
live; bad=0
for at in 0 4 6 7 8 12 20 52 84 116 148 180 212 244 252 260 264 300 400 500 600 700 800 900; do
	perl flip.pl e e.bad $at; run grant e.bad; { refusal && [ -z "$out" ]; } || { bad=$((bad + 1)); diag "evidence at $at: $rc $err"; }
	perl flip.pl c c.bad $at; run grant e c.bad; { refusal && [ -z "$out" ]; } || { bad=$((bad + 1)); diag "challenge at $at: $rc $err"; }
done
is $bad 0 'evidence or challenge with any field altered is granted nothing'
grant e >g.good; perl flip.pl g.good g.part 50; mv g.part g; landed
silent 'a grant altered on its way: refused' live.out
bad=0; for at in 0 4 36 40 200 272 335; do
	challenge c; live; grant e >g.good; perl flip.pl g.good g.part $at; mv g.part g; landed
	{ refusal && [ -z "$out" ]; } || { bad=$((bad + 1)); diag "grant at $at: $rc $err"; }
done
is $bad 0 'in any field'
challenge c; live; grant e >g.good; head -c 100 g.good >g; sleep 0.3; kill -0 $live 2>/dev/null
is $? 0 'half a grant is waited for'
tail -c +101 g.good >>g; landed
is "$rc:$out" "0:n
1200" 'until it is whole'
challenge c; live; { grant e; echo; } >g.part; mv g.part g; landed
silent 'one with something behind it: refused' live.out

# --- what the owner asks of the journal ---
cp vault/checkpoint kept
challenge c; live; run bl-policy grant -i owner.pem -c c --vault vault/helper.pub --checkpoint kept e far.blf
cp .out g.part; mv g.part g; landed
is "$rc:$out" "0:n
1200" 'a vault whose journal extends the checkpoint is granted the key'
challenge c; live; run bl-policy grant -i owner.pem -c c --vault vault/helper.pub --checkpoint other/checkpoint e far.blf
silent "not for another vault's checkpoint"
kill $live; wait $live 2>/dev/null
cp -a vault old; bl-query -q -i analyst.pem -V vault "$sql" people.blf >/dev/null; cp vault/checkpoint kept; rm -rf vault; mv old vault
challenge c; live; run bl-policy grant -i owner.pem -c c --vault vault/helper.pub --checkpoint kept e far.blf
cp .out g.part; mv g.part g; landed
is "$rc:$out" 77: 'one that was set back, checkpoint and all, does not open the file'

# --- usage ---
run bl-policy grant -i owner.pem -c c e far.blf
exits 64 'a vault has to be named'
run bl-policy grant -i owner.pem --vault vault/helper.pub e far.blf
exits 64 'and a challenge'
run bl-policy grant -i owner.pem -c c --vault vault/helper.pub e people.csv
is "$rc:$out" 65: 'a table that is not sealed has no key'
run bl-query -i analyst.pem -V vault --challenge c "$sql" far.blf
exits 64 'challenge, evidence and grant go together'
run bl-query -i analyst.pem -V vault --challenge c --evidence - --grant g "$sql" far.blf
exits 64 'evidence and answer do not go to one place'
run bl-query -q -i analyst.pem -V vault "$sql" people.blf
is "$rc" 0 'a file that is sealed to the vault needs none of it'
done_testing
