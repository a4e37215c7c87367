"""The only code that opens untrusted media; it runs in a process of its own, under limits.

`__main__` is what that process runs, `wire` how it speaks to the parent, `video` and `image` open
the bytes with PyAV and Pillow. Nothing else in the project may call these two libraries on bytes
that it did not make itself.
"""
