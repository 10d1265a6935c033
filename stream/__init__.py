"""The event side of Counterpoint: records, detection, sessions, feedback. Never imports `plugin`."""
