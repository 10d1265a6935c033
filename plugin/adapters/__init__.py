"""The adapters of chat platforms, one per file, each implementing the protocol `base.Adapter`."""
