"""The tie-out certificate: what a run read, by which rules, what it found, and what it published.

Belongs here: writing a certificate, chaining it to the one before, showing it as a page and verifying
it from what lies on the disk. Does not belong here: deciding whether anything may be published (gates).
"""
