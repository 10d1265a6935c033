"""What the CPU baseline is worth against public labels. Nobody has labelled the four mechanisms: all are proxies."""
