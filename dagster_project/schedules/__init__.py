"""When the job runs by itself: nightly per time zone, and when files land."""
