"""One module per command of `tieout`; each is imported only when its command runs."""
