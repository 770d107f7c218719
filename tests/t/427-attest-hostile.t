#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Whatever bl-attest is given, it answers in seconds, with the status that it should, and within the memory that its man page states.
. "$(dirname "$0")/../tap.sh"
[ -x "$build/tests/unit/test_attest_flips" ] || skip_all 'the unit tests are not built'
perl -MMIME::Base64 -MDigest::SHA -e 1 2>/dev/null || skip_all 'perl has no MIME::Base64 or Digest::SHA'
head -c 1000000 /dev/zero >x
(ulimit -d 1500 && bl-attest verify x) >/dev/null 2>&1
[ $? = 71 ] || skip_all 'a limit on memory is not kept here, or this build needs more to begin with'
mkdir made && "$build/tests/unit/test_attest_flips" --write made || exit 1
perl "$top/tests/hostile.pl" "$scratch/made" 196608
