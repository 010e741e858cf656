"""Who is told what when a night did not go as it should, once, and when it is over."""
