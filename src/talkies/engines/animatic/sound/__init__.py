"""What is heard: voices, music, ambiences and effects."""
