"""Bytes -> frames: sniffing, decoding in a child process, choosing keyframes."""
