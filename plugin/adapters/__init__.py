"""Chat platforms, one a file, behind one seam (`base.Adapter`)."""
