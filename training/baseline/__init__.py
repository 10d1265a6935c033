"""The evaluation of the CPU baseline against public labels, all proxies: the four mechanisms have none."""
