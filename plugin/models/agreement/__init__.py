"""Agreement with clinicians: blind samples, rating sheets, statistics and their report."""
