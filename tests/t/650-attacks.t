#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Attacks on one file, and honest questions that must be answered or the gate is of no use.
. "$(dirname "$0")/../tap.sh"
vectors=$shared/vectors/policy/attacks-visible.json
[ -f "$vectors" ] || skip_all 'no attack vectors beside the project'
perl -MJSON::PP -e 1 2>/dev/null || skip_all 'perl has no JSON::PP'
perl "$top/tests/attacks.pl" "$vectors" "$shared/data"
