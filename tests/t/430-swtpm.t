#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bl-attest: what a TPM (of software) quotes now, by tpm2-tools, verifies, and agrees with what their own checker says.
. "$(dirname "$0")/../tap.sh"
for tool in swtpm tpm2_startup tpm2_createek tpm2_createak tpm2_quote tpm2_pcrextend tpm2_checkquote; do
	command -v $tool >/dev/null || skip_all "$tool is not installed"
done
mkdir state
swtpm socket --tpm2 --tpmstate dir=state --server type=unixio,path=tpm.sock --ctrl type=unixio,path=tpm.sock.ctrl \
	--flags not-need-init >swtpm.log 2>&1 &
swtpm_pid=$!
trap 'kill $swtpm_pid 2>/dev/null; cd /; rm -rf "$scratch"' EXIT
TPM2TOOLS_TCTI="swtpm:path=$scratch/tpm.sock"
export TPM2TOOLS_TCTI
for i in 1 2 3 4 5 6 7 8 9 10; do [ -S tpm.sock ] && break; sleep 0.2; done
tpm2_startup -c >/dev/null 2>&1 || skip_all 'swtpm does not start here'
tpm2_createek -c ek.ctx -G rsa -u ek.pub >/dev/null 2>&1 || skip_all 'this swtpm makes no endorsement key'
any='{"version":1,"must":["quote-signature","nonce","pcr-digest"]}'
echo "$any" >policy.json
nonce=00112233445566778899aabbccddeeff

# quote DIR KIND SCHEME HASH PCRS: a directory named as bl-attest wants it
quote() {
	mkdir -p "$1"
	tpm2_flushcontext -t >/dev/null 2>&1
	tpm2_createak -C ek.ctx -c "$1/ak.ctx" -G "$2" -s "$3" -g "$4" -u "$1/ak_pub.pem" -f pem >/dev/null 2>&1 &&
	tpm2_flushcontext -t >/dev/null 2>&1 &&
	tpm2_quote -c "$1/ak.ctx" --scheme "$3" -l "$5" -q $nonce -g "$4" -m "$1/quote.msg" -s "$1/quote.sig" -o "$1/pcrs.bin" -F values >/dev/null 2>&1
	made=$?
	tpm2_flushcontext -t >/dev/null 2>&1
	return $made
}

tpm2_pcrextend 16:sha256=0000000000000000000000000000000000000000000000000000000000000001 >/dev/null
for case in rsa:rsassa:sha256:sha256:0,7,16 rsa:rsapss:sha256:sha256:16 ecc:ecdsa:sha256:sha256:0,1,2,3,4,5,6,7,8,9,16 \
	ecc:ecdsa:sha256:sha256:all; do
	kind=${case%%:*} rest=${case#*:}
	scheme=${rest%%:*} rest=${rest#*:}
	hash=${rest%%:*} pcrs=${rest#*:}
	dir=$scheme-$(echo "$pcrs" | tr -c 'a-z0-9\n' -)
	if ! quote "$dir" "$kind" "$scheme" "$hash" "$pcrs"; then
		skip "this swtpm quotes nothing by $scheme over $pcrs"
		continue
	fi
	run bl-attest verify -p policy.json --nonce $nonce "$dir"
	exits 0 "$scheme over $pcrs: a fresh quote verifies"
	run bl-attest verify -p policy.json --nonce "${nonce%f}e" "$dir"
	is "$rc" 1 "$scheme over $pcrs: another nonce is a no"
	run tpm2_checkquote -u "$dir/ak_pub.pem" -m "$dir/quote.msg" -s "$dir/quote.sig" -q $nonce
	[ "$scheme" = rsapss ] || is "$rc" 0 "$scheme over $pcrs: the TPM's own tools say so too"
done

if [ -f ecdsa-all/quote.msg ] || quote ecdsa-all ecc ecdsa sha256 sha256:all; then
	seen=$(tpm2_pcrread sha256:16 | sed -n 's/.*0x//p' | tr A-F a-f)
	echo "{\"version\":1,\"registers\":{\"sha256:16\":[\"$seen\"]}}" >is.json
	d=$(ls -d ecdsa-*all* | head -1)
	run bl-attest verify -p is.json "$d"
	exits 0 'a register is what tpm2_pcrread says'
	tpm2_pcrextend 16:sha256=0000000000000000000000000000000000000000000000000000000000000002 >/dev/null
	mkdir later
	cp "$d"/ak_pub.pem later
	tpm2_quote -c "$d/ak.ctx" -l sha256:all -q $nonce -g sha256 -m later/quote.msg -s later/quote.sig -o later/pcrs.bin -F values >/dev/null 2>&1
	run bl-attest verify -p is.json later
	is "$rc" 1 'another value of it, after an extension, is a no'
	like "$err" 'sha256:16' 'that names the register'
	cp later/pcrs.bin "$d/pcrs.bin"
	run bl-attest verify "$d"
	is "$rc" 1 'values of another moment are a no'
	cp later/quote.sig "$d/quote.sig"
	run bl-attest verify "$d"
	is "$rc" 1 'the signature of another quote is a no'
fi
done_testing
