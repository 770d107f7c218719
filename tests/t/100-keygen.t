#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bl-keygen: keys are made once, for their owner's eyes, and shown on request.
. "$(dirname "$0")/../tap.sh"
mode() { stat -c %a "$1" 2>/dev/null; }
umask 022
fpr='^SHA256:[A-Za-z0-9+/]{43}$'

# Identities
run bl-keygen -o me.pem
exits 0 'an identity is made'
is "$out" '' 'with nothing on stdout'
like "$err" "made 'me.pem' and its public key 'me.pub', SHA256:[A-Za-z0-9+/]{43}$" 'and its fingerprint on stderr'
like "$err" "next: bl-ingest -i 'me.pem' .*-o " 'with the next command'
is "$(mode me.pem)" 600 'the private key is 0600'
is "$(mode me.pub)" 644 'the public key is for everybody'
is "$(ls -A | grep -v '^\.out$\|^\.err$' | tr '\n' ' ')" 'me.pem me.pub ' 'and there is nothing else'
(umask 000; bl-keygen -q -o open.pem)
is "$(mode open.pem)" 600 'whatever the umask'
run bl-keygen -q -o quiet
is "$rc:$out$err" 0: '-q says nothing'
ok '[ -f quiet ] && [ -f quiet.pub ]' 'a name without .pem gets .pub after it'
run bl-keygen -q -o .pem
ok '[ -f .pem.pub ]' 'also when .pem is all of it'

sum=$(cat me.pem me.pub | cksum)
run bl-keygen -o me.pem
exits 73 'an identity is never overwritten'
like "$err" "cannot create 'me.pub': File exists" 'and it says why'
mv me.pub away.pub
run bl-keygen -o me.pem
exits 73 'not when its public key is gone either'
ok '[ ! -e me.pub ]' 'and no new public key is put beside the old private one'
mv away.pub me.pub
mv me.pem away.pem
run bl-keygen -o me.pem
exits 73 'nor is a public key overwritten'
ok '[ ! -e me.pem ]' 'and no private key is made then'
mv away.pem me.pem
is "$(cat me.pem me.pub | cksum)" "$sum" 'what was there stayed'
ln -s nowhere link.pem
run bl-keygen -o link.pem
exits 73 'a dangling link is not written through'
run bl-keygen -o nowhere/me.pem
exits 73 'a folder that is not there'
run bl-keygen -f -o me.pem
exits 64 'there is no force'

# Showing
run bl-keygen -l -i me.pem
exits 0 'a fingerprint is shown'
like "$out" "$fpr" 'alone on one line'
is "$(printf '%s\n' "$out" | wc -l | tr -d ' '):$err" 1: 'and nothing else'
f=$out
run bl-keygen -l -i me.pub
is "$rc:$out" "0:$f" 'the public key has the same'
run bl-keygen -y -i me.pem
is "$rc:$out" "0:$(cat me.pub)" 'the public key is printed'
run bl-keygen -y -i me.pub
is "$rc:$out" "0:$(cat me.pub)" 'also out of a public key'
run sh -c 'bl-keygen -y -i - <me.pem | bl-keygen -l -i -'
is "$rc:$out" "0:$f" 'stdin will do, for both'
run bl-keygen -y -i me.pem -o copy.pub
is "$rc:$out:$(cat copy.pub)" "0::$(cat me.pub)" 'it may go to a file'
run bl-keygen -y -i me.pem -o me.pem
exits 64 'but not over the key it came from'
run bl-keygen -y -i ./me.pub -o "$PWD/me.pub"
exits 64 'by whatever name'
is "$(cat me.pem me.pub | cksum)" "$sum" 'which stayed'
run bl-keygen -l -i me.pem --json
like "$out" '"schema": "bl-keygen/1"' 'as JSON it has a schema'
like "$out" "\"fingerprint\": \"$(printf %s "$f" | sed 's/[+]/[+]/g')\"" 'and the fingerprint'
run bl-keygen -o - -q
like "$rc:$out" '^0:-----BEGIN PRIVATE KEY-----$' 'a private key is printed when -o - says so'
printf '%s\n' "$out" | (umask 077; cat >printed)
run bl-keygen -l -i printed
like "$rc:$out" '^0:SHA256:' 'and is one'
run bl-keygen -o -
like "$err" 'made a private key, SHA256:' 'stderr tells its fingerprint'
unlike "$err" 'PRIVATE' 'and not the key'

# Permissions
for m in 640 604 660 602; do
	chmod $m me.pem
	run bl-keygen -l -i me.pem
	exits 77 "a private key of mode $m is refused"
done
like "$err" "hint: chmod 600 'me.pem'" 'with what to do'
run bl-keygen -y -i me.pem
is "$rc:$out" 77: 'by -y too'
chmod 600 me.pem

# Not keys
echo hello >text
chmod 600 text
run bl-keygen -l -i text
is "$rc:$out" 65: 'a text is no key'
run bl-keygen -l -i nowhere
exits 66 'a file that is not there'
run bl-keygen -l -i .
exits 66 'a folder'
head -c 60 me.pem >cut && chmod 600 cut
run bl-keygen -l -i cut
exits 65 'half a key'

# Vaults
run bl-keygen -V vault
exits 0 'a vault is made'
is "$out" '' 'with nothing on stdout'
like "$err" "made the vault 'vault' and its public key 'vault/helper.pub', SHA256:" 'stderr says where its public key is'
is "$(ls vault | tr '\n' ' ')" 'cells checkpoint helper.key helper.pub journal snapshot ' 'it is complete'
is "$(mode vault):$(mode vault/helper.key)" 700:600 'and private'
run bl-keygen -q -V vault2
is "$rc:$out$err" 0: '-q says nothing'
run bl-keygen -l -V vault
like "$rc:$out" "^0:SHA256:" 'its fingerprint is shown'
is "$(cat vault/journal | sed 's/.*"vault":"\([^"]*\)".*/\1/')" "$out" 'which the journal begins with'
f=$out
run bl-keygen -y -V vault
is "$rc:$out" "0:$(cat vault/helper.pub)" 'its public key is printed'
BL_VAULT=vault; export BL_VAULT
run bl-keygen -l
is "$rc:$out" "0:$f" 'BL_VAULT names the vault to show'
run bl-keygen -l -i me.pub
ok '[ $rc = 0 ] && [ "$out" != "$f" ]' 'unless a key is given'
BL_VAULT=made
run bl-keygen
exits 64 'and makes none'
run bl-keygen -q -o beside.pem
exits 0 'nor is it in the way of an identity'
ok '[ ! -e made ]' 'of which nothing came'
unset BL_VAULT
sum=$(cat vault/* | cksum)
run bl-keygen -V vault
exits 73 'a vault is never made over one'
mkdir empty
run bl-keygen -V empty
exits 73 'nor over an empty folder'
is "$(cat vault/* | cksum)" "$sum" 'which stayed'
run bl-audit verify -V vault --key vault/helper.pub
exits 0 'the new vault verifies'

# Dry runs
run bl-keygen -n -o new.pem
is "$rc:$(ls -A | grep -c 'new\|\.bl-')" 0:0 'a dry run makes no identity'
like "$err" "would make 'new.pem' and 'new.pub'" 'and tells what it would make'
run bl-keygen -n -V newv
is "$rc:$(ls -A | grep -c 'newv\|\.bl-')" 0:0 'nor a vault'
run bl-keygen -n -o me.pem
exits 73 'it fails as the real run would'
run bl-keygen -n -V vault
exits 73 'for a vault too'

# Usage
usage() { promise=$1; shift; run "$@"; is "$rc:$out" 64: "$promise"; }
usage 'nothing to do' bl-keygen
usage 'a name without its option' bl-keygen me.pem
usage '-o and -V' bl-keygen -o a -V b
usage '-y alone' bl-keygen -y
usage '-y and -l' bl-keygen -y -l -i me.pem
usage '-i and -V' bl-keygen -l -i me.pem -V vault
usage '-i alone' bl-keygen -i me.pem
usage '--json alone' bl-keygen --json -o x
usage '--json with -y' bl-keygen --json -y -i me.pem
usage '-n with -l' bl-keygen -n -l -i me.pem
usage 'a passphrase for a vault' bl-keygen --passphrase -V x
usage 'a passphrase to be shown' bl-keygen --passphrase -y -i me.pem
usage '-o twice' bl-keygen -o a -o b
usage 'an abbreviation' bl-keygen --pass -o a
ok '[ ! -e a ] && [ ! -e b ] && [ ! -e x ]' 'and none of it made anything'
run bl-keygen --fingerprnt
like "$err" "did you mean '--fingerprint'" 'a misspelt option is known'
run sh -c 'bl-keygen -l -i me.pem >/dev/full'
exits 74 'a full disk under stdout is 74'
run sh -c 'bl-keygen -q -o - >/dev/full'
exits 74 'also for a key'
run bl-keygen --passphrase -o locked.pem
ok '[ $rc = 66 ] || [ -t 0 ] || [ -r /dev/tty ]' 'without a terminal there is no passphrase'
ok '[ ! -e locked.pem ] || [ -r /dev/tty ]' 'and no key'

# The terminal, through a pseudo-terminal of script(1).
if script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
	tty=$scratch/.tty
	# until PATTERN COUNT: waits, at most 10 s, for the terminal to have shown it so often
	until_shown() { i=0; while [ "$(grep -o -- "$1" "$tty" | wc -l)" -lt "$2" ] && [ $i -lt 100 ]; do sleep 0.1; i=$((i + 1)); done; }
	# type ANSWERS COMMAND: types each line when it is asked for; $out is what the terminal showed
	type() {
		: >"$tty"
		(n=0; for a in $1; do n=$((n + 1)); until_shown "\(passphrase[^:]*\|again\): " $n; echo "$a"; done; until_shown 'rc=[0-9]' 1) |
			script -qec "$2; echo rc=\$?" /dev/null >"$tty" 2>&1
		out=$(tr -d '\r' <"$tty")
	}
	type 'sesame sesame' 'bl-keygen --passphrase -o locked.pem'
	like "$out" 'rc=0' 'a passphrase is asked for on the terminal'
	unlike "$out" 'sesame' 'without echo'
	like "$(head -n 1 locked.pem)" 'ENCRYPTED' 'and encrypts the key'
	type 'sesame' 'bl-keygen -l -i locked.pem'
	like "$out" "$(bl-keygen -l -i locked.pub | sed 's/[+]/[+]/g')" 'which it opens'
	type 'simsalabim' 'bl-keygen -l -i locked.pem'
	like "$out" 'rc=77' 'and another does not'
	type 'one two' 'bl-keygen --passphrase -o differ.pem'
	like "$out" 'rc=64' 'two that differ are refused'
	ok '[ ! -e differ.pem ] && [ ! -e differ.pub ]' 'and make no key'
	run bl-keygen -l -i locked.pub
	exits 0 'its public key needs none'
else
	skip 'no script(1) to make a terminal'
fi

# What is no key at all
echo 'id,name' >table.csv
head -c 20000 /dev/zero >zeros
for file in table.csv zeros; do
	run bl-keygen -l -i $file
	like "$rc:$err" "^65:bl-keygen: '$file' is not an Ed25519 (private )?key" "$file is no key, and nobody is told to protect it"
	run bl-attest verify --key $file me.pub
	like "$rc:$err" "^65:bl-attest: '$file' is not an Ed25519 public key" 'nor a public one'
done
printf -- '-----BEGIN RSA PRIVATE KEY-----\nx\n' >rsa.pem && chmod 644 rsa.pem
run bl-keygen -l -i rsa.pem
exits 77 'a private key that others may read is refused, of whatever kind'

# openssl
if openssl version >/dev/null 2>&1; then
	run openssl pkey -in me.pem -pubout
	is "$rc:$out" "0:$(cat me.pub)" 'openssl pkey reads the key and prints the same public key'
	run openssl pkey -pubin -in vault/helper.pub -noout
	exits 0 'and a vault its public key'
else
	skip 'no openssl program'
fi
done_testing
