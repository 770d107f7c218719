# SPDX-License-Identifier: Apache-2.0
# world: what a test of questions needs: an owner, an analyst, a vault and a sealed table. Source it after tap.sh.
#   people_policy [FPR]   the policy of the sample table, for this analyst
#   world                 owner.pem analyst.pem vault people.csv policy.json people.blf
#   ask [OPTION...] SQL [FILE]   runs bl-query as the analyst on people.blf or another FILE.blf, with `run`
people_policy() {
	cat <<EOF
{
  "format": "bl-policy/1",
  "version": ${2:-1},
  "dataset": "people",
  "entity": "id",
  "columns": {
    "*":    { "uses": ["filter", "group", "aggregate"], "class": "quasi" },
    "id":   { "uses": ["filter"], "class": "quasi" },
    "name": { "uses": [] }
  },
  "principals": [{ "role": "analyst", "key": "$1" }],
  "release": { "all": [{ "min_entities": 10 }, { "dominance": { "p_percent": 10 } }, { "differencing": { "k": 10 } }] },
  "mitigate": { "suppress": { "secondary": true, "as": "null" } },
  "budget": { "principal": { "refusals": 100 } },
  "tee": { "class": "software" }
}
EOF
}
world() {
	bl-keygen -q -o owner.pem && bl-keygen -q -o analyst.pem && bl-keygen -q -V vault || return 1
	"$top/tests/people" "${1:-1200}" >people.csv
	people_policy "$(bl-keygen -l -i analyst.pem)" >policy.json
	bl-ingest -q -i owner.pem -p policy.json -r vault/helper.pub -o people.blf people.csv
}
ask() {
	for last in "$@"; do :; done
	case $last in *.blf) ;; *) set -- "$@" people.blf ;; esac
	run bl-query -i analyst.pem -V vault "$@"
}
