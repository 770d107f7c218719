#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bl-attest: exit statuses, outputs, batches and bundles, by receipts and by evidence that does not parse; real evidence where there is some.
. "$(dirname "$0")/../tap.sh"
[ -x "$build/tests/unit/test_receipt" ] || skip_all 'the unit tests are not built'
mkdir v && "$build/tests/unit/test_receipt" --write v || exit 1
bl-keygen -q -o me.pem
echo '{"version":1}' >any.json

# --- receipts in the forms of all evidence ---
run bl-attest verify -f json v/receipt
exits 0 'a receipt has a JSON object too'
like "$out" '^\{"bl_attest":1,"type":"receipt","verdict":"pass","authentic":true,"reason":null,' 'in the form of all evidence'
run bl-attest verify -f ear -i me.pem -o r.ear v/receipt
is "$rc:$out:$(tr -cd . <r.ear)" '0::..' 'and an EAR, with -o in a file'
run bl-attest verify -p any.json v/receipt
like "$rc:$out" '^0:verdict      pass' 'and is appraised under a policy'
echo '{"version":1,"types":["snp"]}' >snp.json
run bl-attest verify -p snp.json v/receipt
exits 1 'which may not speak of receipts'
like "$err" '^bl-attest: .* does not verify: type: ' 'and says so in one line'
run bl-attest verify --time=signed -f json v/receipt
like "$out" '"time":"[^"]*","time_source":"signed"' 'a receipt has a time of its own'
sed 's/"columns":1/"columns":2/' v/receipt >altered
run bl-attest verify -f json altered
like "$rc:$out" '^1:.*"verdict":"fail","authentic":false,"reason":"signature".*"claims":null' 'nothing of an altered one is repeated'
for o in '--nonce 00' '--root v/helper.pub' '--collateral v'; do
	run bl-attest verify $o v/receipt
	like "$rc" '^6[45]$' "a receipt needs no ${o%% *}"
done

# --- whoever asks about a receipt is not answered about anything else ---
head -c 1184 /dev/urandom >junk
printf 'keep' >answer
for o in '--key v/helper.pub' '--output answer' '--type receipt'; do
	run bl-attest verify $o junk
	like "$rc:$out:$err" '^65::.*not a receipt' "evidence is no receipt, with ${o%% *}"
done
is "$(cat answer)" keep 'and the answer is not written over'
run bl-attest verify --type snp --output answer junk
exits 64 'nor with a type and no format'

# --- exit statuses ---
run bl-attest verify --json junk
like "$rc:$out" '^65:\{"bl_attest":1,"type":null,"verdict":"fail","authentic":false,"reason":"malformed",' '65 prints an object under --json'
run bl-attest verify junk
is "$rc:$out" '65:' 'and nothing without'
run bl-attest verify nowhere
is "$rc:$out" '66:' 'evidence that is not there is 66'
run bl-attest verify .
is "$rc:$out" '66:' 'as is a directory without any'
run bl-attest verify -p nowhere v/receipt
is "$rc:$out" '66:' 'or a policy'
echo '{"version":1,"mesurement":[]}' >bad.json
run bl-attest verify --json -p bad.json v/receipt
is "$rc:$out" '78:' 'an unknown member of a policy is 78, and prints nothing'
like "$err" "did you mean 'measurement'" 'and the right one is named'
run bl-attest verify --json --root me.pub junk
like "$rc:$out" '^65:.*"reason":"malformed"' 'a root that is no certificate is 65'
cp junk altered.txt
for o in '--time yesterday' '--nonce 0' '--type spn' '-f xml' '-f ear' '-i me.pem' '--json -f json' '--collateral altered.txt' '--batch --explain'; do
	run bl-attest verify $o v/receipt
	is "$rc:$out" '64:' "'$o' is wrong usage"
done
run bl-attest verify -f json -o /nonexistent/x v/receipt
exits 73 'an output that cannot be made is 73'
bl-attest verify -f json v/receipt >/dev/full 2>/dev/null
is $? 74 'a full disk is 74'

# --- batches ---
cat >lines <<EOF
{"id":"a","evidence":"v/receipt"}
{"id":"b","evidence":"altered"}
{"id":"c","evidence":"v/receipt","type":"receipt"}
EOF
run bl-attest verify --batch lines
is "$rc" 1 'a batch with a no is 1'
is "$(printf "%s\n" "$out" | sed 's/^{"id":"\(.\)".*"verdict":"\([a-z]*\)".*/\1 \2/' | tr '\n' ' ')" 'a pass b fail c pass ' 'every line is answered, in order'
echo 'nonsense' >>lines
run bl-attest verify --batch lines
is "$rc:$(printf "%s\n" "$out" | wc -l)" 65:4 'one that does not parse makes it 65, and is answered'
is "$(bl-attest verify --batch <lines 2>/dev/null)" "$(bl-attest verify --batch - <lines 2>/dev/null)" 'a batch is read from a pipe'
{ printf '{"id":"long","evidence":"v/receipt"}'; head -c 2097152 /dev/zero | tr '\0' ' '; echo x; echo '{"id":"next","evidence":"v/receipt"}'; } >long
run bl-attest verify --batch long
like "$rc:$(echo "$out" | tr '\n' ' ')" '^65:\{"id":null,.*a line of 2097152 bytes or more.*\{"id":"next",.*"verdict":"pass"' 'the beginning of a line that is too long is not taken for a line'
run bl-attest verify --batch -o out.ndjson lines
is "$rc:$out:$(wc -l <out.ndjson | tr -d ' ')" 65::4 'and goes to a file'

{ echo '{"id":1,"evidence":"v/receipt"}'; head -c 3000000 /dev/zero | tr '\0' x; echo; echo '{"id":3,"evidence":"v/receipt"}'; } >lines
run bl-attest verify --batch lines
is "$rc:$(printf '%s\n' "$out" | sed 's/.*"verdict":"\([a-z]*\)".*/\1/' | tr '\n' ' ')" '65:pass fail pass ' 'a line that is too long is answered once, and those after it too'
echo '{"evidence":"junk","type":"snp"}' >lines
run bl-attest verify --batch --key v/helper.pub lines
like "$rc:$out" '^65:.*nothing but a receipt' 'no line gets around --key'
echo '{"evidence":"v/receipt","type":"statement"}' >lines
run bl-attest verify --batch lines
like "$rc:$out" '^65:.*verified alone' 'a type that a batch has not is not passed over'

# --- bundles ---
mkdir col col/Milan && head -c 100 /dev/urandom >col/vek.der && echo chain >col/Milan/ask_ark.pem && echo root >col/root.pem
run bl-attest verify --collateral col v/receipt
is "$rc:$out" 64: 'a receipt of class software has no use for collateral, and says so'
run bl-attest verify --nonce 00 v/receipt
is "$rc:$out" 64: 'nor for a nonce'
run bl-attest bundle -i me.pem -o b.json col
exits 0 'collateral is bundled and signed'
like "$(cat b.json)" '"name":"Milan/ask_ark.pem"' 'with the platform before a name'
unlike "$(cat b.json)" 'root.pem' 'roots are never in it'
run bl-attest bundle -o again.json b.json
exits 0 'a bundle reads back'
perl -pe 's/("data":")(.)/$1 . ($2 eq "A" ? "B" : "A")/e' b.json >broken.json
run bl-attest bundle broken.json
like "$rc:$out:$err" '^65::.*hash' 'a file that was altered is refused'
run bl-attest bundle v
is "$rc:$out" 64: 'nothing to bundle is wrong usage'

# --- measure ---
run bl-attest measure tee v/receipt
is "$rc:$out" "0:$(sha256sum <v/receipt | cut -d' ' -f1)" 'the helper is measured by its hash'
bl-attest measure tee -f policy v/receipt >tee.json
run bl-attest verify -p tee.json v/receipt
like "$rc:$err" "^1:.*(measurement|'measurement')" 'and a receipt of another helper, or of none that was measured, is a no'
run bl-attest measure snp
exits 64 'a launch digest needs its files'
run bl-attest measure ovmf --ovmf junk
is "$rc:$out" 65: 'what is no firmware is 65'
run bl-attest measure eif junk
is "$rc:$out" 65: 'what is no enclave image is 65'
run bl-attest measure snp --ovmf junk --vcpus 1 --vcpu-type EPYC-Millan
like "$rc:$(printf '%s' "$err" | tail -1)" "^64:.*did you mean 'EPYC-Milan'" 'a processor that is meant is named'

# --- real evidence ---
vec=$shared/vectors/attest
if [ -d "$vec" ]; then
	d=$vec/snp/milan-v3-scitt t=1740675165
	run bl-attest verify --time=$t "$d"
	like "$rc:$out" '^0:verdict      pass' 'real evidence verifies'
	run bl-attest verify --time=$t "$d/report.bin"
	like "$rc:$out" '^1:.*' 'without its collateral it does not'
	run bl-attest verify --json --time=$t "$d/report.bin"
	like "$out" '"authentic":null,"reason":"collateral-missing"' 'nobody can say, and that is no pass'
	run bl-attest verify --time=$t --collateral "$d" - <"$d/report.bin"
	bl-attest verify --json --time=$t --collateral "$d" - <"$d/report.bin" >out 2>/dev/null
	is "$?" 0 'with --collateral it does, from a pipe'
	bl-attest bundle -i me.pem -o milan.json "$d"
	run bl-attest verify --time=$t --collateral milan.json "$d/report.bin"
	exits 0 'and with a bundle'
	perl -pe 's/"signature":"(.)/"\"signature\":\"" . ($1 eq "A" ? "B" : "A")/e' milan.json >forged.json
	run bl-attest verify --json --time=$t --collateral forged.json "$d/report.bin"
	like "$rc:$out" '^1:.*"reason":"collateral-signature"' 'not with one that is not signed by whom it names'
	run bl-attest show "$d"
	like "$rc:$(echo "$out" | head -1)" '^0:NOT VERIFIED$' 'show says first that it verified nothing'
	run bl-attest show --json "$vec/snp/neg-flip-measurement"
	like "$rc:$out" '^0:.*"verdict":null,"authentic":null' 'and neither yes nor no'
	run bl-attest verify --type nitro "$d/report.bin"
	exits 65 'evidence of another type than was said is 65'
	run bl-attest verify --json --time=signed "$d"
	like "$rc:$out" '^1:.*"reason":"no-signed-time"' 'an SNP report has no time of its own'
	run bl-attest verify --json --time=signed "$vec/nitro/marlin-aws-2412/doc.cbor"
	like "$rc:$out" '^0:.*"time_source":"signed"' 'a Nitro document has'
	report=$(head -c 1184 "$d/report.bin" | base64 -w0)
	for i in 1 2 3; do printf '{"id":%s,"evidence_b64":"%s","collateral":"%s","time":%s}\n' $i "$report" "$d" $((t + 1000000000 * (i == 2))); done >lines
	run bl-attest verify --batch lines
	is "$rc:$(printf "%s\n" "$out" | sed 's/.*"verdict":"\([a-z]*\)".*/\1/' | tr '\n' ' ')" '1:pass fail pass ' 'a chain that is kept is judged at the time of each line'
	flipped=$(head -c 1184 "$d/report.bin" | perl -pe 'BEGIN { $/ = undef } substr($_, 0x90, 1) ^= "\x01"' | base64 -w0)
	printf '{"evidence_b64":"%s","collateral":"%s","time":%s}\n{"evidence_b64":"%s","collateral":"%s","time":%s}\n' "$report" "$d" $t "$flipped" "$d" $t >lines
	run bl-attest verify --batch lines
	is "$rc:$(printf "%s\n" "$out" | sed 's/.*"verdict":"\([a-z]*\)".*/\1/' | tr '\n' ' ')" '1:pass fail ' 'a verdict is never kept for other bytes'
else
	skip 'the attestation vectors are not here'
fi
done_testing
