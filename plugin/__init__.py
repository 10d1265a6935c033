"""The parts that a platform operator deploys around the stream: gateway, sink, queue, pages and the command line."""
