#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What is installed has the modes and places that the manual pages say, works from there, and is the same, bit for bit,
# whoever builds it wherever; and so is a virtual machine made of it.
. "$(dirname "$0")/../tap.sh"
. "$top/tests/world.sh"
[ "$(basename "$build")" = build ] || skip_all 'only of the plain build'
root=$scratch/root
run make -s -C "$top" install DESTDIR="$root" PREFIX=/usr
exits 0 'make install'
is "$(stat -c %a "$root/usr/libexec/bl/bl-tee")" 711 'the helper can be run and not read'
is "$(stat -c %a "$root/usr/libexec/bl/bl-tee.sha256"):$(cat "$root/usr/libexec/bl/bl-tee.sha256")" \
	"644:$(sha256sum <"$bin/bl-tee" | cut -d' ' -f1)" 'its hash lies beside it'
is "$(cd "$root/usr/bin" && ls | tr '\n' ' ')" "$(cd "$top/cmd" && ls bl-*.c | sed 's/\.c$//' | grep -v '^bl-tee$' | tr '\n' ' ')" 'every program but the helper is in bin'
is "$(cd "$root/usr/share/man" && find . -type f | wc -l)" "$(ls "$top"/man/*.[1-8] | wc -l)" 'every manual page in its section'
ok '[ -f "$root/usr/share/bash-completion/completions/bl-query" ]' 'completion where bash looks for it'
ok 'ls "$root"/usr/share/bl/policies/*.json >/dev/null' 'example policies'
PATH=$root/usr/bin:/usr/bin:/bin BL_LIBEXEC=$root/usr/libexec/bl
export BL_LIBEXEC
world && ask -q 'select count(*) from people'
is "$rc:$(printf '%s\n' "$out" | tail -1 | cut -d, -f1)" 0:1200 'the installed programs answer with the installed helper'
unset BL_LIBEXEC

# Modules that need no kernel to be packed, here and elsewhere: names, order, times and compression are others', the bytes the same.
modules() {	# FOLDER PACKER SUFFIX NAME...
	f=$1 pack=$2 suffix=$3; shift 3
	mkdir -p "$f/kernel/drivers/virtio" "$f/kernel/drivers/char"
	for m in "$@"; do echo "module $m" | sed 's/[-_]/ /g' | $pack >"$f/kernel/drivers/virtio/$m.ko$suffix"; done
	echo 'module virtio console' | $pack >"$f/kernel/drivers/char/virtio_console.ko$suffix"
	printf 'kernel/drivers/block/virtio-blk.ko\n' >"$f/modules.builtin"
}
modules one cat '' virtio_ring virtio virtio_pci virtio-rng
( umask 077; modules a/second gzip .gz virtio_rng virtio_pci virtio virtio_ring )
touch -d '2001-01-01' a/second/kernel/drivers/virtio/* a/second/kernel/drivers

# Another directory, another umask, another language, another order of work, other times.
elsewhere=$scratch/a/much/longer/path/than/the/first
mkdir -p "$elsewhere"
( cd "$top" && { git ls-files 2>/dev/null || find . -type f ! -path './build*' ! -path './.git/*'; } | tar cf - -T - ) | tar xf - -C "$elsewhere"
find "$elsewhere" -exec touch -h -d '2001-01-01' {} +
echo kernel >kernel
( cd "$elsewhere" && umask 077 && LANG=de_DE.UTF-8 make -s -j3 ${CC:+CC="$CC"} all vm KERNEL="$scratch/kernel" MODULES="$scratch/a/second" ) >build.log 2>&1
is $? 0 'it builds elsewhere' || diag "$(tail -3 build.log)"
differ=
for p in "$build"/bin/*; do cmp -s "$p" "$elsewhere/build/bin/$(basename "$p")" || differ="$differ $(basename "$p")"; done
is "$differ" '' 'and every program is the same, bit for bit'
run "$top/contrib/vm/mkinitrd" "$bin/bl-tee" one initrd
exits 0 'an initrd is made of the helper and modules'
ok 'cmp -s initrd "$elsewhere/build/vm/initrd"' 'and is the same elsewhere, bit for bit'
is "$(cat "$elsewhere/build/vm/cmdline"):$(cat "$elsewhere/build/vm/kernel")" 'quiet panic=-1 secretmem.enable=1:kernel' 'beside kernel and command line'
if command -v cpio >/dev/null; then
	mkdir x && ( cd x && cpio -id --quiet <../initrd )
	ok 'cmp -s x/init "$bin/bl-tee"' 'its first process is the helper'
	is "$(cat x/init.sha256)" "$(cat "$bin/bl-tee.sha256")" 'with its hash'
	is "$(cd x/modules && cat * | tr '\n' ,)" 'module virtio ring,module virtio,module virtio pci,module virtio rng,module virtio console,' 'its modules come in the order in which they are loaded'
else
	skip 'no cpio to look into it'
fi
rm -r one/kernel/drivers/char
run "$top/contrib/vm/mkinitrd" "$bin/bl-tee" one none
is "$rc:$([ -e none ] || echo none)" 66:none 'a module that is needed and not there is said, and nothing is made'
like "$err" 'virtio_console' 'by its name'
( cd "$elsewhere" && make -s ${CC:+CC="$CC"} measure KERNEL="$scratch/kernel" MODULES="$scratch/a/second" ) >measured 2>&1
is "$(awk '$1 == "bl-tee" || $1 == "initrd" { print $2 }' measured | tr '\n' ' ')" \
	"$(sha256sum <"$bin/bl-tee" | cut -d' ' -f1) $(sha256sum <initrd | cut -d' ' -f1) " 'make measure prints what an auditor compares'
like "$(cat measured)" '^libsodium-dev +[0-9u]' 'and what it was made with'
( cd "$elsewhere" && make -s ${CC:+CC="$CC"} measure KERNEL=/nonexistent ) >measured 2>&1
is "$(grep -c '^initrd' measured):$(grep -c '^bl-tee' measured)" 0:1 'without a kernel, of the helper alone'
done_testing
