"""Code that all stages share: settings, logging, metrics, health, Kafka clients, CloudEvents codec and dead letters."""
