#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Which helper it was: a receipt holds the hash of the program that made it, as its manifest says, and an auditor's policy of one build takes
# that build's receipts alone.
. "$(dirname "$0")/../tap.sh"
. "$top/tests/world.sh"
world || { ok false 'a table is sealed'; done_testing; }
[ -f "$bin/bl-tee.sha256" ] || { ok false 'the build has a manifest of its helper'; done_testing; }
hash=$(sha256sum <"$bin/bl-tee" | cut -d' ' -f1)
zeros=$(printf '%064d' 0)
answer() { rm -f a.csv*; run bl-query -q -i analyst.pem -V vault -o a.csv 'select count(*) as n from people' people.blf; }
build() { sed 's/.*"build":"\([0-9a-f]*\)".*/\1/' a.csv.receipt.json; }
fits() { run bl-attest verify -p "$1" --key vault/helper.pub a.csv.receipt.json; }

bl-attest measure tee -f policy "$bin/bl-tee" >tee.json
answer
is "$rc:$(build)" "0:$hash" 'a receipt names the helper that made it'
fits tee.json
exits 0 'and satisfies the policy of that helper'
bl-attest measure tee -f policy "$bin/bl-query" >other.json
fits other.json
exits 1 'and not that of another'

# --- manifests: only one that its helper can believe ---
mkdir libexec && cp "$bin/bl-tee" libexec/ || done_testing
BL_LIBEXEC=$scratch/libexec
export BL_LIBEXEC
m=libexec/bl-tee.sha256
answer
is "$rc:$(build)" "0:$zeros" 'without a manifest the helper says nothing of its build'
fits tee.json
exits 1 'which satisfies no such policy'
manifest() {	# what it says, promise: then it counts
	rm -rf $m; printf "$1" >$m; chmod 644 $m
	answer
	is "$rc:$(build)" "0:$hash" "$2"
}
nothing() { answer; is "$rc:$(build)" "0:$zeros" "$1"; }
manifest "$hash\n" 'a manifest is believed'
manifest "$hash" 'without a newline, too'
cp $m good
for text in '' "${hash%?}\n" "${hash}0\n" "$hash \n" "g${hash#?}\n" "$hash\n\n" "  bl-tee"; do
	printf "$text" >$m
	nothing "one of $(wc -c <$m) bytes that is none is not"
done
cp good $m; chmod 664 $m
nothing 'nor one that a group may write'
chmod 646 $m
nothing 'nor one that anybody may'
rm $m; ln -s "$scratch/good" $m
nothing 'nor a link'
rm $m; mkdir $m
nothing 'nor a folder'
rmdir $m; mkfifo $m
nothing 'nor a pipe, which nobody waits for'
rm $m
if [ "$(id -u)" = 0 ]; then
	cp good $m; chown 12345 $m
	nothing 'nor one of a user who owns no part of it'
	chown 12345 libexec/bl-tee; chmod 755 libexec/bl-tee
	answer
	is "$(build)" "$hash" 'but one of the user whose program it is'
	chown 0 $m
	answer
	is "$(build)" "$hash" 'and one of root'
else
	skip 'only root can give files away'
fi
printf '%064d\n' 7 >$m
answer
fits tee.json
exits 1 'a manifest of another build is no claim to this one'
done_testing
