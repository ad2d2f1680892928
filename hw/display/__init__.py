"""A screen: what the network sees and says, as an HDMI monitor takes it. See docs/camera.md."""
