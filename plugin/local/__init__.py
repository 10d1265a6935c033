"""The processes that demo and tests start on one machine: broker, database, Triton and the stages, on loopback."""
