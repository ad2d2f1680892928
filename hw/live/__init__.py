"""A camera beside the serial line: its frames, events, trigger and picture. See docs/camera.md."""
