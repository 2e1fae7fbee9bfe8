"""What moves by itself in the photo: faces and heads, water and sky, weather and light."""
