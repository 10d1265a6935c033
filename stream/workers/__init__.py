"""Process stages that run on Faust: wiring of agents, tables and topics to the pure parts of the stream."""
