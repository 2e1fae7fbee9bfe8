"""From script to plan: shots, lines, cues, and what is left out."""
