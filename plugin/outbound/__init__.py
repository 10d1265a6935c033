"""What leaves for people and programs: digests by mail or webhook, notices of releases, and risk signals."""
