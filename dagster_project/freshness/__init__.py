"""How old things are: when each source last delivered, which of its days is the newest, what that makes stale."""
