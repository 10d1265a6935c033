"""The migrations, one file each; every one of them can be reverted."""
