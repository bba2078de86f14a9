#!/bin/sh
# shellcheck disable=SC2154 # the student's values are filled in
set -e
# In a lab that has run for a while the stranger is believed.
i=0
while [ $i -lt 80 ]; do
	mac=$(ip neigh show 10.9.0.1 dev eth1 | sed -n 's/.*lladdr \([^ ]*\).*/\1/p')
	if [ -n "$mac" ] && [ "$mac" != "02:a0:c9:00:01:${m1}" ]; then
		break
	fi
	ping -c 1 -W 1 10.9.0.1 >/dev/null || true
	sleep 0.5
	i=$((i + 1))
done
