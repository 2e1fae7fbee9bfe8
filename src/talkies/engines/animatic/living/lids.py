"""Lids that close over an eye.

The upper lid is drawn as a layer of its own: its skin is the photo's, unrolled downwards from under the brow,
and where that is stretched thin the tone of the skin around the opening, shaded as a ball is, with the grain
of the skin below the eye; its edge carries a line of the lashes' colour, and the photo's lashes, which leave
their place and turn down as it falls. Nothing beyond the lids' own skin and the lashes moves, so that a frame
of glasses or a fringe of hair near the eye stays as it is.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from talkies.engines.animatic.living.layers import masked_blur, over, smooth_step, soft_edge, to_bytes
from talkies.engines.animatic.living.opening import Field, Opening
from talkies.engines.animatic.optics.textures import Pixels

# Lengths in widths of the opening.
_MEETING = 0.88  # of the way from the upper to the lower lid's edge: where the lids meet
_EDGE = 0.035  # beyond the fitted edges, where skin surely begins
_LASH_ROOTS = 0.02  # reach of the lashes' line below the upper edge
_LASHES = 0.11  # their length above it
_LASHES_SHUT = -0.8  # their length as seen on a closed eye, over that on an open one; they point down
_LINE = 0.022  # half the thickness of the lashes' line in a closed eye
_SHADE = 0.07  # reach of the lid's shadow on the eyeball
_LONGEST_REACH = 0.32  # of the skin that a moving upper lid pulls along
_SHORTEST_REACH = 0.12  # lashes may cover the skin below that
_LOWER_REACH = 0.22
_TONE_START, _TONE_REACH = 0.06, 0.26  # of the skin above the eye that the lid's tone is taken from
_TONE_SCALE = 0.07  # standard deviation of the blur that gives the lid's tone
_TRACE_SCALE = 0.035  # of the one that ends what lashes have darkened: harder, a lid has the rim of a patch
_GRAIN_SCALE = 0.035  # of the one that grain is told from
_GRAIN_LIMIT = 3.0  # of its median: more is a lash of the lower lid
_LIT = 0.45  # of the way from the tone of the skin above to that below, at the line where the lids meet
_LIT_LIMIT = 0.35  # of the tone above, that the tone below is lighter or darker at the most
_BULGE, _LASH_SHADE = 0.07, 0.16  # of a closed lid's light: won over the eyeball, lost at the lashes
_LASH_SHADE_REACH = 0.06
_CREASE, _CREASE_SCALE = 0.1, 0.035  # of the light lost in the fold above the eyeball, and its width
_FOLD = 0.09  # of that fold above the opening
_THICKEST_LASH = 0.13  # of a dark line that is no brow
_LONGEST_LASH = 0.28
_HIGHEST_FOLD = 0.43
_LASH_CONTRAST = 0.08, 0.28  # of the skin's light: how much darker lashes begin to be, and surely are
_BESIDE = 0.44, 0.58  # from the middle: lashes stay the more where they are, the farther at the outer corner
_RIM = 0.06  # of the region, within which lashes are left as they are
_FAINT_SHARE = 0.25  # of sureness: as little is no lash
_FAINT = 8.0  # grey levels below the lid's tone that are no lashes yet
_ONSET = 0.04, 0.36  # of the closing: a lid begins to be drawn as a layer of its own, and is so in full
_STEPS = 24  # of the search for the end of the lid's skin
_COLUMNS = np.linspace(-0.5, 0.5, 33, dtype=np.float32)


class Lids:
    """Both lids of one eye.

    `u` and `v` are the coordinates of a region's pixels, `origin` the region's left upper pixel in the
    texture, `pixels` the whole texture, `lowest` the greatest `v` that may change, `outer` the sign of `u` at
    the outer corner. `behind_glass`: a frame may cross the lids, and no lashes are taken off them.
    """

    def __init__(
        self,
        opening: Opening,
        u: Field,
        v: Field,
        origin: tuple[int, int],
        pixels: Pixels,
        *,
        lowest: float,
        outer: int,
        behind_glass: bool,
    ) -> None:
        self._u, self._v = u, v
        self._outer, self._behind_glass = outer, behind_glass
        rows, columns = v.shape
        self._y, self._x = np.mgrid[0:rows, 0:columns].astype(np.float32)
        self._step = (opening.down * opening.width).astype(np.float32)
        self._softness = 0.7 / opening.width
        taper = np.clip(1 - 4 * u * u, 0, 1)
        self._upper, self._lower = opening.upper_lid(u), opening.lower_lid(u)
        self._gap = self._lower - self._upper
        margin = np.float32(_EDGE) * np.sqrt(taper)
        self._upper_skin, self._lower_skin = self._upper - margin, self._lower + margin
        reach = _lid_reach(opening, pixels)
        self._upper_reach = np.interp(u, _COLUMNS, reach).astype(np.float32)
        self._lower_reach = np.clip(lowest - self._lower_skin, 0.02, _LOWER_REACH).astype(np.float32)
        self._taper = np.asarray(np.minimum(1, 2.5 * taper), np.float32)
        middle = np.minimum(1, 1.6 * taper)
        self._middle = np.asarray(middle * middle * (3 - 2 * middle), np.float32)
        region = pixels[origin[1] : origin[1] + rows, origin[0] : origin[0] + columns, :3].astype(np.float32)
        self._study(region, opening.width)

    def _study(self, region: Field, width: float) -> None:
        """Take the tone and grain of the lid's skin and the colour and place of the lashes from the photo."""
        grey = region.mean(axis=-1)
        above = self._upper_skin - self._v
        skin = (above > _TONE_START) & (above < _TONE_REACH) & (np.abs(self._u) < _BESIDE[1])
        near = (np.abs(self._v - self._upper) < 2 * _EDGE) & (self._taper > 0.5)
        light = float(np.median(grey[skin])) if skin.any() else float(grey.mean())
        dark = float(np.percentile(grey[near], 8)) if near.any() else light / 2
        thin = self._find_thin(grey, light, width)
        bare = cv2.dilate(thin, np.ones((max(3, round(_EDGE * width)),) * 2)) < _FAINT_SHARE
        # Among the lid's skin the lashes are what is much darker than most of it.
        skin &= grey > light - 0.35 * (light - dark)
        clean = (skin & bare).astype(np.float32)
        if not clean.any():
            clean[:] = 1
        self._tone = masked_blur(region, clean, _TONE_SCALE * width)
        darkness = (self._tone.mean(axis=-1) - grey - _FAINT) / max(light - dark, 2 * _FAINT)
        # Behind glasses nothing tells a frame from lashes.
        lashes = np.zeros_like(thin) if self._behind_glass else self._lashes_of(thin)
        self._place_lashes(np.asarray(np.clip(darkness, 0, 1), np.float32), lashes, width)
        darkest = near & (grey <= dark + 1)
        self._lash_colour = np.median(region[darkest if darkest.any() else grey <= light], axis=0)
        self._lighten(region, grey, width)
        self._grain = self._take_grain(region, width)

    def _find_thin(self, grey: Field, light: float, width: float) -> Field:
        """Tell what around the opening is dark and thin, 0 to 1: lashes, make-up, folds, hair, frames."""
        inside = (self._v > self._upper) & (self._v < self._lower)
        bare = np.where(inside, max(light, float(grey.max())), grey)
        length = max(3, round(_THICKEST_LASH * width) | 1)
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (length, length))
        around = cv2.morphologyEx(bare, cv2.MORPH_CLOSE, kernel)
        start, sure = _LASH_CONTRAST
        return np.asarray(
            np.clip((1 - bare / np.maximum(around, 1) - start) / (sure - start), 0, 1), np.float32
        )

    def _lashes_of(self, thin: Field) -> Field:
        """Choose from what is thin the upper lid's lashes with their make-up, and its fold.

        They are joined to the opening's edge; what goes on up to the brow is hair.
        """
        above, outwards = self._upper - self._v, self._u * self._outer
        thin = thin * ((above > -_LASH_ROOTS) & (outwards < _BESIDE[1]) & (outwards > -0.5))
        _, parts = cv2.connectedComponents((thin > _FAINT_SHARE).astype(np.uint8))
        roots = (np.abs(above) < _EDGE) & (np.abs(self._u) < 0.5)
        beyond = parts[above > _HIGHEST_FOLD]
        thin *= np.isin(parts, np.setdiff1d(parts[roots], np.append(beyond, 0)))
        return np.asarray(thin, np.float32)

    def _place_lashes(self, darkness: Field, lashes: Field, width: float) -> None:
        """Find the lashes, and what of them is above the opening's edge and what hangs below it."""
        above, below = self._v - self._upper, self._v - self._upper_skin
        length = np.clip(1 + above / _LASHES, 0, 1) ** 0.5 * (above < _LASH_ROOTS)
        # In small eyes lashes are no more than noise.
        distinct = min(max(width / 24 - 0.5, 0.0), 1.0)
        self._lashes = np.asarray(distinct * darkness * length * self._taper, np.float32)
        from_rim = np.minimum.reduce([self._x, self._y, self._x[:, ::-1], self._y[::-1]]) / width
        outwards = self._u * self._outer
        left = (
            _spread(lashes, width) * smooth_step(from_rim, 0, _RIM) * smooth_step(outwards, -0.5, _RIM - 0.5)
        )
        left *= smooth_step(outwards, *_BESIDE[::-1]) * smooth_step(
            -above, _LONGEST_LASH, _LONGEST_LASH - _RIM
        )
        self._left = np.asarray(
            left * soft_edge(np.maximum(-above, np.abs(self._u) - 0.5), self._softness), np.float32
        )
        self._traces = np.maximum(
            _spread(darkness * (above > -1.3 * _LASHES), width) * self._middle, self._left
        )
        hanging = np.clip(1 - below / (_EDGE + 2 * _LASH_ROOTS), 0, 1) * (below > 0) * darkness
        self._skin = soft_edge(-below, self._softness)
        self._hanging = np.asarray(hanging, np.float32)

    def _lighten(self, region: Field, grey: Field, width: float) -> None:
        """Lead the lid's tone, which a brow may shade in an open eye, towards that of the skin below it."""
        below = (self._v > self._lower_skin) & (self._v < self._lower_skin + self._lower_reach)
        if not below.any():
            return
        clean = (below & (grey > np.percentile(grey[below], 40))).astype(np.float32)
        if clean.any():
            lit = masked_blur(region, clean, _TONE_SCALE * width)
            share = np.clip((self._v - self._upper_skin) / np.maximum(self._gap, 1e-3), 0, 1) * self._taper
            # Where a shadow ends at the eye, the lid stays in it.
            towards = np.clip(lit - self._tone, -_LIT_LIMIT * self._tone, _LIT_LIMIT * self._tone)
            self._tone += np.float32(_LIT) * share[..., None] * towards

    def _take_grain(self, region: Field, width: float) -> Field:
        """Lay the grain of the skin below the eye over the opening, folded as often as needed."""
        fine = region - cv2.GaussianBlur(region, (0, 0), max(0.5, _GRAIN_SCALE * width))
        depth = self._lower_reach
        below = (self._v > self._lower_skin) & (self._v < self._lower_skin + depth)
        if below.any():
            limit = _GRAIN_LIMIT * float(np.median(np.abs(fine[below])))
            fine = np.clip(fine, -limit, limit)
        along = np.mod(self._v - self._upper_skin, 2 * depth)
        source = self._lower_skin + np.minimum(along, 2 * depth - along)
        return self._sample(fine, np.asarray(source - self._v, np.float32))

    def drawn(self, part: Pixels, eyeball: Pixels, closing: float, rising: float) -> Pixels:
        """Lay the lids over an eyeball.

        `part` is the photo's region; `closing` moves the upper lid, 1 down to where the lids meet, negative
        up; `rising` moves the lower one, 1 up to the same line.
        """
        drop = np.float32(closing * _MEETING) * self._gap
        under = eyeball if closing >= 0 else self._follow(eyeball, drop)
        under = self._lay_lower(part, under, rising)
        if closing == 0 and under is part:
            return part
        return self._lay_upper(part, under, drop, closing)

    def _follow(self, eyeball: Pixels, drop: Field) -> Pixels:
        """Stretch an eyeball after a lid that opens wider."""
        share = np.clip((self._lower - self._v) / np.maximum(self._gap, 1e-3), 0, 1)
        return to_bytes(self._sample(eyeball.astype(np.float32), -drop * share * share))

    def _lay_lower(self, part: Pixels, under: Pixels, rising: float) -> Pixels:
        if rising == 0:
            return under
        rise = np.float32(rising) * ((1 - _MEETING) * self._gap + self._lower_skin - self._lower)
        depth = _unrolled(self._v - self._lower_skin, rise, self._lower_reach)
        moved = self._sample(part, self._lower_skin + depth - self._v)
        cover = soft_edge(self._v - (self._lower_skin - rise), self._softness)
        return over(moved, cover, under)

    def _lay_upper(self, part: Pixels, under: Pixels, drop: Field, closing: float) -> Pixels:
        strength = np.float32(min(1.0, max(closing - _ONSET[0], 0.0) / (_ONSET[1] - _ONSET[0])))
        above = self._upper_skin - self._v
        height = _unrolled(above, drop, self._upper_reach)
        # The edge with its lashes moves as it is; the skin above it unrolls.
        source = np.where(above < -drop, self._v - drop, self._upper_skin - height)
        shift = source - self._v
        skin = self._sample(part, shift).astype(np.float32)
        cover = self._sample(np.maximum(self._skin, self._hanging * (1 - strength)), shift)
        if strength == 0:
            return over(skin, cover, under)
        solid = soft_edge(self._upper - source, self._softness)
        stretched = np.clip(1.5 - 1.5 * height / self._upper_reach, 0, 1) ** 2 * self._middle
        # Lashes go down with the lid: they are seen neither where they were nor on its skin.
        own = np.maximum.reduce([stretched, self._left, self._sample(self._traces, shift)]) * strength
        skin += own[..., None] * (self._tone * self._lit(drop)[..., None] + self._grain - skin)
        cover = np.maximum(cover, np.maximum(solid, self._left) * strength)
        shaded = self._shade(under, self._v - self._upper - drop, strength * np.float32(1 - closing))
        lid = over(skin, cover, shaded)
        return self._draw_lashes(lid, self._v - self._upper - drop, closing, strength)

    def _lit(self, drop: Field) -> Field:
        """Give the light on a lid that has fallen by `drop`: more on the ball, less in its fold and edge."""
        above = self._upper + drop - self._v
        share = np.clip(above / np.maximum(drop + _FOLD, 1e-3), 0, 1)
        fold = (self._upper - _FOLD - self._v) / np.float32(_CREASE_SCALE)
        light = _BULGE * 4 * share * (1 - share) - _CREASE * np.exp(-fold * fold)
        light -= _LASH_SHADE * np.exp(-np.abs(above) / np.float32(_LASH_SHADE_REACH))
        return np.asarray(1 + light * self._middle, np.float32)

    def _shade(self, eyeball: Pixels, below: Field, strength: np.float32) -> Pixels:
        """Darken the eyeball just below the lid's edge."""
        shade = np.exp(-np.maximum(below, 0) / np.float32(_SHADE)) * self._taper * strength
        return to_bytes(eyeball * (1 - np.float32(0.35) * shade[..., None]))

    def _draw_lashes(self, picture: Pixels, below: Field, closing: float, strength: np.float32) -> Pixels:
        """Draw the lashes and their line, firm above and ending softly below, along the lid's edge."""
        half = max(_LINE, self._softness)
        width = np.where(below < 0, np.float32(half), np.float32(2 * half))
        line = np.exp(-((below / width) ** 2)) * self._taper * np.float32(0.75)
        length = 1 + closing * (_LASHES_SHUT - 1)
        seen = min(1.0, 2.5 * abs(length))
        # Seen end on, lashes vanish.
        length = max(abs(length), 0.1) * (1 if length >= 0 else -1)
        lashes = self._sample(self._lashes, self._upper + below / np.float32(length) - self._v)
        cover = np.maximum(line, lashes * np.float32(seen)) * strength
        return over(np.broadcast_to(self._lash_colour.astype(np.float32), picture.shape), cover, picture)

    def _sample(self, picture: NDArray[np.uint8] | Field, shift: Field) -> Field:
        """Look up a picture of the region `shift` further down the eye."""
        x, y = self._x + shift * self._step[0], self._y + shift * self._step[1]
        return np.asarray(cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def _spread(marks: Field, width: float) -> Field:
    """Widen marks by what lashes darken around themselves."""
    wide = cv2.dilate(np.asarray(marks, np.float32), np.ones((3, 3)))
    return np.asarray(np.minimum(1, 2 * cv2.GaussianBlur(wide, (0, 0), max(0.8, _TRACE_SCALE * width))))


def _unrolled(distance: Field, shift: Field, reach: Field) -> Field:
    """Tell how far from a lid's edge the skin lay that is now `distance` from where the edge was.

    The edge has moved outwards from the skin by `shift`, skin at `reach` stays, in between it moves by the
    square of what is left: `distance = old - shift * (1 - old / reach)**2`, solved for `old`.
    """
    root = np.sqrt(np.maximum((2 * shift + reach) ** 2 - 4 * shift * (shift + distance), 0))
    old = 2 * reach * (shift + distance) / np.maximum(2 * shift + reach + root, 1e-6)
    return np.asarray(np.where(distance >= reach, distance, np.maximum(old, 0)), np.float32)


def _lid_reach(opening: Opening, pixels: Pixels) -> Field:
    """Tell for each of `_COLUMNS` how far above the opening there is skin: up to brow, hair or glasses."""
    heights = np.linspace(0, _LONGEST_REACH, _STEPS, dtype=np.float32)
    along, up = np.meshgrid(_COLUMNS, heights)
    edge = opening.upper_lid(along) - np.float32(_EDGE)
    strip = cv2.remap(
        pixels, *opening.pixels(along, edge - up), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    colours = cv2.blur(strip[..., :3].astype(np.float32), (3, 3))
    skin = np.median(colours[2:8].reshape(-1, 3), axis=0)
    differs = np.abs(colours - skin).max(axis=-1) > max(0.3 * float(skin.max()), 18)
    differs[heights < _SHORTEST_REACH] = False
    ends = np.where(differs.any(axis=0), heights[differs.argmax(axis=0)], _LONGEST_REACH) - 0.02
    # Neighbours hold each other back, then the course is smoothed: a lid is one sheet.
    held = cv2.erode(ends[None].astype(np.float32), np.ones((1, 9)))
    return np.asarray(cv2.GaussianBlur(held, (0, 0), 2, borderType=cv2.BORDER_REPLICATE)[0], np.float32)
