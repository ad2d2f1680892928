"""What a build came to, as a page to look at: one file, nothing fetched, readable on a phone."""
