"""What a platform operator deploys around the stream: gateway, queue, page, command line."""
