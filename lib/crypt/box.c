/* SPDX-License-Identifier: Apache-2.0 */
/* box: see box.h. 192 bits of nonce: drawn at random they do not meet again. */
#include "crypt/box.h"

#include <sodium.h>

_Static_assert(BL_BOX_KEY == crypto_aead_xchacha20poly1305_ietf_KEYBYTES && BL_BOX_NONCE == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES &&
	       BL_BOX_TAG == crypto_aead_xchacha20poly1305_ietf_ABYTES, "libsodium's sizes");

void bl_box_seal(const uint8_t key[BL_BOX_KEY], const void *aad, size_t alen, const void *in, size_t n, uint8_t *out)
{
	randombytes_buf(out, BL_BOX_NONCE);
	crypto_aead_xchacha20poly1305_ietf_encrypt(out + BL_BOX_NONCE, NULL, in, n, aad, alen, NULL, out, key);
}

int bl_box_open(const uint8_t key[BL_BOX_KEY], const void *aad, size_t alen, const uint8_t *in, size_t n, uint8_t *out)
{
	if (n >= BL_BOX_MORE && !crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, in + BL_BOX_NONCE, n - BL_BOX_NONCE, aad, alen, in, key))
		return 0;
	if (n > BL_BOX_MORE)
		sodium_memzero(out, n - BL_BOX_MORE);
	return -1;
}
