# Samples for the console: POSIX sh, /proc and df. Ends when nobody reads any more.
LC_ALL=C
export LC_ALL
limit=
command -v timeout >/dev/null 2>&1 && limit='timeout 5'
pause=1
echo "kernel $(uname -sr)"
echo "boot $(cat /proc/sys/kernel/random/boot_id 2>/dev/null)"
echo "cpus $(grep -c ^processor /proc/cpuinfo)"
while :; do
	sed 's/^/uptime /' /proc/uptime
	sed 's/^/load /' /proc/loadavg
	sed -n 's/^cpu /cpu /p' /proc/stat
	sed -n 's/^\(MemTotal\|MemAvailable\|SwapTotal\|SwapFree\): */mem \1 /p' /proc/meminfo
	{ $limit df -lPkT 2>/dev/null || $limit df -Pk; } | sed 's/^/disk /'
	$limit df -lPi 2>/dev/null | sed 's/^/inodes /'
	echo "time $(date +%s.%N)" || exit 0
	sleep "$pause" || exit 0
	pause=15
done
