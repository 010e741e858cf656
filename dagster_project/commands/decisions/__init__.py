"""What people decide: `tieout match accept`, `reject`, `unmatch`, `split`, `write-off`, `assign`, `comment`, `log`.

`books` is what a decision is about, `entries` what is written of it; `matches`, `write_offs` and `remarks` build
it, one module per kind; `taking` shows it and writes it into the log; `listing` prints the log.
"""
