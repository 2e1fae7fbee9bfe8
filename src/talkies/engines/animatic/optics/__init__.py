"""The camera: its path and framing, and how it sees a scene in layers."""
