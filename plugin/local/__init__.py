"""What the demo and the tests start on one machine: broker, database, Triton and the stages, all on loopback."""
