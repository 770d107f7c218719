/* SPDX-License-Identifier: Apache-2.0 */
/*
 * box: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha) by libsodium with a random nonce in front: for records of one writer under
 * one key, where no counter can be trusted (a vault may be copied and restored).
 */
#ifndef BL_CRYPT_BOX_H
#define BL_CRYPT_BOX_H

#include <stddef.h>
#include <stdint.h>

enum { BL_BOX_KEY = 32, BL_BOX_NONCE = 24, BL_BOX_TAG = 16, BL_BOX_MORE = BL_BOX_NONCE + BL_BOX_TAG };

/* out holds n + BL_BOX_MORE bytes: nonce, ciphertext, tag. out may not overlap in. */
void bl_box_seal(const uint8_t key[BL_BOX_KEY], const void *aad, size_t alen, const void *in, size_t n, uint8_t *out);
/* n counts nonce and tag. Returns 0, or -1 when it does not authenticate: then `out` (n - BL_BOX_MORE bytes) has been zeroed. */
int bl_box_open(const uint8_t key[BL_BOX_KEY], const void *aad, size_t alen, const uint8_t *in, size_t n, uint8_t *out);

#endif
