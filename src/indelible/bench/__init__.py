"""Benchmarks: what this machine makes of Indelible, each figure beside a ceiling taken in the same run.

A figure alone says little: disks and processors differ a hundredfold. So each measurement alternates with its
*ceiling*, the least that anyone would have to do for the same effect on the same machine (write the bytes, hash them,
answer over HTTP), five times by turns; what counts is the median of the five ratios. ``definitions`` states every
figure exactly.

Everything runs on the loopback interface and in a temporary directory, which is removed. Load comes from a process of
its own. Nothing here is imported unless ``indelible bench`` runs.
"""

from __future__ import annotations

__all__: list[str] = []
