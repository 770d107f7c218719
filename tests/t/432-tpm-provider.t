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
