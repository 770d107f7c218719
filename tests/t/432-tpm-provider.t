#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The provider tpm2 on a real TPM (of software): one key for one TPM, whoever asks and however often it starts; quotes that bl-attest and
# the TPM's own tools accept; nothing left behind.
. "$(dirname "$0")/../tap.sh"
tool=$build/tests/unit/test_tpmdev
[ -x "$tool" ] || skip_all 'the unit tests are not built'
command -v swtpm >/dev/null || skip_all 'swtpm is not installed'
tpm_pid=
trap '[ -z "$tpm_pid" ] || kill $tpm_pid 2>/dev/null; cd /; rm -rf "$scratch"' EXIT
mkdir state

# start: a TPM on tpm.sock, as it was; stop: ends it
start() {
	swtpm socket --tpm2 --tpmstate dir="$scratch/state" --server type=unixio,path="$scratch/tpm.sock" \
		--ctrl type=unixio,path="$scratch/tpm.sock.ctrl" --flags not-need-init,startup-clear >swtpm.log 2>&1 &
	tpm_pid=$!
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		[ -S tpm.sock ] && return 0
		kill -0 $tpm_pid 2>/dev/null || return 1
		sleep 0.1
	done
	return 1
}
stop() { kill $tpm_pid; wait $tpm_pid 2>/dev/null; tpm_pid=; rm -f tpm.sock tpm.sock.ctrl; }
one=0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20
two=ff02030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20
quote() { run "$tool" ask "$scratch/tpm.sock" "$1" "$2"; }	# by a process of its own, as a helper does
ak() { bl-attest show --json "$1" | sed -n 's/.*"ak":"\([0-9a-f]*\)".*/\1/p'; }

start || skip_all 'swtpm does not start here'
quote a $one
exits 0 'a TPM is asked for a quote'
is "$(ls a | tr '\n' ' ')" 'ak_pub.pem pcrs.bin quote.msg quote.sig ' 'which is four files'
is "$(wc -c <a/pcrs.bin)" 512 'with the values of 16 PCRs'
key=$(ak a)
is ${#key} 64 'bl-attest shows the hash of its key'
printf '{"version":1,"ak":["%s"],"must":["ak-binding","nonce","pcr-digest"]}\n' "$key" >machine.json
run bl-attest verify -p machine.json --nonce $one a
exits 0 'as a policy takes it: the quote verifies'
run bl-attest verify -p machine.json --nonce $two a
is "$rc" 1 'but not as the answer to something else'
run bl-attest verify --nonce $one --json a
like "$out" '"name":"ak-binding","result":"skipped"' 'without a policy nobody knows whose key it is'
sed "s/$key/$one/" machine.json >other.json
run bl-attest verify -p other.json --nonce $one a
is "$rc" 1 'a policy of another TPM refuses it'

quote b $two
exits 0 'another process asks the same TPM'
is "$(ak b)" "$key" 'and gets a quote by the same key'
run bl-attest verify -p machine.json --nonce $two b
exits 0 'over what it asked'
ok '! cmp -s a/quote.msg b/quote.msg && cmp -s a/pcrs.bin b/pcrs.bin' 'another quote, of the same PCRs'

if command -v tpm2_checkquote >/dev/null && command -v tpm2_pcrextend >/dev/null; then
	TPM2TOOLS_TCTI="swtpm:path=$scratch/tpm.sock"
	export TPM2TOOLS_TCTI
	run tpm2_checkquote -u a/ak_pub.pem -m a/quote.msg -s a/quote.sig -q $one
	exits 0 "the TPM's own tools accept it"
	run tpm2_checkquote -u a/ak_pub.pem -m a/quote.msg -s a/quote.sig -q $two
	ok 'test $rc != 0' 'and refuse it where bl-attest does'
	is "$(tpm2_pcrread sha256:0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15 | sed -n 's/.*0x//p' | tr -d '\n' | tr A-F a-f)" \
		"$(od -An -v -tx1 a/pcrs.bin | tr -d ' \n')" 'the values are what they read'
	is "$(tpm2_getcap handles-transient)" '' 'no key is left in the TPM'
	was=$(tpm2_pcrread sha256:4 | sed -n 's/.*0x//p' | tr A-F a-f)
	echo "{\"version\":1,\"ak\":[\"$key\"],\"registers\":{\"sha256:4\":[\"$was\"]}}" >boot.json
	run bl-attest verify -p boot.json --nonce $one a
	exits 0 'a policy names a PCR of the boot'
	tpm2_pcrextend 4:sha256=00000000000000000000000000000000000000000000000000000000000000aa >/dev/null
	quote c $one
	run bl-attest verify -p boot.json --nonce $one c
	is "$rc" 1 'and refuses what has booted otherwise'
	like "$err" 'sha256:4' 'by name of the PCR'
	cp a/pcrs.bin c/pcrs.bin
	run bl-attest verify -p boot.json --nonce $one c
	is "$rc" 1 'whatever values are put beside the quote'
	tpm2_clear -c p >/dev/null 2>&1 && quote d $one
	is "$(ak d)" "$key" 'the key outlives that the TPM is cleared'
	tpm2_changeauth -c endorsement secret >/dev/null 2>&1
	quote e $one
	exits 69 'no evidence is 69'
	run "$tool" quote tpm.sock e $one
	exits 69 'a TPM whose endorsement hierarchy has a password is 69'
	like "$err" 'endorsement hierarchy has a password, and none is ever given' 'in plain words'
	is "$(ls e 2>/dev/null)" '' 'and there is no evidence'
	is "$(tpm2_getcap handles-transient)" '' 'nor a key left behind'
	tpm2_changeauth -c endorsement -p secret '' >/dev/null 2>&1
else
	skip 'tpm2-tools are not installed'
fi

# --- a session: from the first evidence to a policy, from the policy to a key ---
. "$top/tests/world.sh"
if [ -x "$bin/bl-tee" ] && world 200 && sed 's/"class": "software"/"class": "tpm2"/' policy.json >tpm.json &&
	bl-ingest -q -i owner.pem -p tpm.json -o far.blf people.csv; then
	challenge() { rm -f evidence grant; bl-attest challenge -i owner.pem far.blf >challenge; }
	# A live session: its evidence appears, its grant is waited for.
	live() {
		bl-query -q --provider "tpm2:$scratch/tpm.sock" -i analyst.pem -V vault --challenge challenge --evidence evidence --grant grant \
			-o n.csv 'select count(*) as n from people' far.blf >live.out 2>&1 &
		live=$!
		for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
			[ -s evidence ] && return
			kill -0 $live 2>/dev/null || return
			sleep 0.1
		done
	}
	grant() { run bl-policy grant -i owner.pem -c challenge --vault vault/helper.pub "$@" evidence far.blf; }
	challenge; live
	bl-attest verify -q --json evidence | sed -n 's/.*"ak":"\([0-9a-f]*\)".*"sha256:4":"\([0-9a-f]*\)".*/{"version":1,"ak":["\1"],"must":["ak-binding"],"registers":{"sha256:4":["\2"]}}/p' >session.json
	like "$(cat session.json)" "\"ak\":\\[\"$key\"" "a session's evidence is made into a policy by one line"
	grant
	is "$rc:$out" 77: 'without it no key is granted'
	echo "{\"version\":1,\"ak\":[\"$key\"]}" >key.json
	grant -p key.json
	is "$rc:$out" 77: 'nor where only the TPM is named, and not what boots'
	sed 's/"ak":[^]]*],"must":[^]]*],//' session.json >booted.json
	grant -p booted.json
	is "$rc:$out" 77: 'nor where only what boots is named, and not whose TPM says so'
	like "$err" 'whose TPM' 'as the refusal says'
	sed "s/$key/$one/" session.json >another.json
	grant -p another.json
	is "$rc:$out" 77: 'nor for another TPM'
	grant -p session.json
	exits 0 'with both it is'
	cp .out grant.part && mv grant.part grant
	wait $live; rc=$?; out=$(cat n.csv 2>/dev/null)
	is "$rc:$out" "0:n
200" 'and the question is answered'
	run bl-attest verify -p session.json --key vault/helper.pub n.csv.receipt.json
	exits 0 'whose receipt carries the quote'
	run bl-attest verify -p another.json --key vault/helper.pub n.csv.receipt.json
	is "$rc" 1 'and fails a policy of another TPM'
	command -v tpm2_getcap >/dev/null && is "$(tpm2_getcap handles-transient)" '' 'no key is left in the TPM'
	challenge
	run bl-query -q --provider tpm2:/nowhere/tpm.sock -i analyst.pem -V vault --challenge challenge --evidence evidence --grant grant 'select 1' far.blf
	is "$rc:$out" 69: 'without its TPM a helper that shall have one does not start'
else
	ok false 'a table is sealed for helpers with a TPM'
fi

stop
start || { ok false 'the TPM starts again'; done_testing; }
quote f $two
exits 0 'the TPM is started again, and asked'
is "$(ak f)" "$key" 'its key is the same'
run bl-attest verify -p machine.json --nonce $two f
exits 0 'and what an owner pinned still accepts it'
stop
rm -rf state && mkdir state
start || { ok false 'another TPM starts'; done_testing; }
quote g $one
exits 0 'another TPM is asked'
ok '[ "$(ak g)" != "$key" ]' 'and has another key'
run bl-attest verify -p machine.json --nonce $one g
is "$rc" 1 'which the policy refuses'
stop
quote h $one
exits 69 'a TPM that is not there is 69'
done_testing
