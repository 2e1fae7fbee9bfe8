"""Sounds made from nothing but arithmetic, by what makes them in the world.

Every one-shot takes `(generator, sample_count)` and every ambience the same; each returns a stereo scene
`(sample_count, 2)` float64 at a level of its own, which `effects` then sets.
"""
