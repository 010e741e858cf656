"""The gates of `expectations/` as blocking asset checks."""
