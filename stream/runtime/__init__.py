"""What every stage runs on: settings, logging, metrics, health, errors, the CloudEvents codec, dead letters."""
