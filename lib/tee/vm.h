/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vm: the client's side of backend `vm`: a helper that is the first process of a virtual machine of its own, under QEMU. Against the host
 * such a machine protects only where its hardware encrypts it; what this does is the same for both.
 *
 * DIR holds `kernel`, `initrd`, `cmdline` (one line) and perhaps `args`: QEMU's arguments for the machine, one a line, in place of ours.
 */
#ifndef BL_TEE_VM_H
#define BL_TEE_VM_H

#include <stdbool.h>
#include <sys/types.h>

#include "tee/keep.h"

struct bl_vm { pid_t pid; int sock; struct bl_keep keep; const struct bl_frame_link *link; };

/* Is it an address of this kind, "vm:DIR"? */
bool bl_vm_is(const char *addr);
/*
 * Starts the machine (BL_QEMU, or qemu-system-x86_64 of the PATH), with the sealed file as its disk, and once it runs gives it the vault,
 * which is locked from then on. l: the link, which then waits for HELLO; the machine has 45 s for its first word and as long for that one
 * (69). 64 addr, 66 vault or DIR, 75 as bl_journal_lock, 78 cmdline or args.
 * Call it from the main thread: the machine dies with the thread that started it.
 */
int bl_vm_open(struct bl_vm *v, const char *addr, const char *vault, int file, struct bl_frame_link *l, struct bl_err *err);
/* Ends the machine and unlocks the vault; when err already holds a lost connection (69), says how the machine ended if it did by itself. */
void bl_vm_close(struct bl_vm *v, struct bl_err *err);

#endif
