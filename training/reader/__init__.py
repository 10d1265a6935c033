"""The recipe of the reader: one small encoder for resistance, critical content, levels, techniques and planted text."""
