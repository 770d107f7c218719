#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Evidence of every technology, real and altered, is judged as independent verifiers judge it.
. "$(dirname "$0")/../tap.sh"
[ -d "$shared/vectors/attest" ] || skip_all 'the attestation vectors are not here'
perl -MJSON::PP -e 1 2>/dev/null || skip_all 'perl has no JSON::PP'
perl "$top/tests/attest.pl" "$shared/vectors/attest"
