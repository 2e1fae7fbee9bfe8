"""A picture, understood: faces, subject, depth, sky, and what lies behind."""
