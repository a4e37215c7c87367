"""The only code that opens untrusted media; it runs in processes of its own, under limits.

`__main__` starts a `template`, which imports a decoder and forks a `child` for each medium; `wire` is how
both speak to the parent; `video` and `image` open the bytes with PyAV and Pillow. Nothing else in the
project may call these two libraries on bytes that it did not make itself.
"""
