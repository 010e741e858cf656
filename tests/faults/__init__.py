"""Faults, injected for real: killed processes, full disks, cut files, and readers all the while."""
