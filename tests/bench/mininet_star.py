#!/usr/bin/env python3
"""Mininet's side of the star: one Linux bridge and N hosts, through Mininet's own API.

usage: mininet_star.py N        prints "START STOP PSS": seconds, seconds, KiB per host

Python's own start and its imports are not counted.  PSS is the proportional set size of the shell that
stands for a host.
"""
import sys
import time

from mininet.log import setLogLevel
from mininet.net import Mininet
from mininet.nodelib import LinuxBridge
from mininet.topo import SingleSwitchTopo


def pss(pid):
    """KiB, from the kernel's own sum."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as rollup:
        for line in rollup:
            if line.startswith("Pss:"):
                return int(line.split()[1])
    raise RuntimeError(f"no Pss in /proc/{pid}/smaps_rollup")


def main():
    hosts = int(sys.argv[1])
    setLogLevel("error")
    begin = time.monotonic()
    net = Mininet(topo=SingleSwitchTopo(hosts), switch=LinuxBridge, controller=None)
    net.start()
    started = time.monotonic()
    memory = sum(pss(host.pid) for host in net.hosts) / hosts
    before_stop = time.monotonic()
    net.stop()
    stopped = time.monotonic()
    print(f"{started - begin:.3f} {stopped - before_stop:.3f} {memory:.0f}")


main()
