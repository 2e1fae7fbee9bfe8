"""The frames of each shot: layers, people and weather brought together."""
