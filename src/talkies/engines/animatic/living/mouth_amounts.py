"""How much each motion of a mouth takes part in an expression, for what a photo shows already.

Source: Cohen, Massaro, "Modeling coarticulation in synthetic visual speech" (1993) for the parameters of a
speaking mouth.
"""

from __future__ import annotations

from dataclasses import dataclass

from talkies.engines.animatic.living.expression import Expression
from talkies.engines.animatic.living.lips import ALONG, Lips

WIDEST = 0.2  # face sizes between the lips at a loud "a": about 18 mm

_LIP_RAISE = 0.14  # of the opening: the upper lip's share
_CLOSING_ABOVE = 0.45  # of the photo's gap: what the upper lip comes down
_LONGEST_ABOVE = 0.08  # face sizes: no more than that, for the rest is the jaw's
_STAYING_UP, _UP_FROM = 0.6, 0.1  # of that, and the opening from which a smile's upper lip stays up so much
_NEUTRAL_HALF_WIDTH = 0.27  # face sizes: half of a mouth at rest
_SMILE_KEPT = 0.45  # of what a photo's smile is wider than that, while it speaks
_SPREAD, _ROUND = 0.13, 0.32  # of the half width: how far corners go out for "i" and in for "u"
_NARROWEST, _NARROWEST_SMILE = 0.64, 0.8  # of the photo's width: rounded further, cheeks would be pinched
_NARROWING = 0.07  # of the half width: corners that a wide jaw pulls in
_PROTRUSION = 0.07  # face sizes forward, for "u"
_OVERLAP = 0.02  # face sizes that parted lips close beyond their edges, so that no teeth stay
_FREE = 0.1  # face sizes of an opening from which none of that is left
_WIDE_OPEN = 0.08  # face sizes of a photo's gap from which its mouth counts as open
_COVERING = 0.022  # face sizes that the lips of a smile come down over the teeth when they round
_BROADEST = 0.4  # face sizes: half of a mouth that cannot smile more
_BROAD = 2.0  # times what a photo shows of the broadest smile: half of that is a smile through and through
_UNFOLDED = 0.9  # of a smile's folds: what a mouth that speaks loses; a rounded one loses all
_STRETCHED = 0.5  # of pressed lips' rolling in: what the broadest smile has stretched away already
_SMILE_ADDED = 0.5  # of a smile that is asked for, where the photo has a broad one already
_LAUGH_KEPT = 0.75  # of a photo's open smile, while it laughs
_SMILE_SPEAKING, _SMILE_ROUNDED = 0.75, 0.15  # of a smile: what stays while its mouth speaks, and rounds
_TONGUE_ROOM = 0.12  # opening that the tip of the tongue needs
_TUCK_GAP = 0.042  # face sizes of upper teeth that show for "f"
_ROLL_PRESSED, _ROLL_ROUND, _ROLL_TUCKED = -0.6, 0.36, -0.45  # lips that grow thinner or fuller


@dataclass(frozen=True)
class Amounts:
    """How much of each fixed field an expression takes; all 0 is the photo.

    `close` is the share of the photo's own gap. `jaw` and `jaw_round`, the opening of spread and of
    rounded lips, `raise_lip` and `lower_lip`, what the upper and the lower lip go up, and `forward` are
    in sizes of the face; `width` is in half widths of the mouth, outwards; the others are shares, where
    `roll_*` makes lips fuller, `smooth` undoes the upper lip's print on the lower one and `level`
    straightens the bow of a smile.
    """

    close: float = 0.0
    jaw: float = 0.0
    jaw_round: float = 0.0
    raise_lip: float = 0.0
    lower_lip: float = 0.0
    smooth: float = 0.0
    roll_upper: float = 0.0
    roll_lower: float = 0.0
    width: float = 0.0
    forward: float = 0.0
    level: float = 0.0
    smile: float = 0.0
    frown: float = 0.0


def amounts_of(expression: Expression, lips: Lips) -> Amounts:
    """Turn an expression into amounts for a photo's mouth: what it shows already is not added again."""
    mouth, share = expression.mouth, expression.speaking
    spread, rounded = max(mouth.width, 0.0), max(-mouth.width, 0.0)
    room = mouth.opening + _TONGUE_ROOM * mouth.tongue * (1 - mouth.opening)
    gap = WIDEST * room * (1 - mouth.press) * (1 - 0.75 * mouth.tuck)
    shown = shows_smile(lips)
    smiling = min(_BROAD * shown, 1.0)
    gap += smiling * overlap(lips) * min(gap / _FREE, 1.0)
    openness = _openness(lips)
    rest = lips.half_width
    neutral = min(rest, _NEUTRAL_HALF_WIDTH + _SMILE_KEPT * max(rest - _NEUTRAL_HALF_WIDTH, 0.0))
    target = neutral * (1 + _SPREAD * spread - _ROUND * rounded - _NARROWING * mouth.opening)
    laughing = _LAUGH_KEPT * openness * max(expression.smile, 0.0) * spread * (1 - mouth.press)
    staying = smiling * _STAYING_UP * (1 - rounded) * min(gap / _UP_FROM, 1.0) * closing_above(lips)
    raised = min(_LIP_RAISE * gap * (1 - 0.7 * openness) + staying, gap)
    opened = (gap - raised) * (1 - 0.5 * laughing)
    raised += _TUCK_GAP * mouth.tuck * (1 - 0.5 * openness)
    covering = _COVERING * rounded * openness
    narrowest = _NARROWEST + (_NARROWEST_SMILE - _NARROWEST) * shown
    pressed = _ROLL_PRESSED * mouth.press * (1 - _STRETCHED * shown)
    kept = 1 - share * (1 - _SMILE_SPEAKING + (_SMILE_SPEAKING - _SMILE_ROUNDED) * rounded)
    return Amounts(
        close=share * (1 - laughing),
        jaw=share * opened * (1 - rounded),
        jaw_round=share * opened * rounded,
        raise_lip=share * (raised * (1 - laughing) - covering),
        lower_lip=share * (mouth.tuck * (0.01 - _TUCK_GAP * openness) - covering),
        smooth=share * min(gap / _WIDE_OPEN, 1.0),
        roll_upper=share * (pressed + _ROLL_ROUND * rounded),
        roll_lower=share * (pressed + _ROLL_ROUND * rounded + _ROLL_TUCKED * mouth.tuck),
        width=share * (max(target / rest, narrowest) - 1),
        forward=share * _PROTRUSION * rounded,
        level=share * 0.8 * rounded,
        smile=max(expression.smile, 0.0) * kept * (1 - (1 - _SMILE_ADDED) * shown),
        frown=max(-expression.smile, 0.0),
    )


def shows_smile(lips: Lips) -> float:
    """Tell how much of a broad open smile the photo shows, 0..1."""
    broad = (lips.half_width - _NEUTRAL_HALF_WIDTH) / (_BROADEST - _NEUTRAL_HALF_WIDTH)
    return _openness(lips) * min(max(broad, 0.0), 1.0)


def smile_lost(expression: Expression, lips: Lips) -> float:
    """Tell how much less than in the photo the cheeks are folded, 0..1, as a mouth closes and rounds."""
    rounded = max(-expression.mouth.width, 0.0)
    lost = expression.speaking * (_UNFOLDED + (1 - _UNFOLDED) * rounded)
    return lost * min(_BROAD * shows_smile(lips), 1.0) * (1 - max(expression.smile, 0.0))


def _openness(lips: Lips) -> float:
    return min(float(lips.gap.max()) / _WIDE_OPEN, 1.0)


def closing_above(lips: Lips) -> float:
    """Tell how far the middle of the upper lip comes down where a photo's open mouth closes, in face sizes.

    A laugh is open by its jaw: the lip itself is raised by a few millimetres.
    """
    return min(_CLOSING_ABOVE * float(lips.gap[len(ALONG) // 2]), _LONGEST_ABOVE)


def jaw_drop(amounts: Amounts, lips: Lips) -> float:
    """Tell how far the lower teeth have gone down from where they are in the photo, in face sizes."""
    closed = (float(lips.gap[len(ALONG) // 2]) - closing_above(lips)) * amounts.close
    return amounts.jaw + amounts.jaw_round - amounts.lower_lip - closed


def overlap(lips: Lips) -> float:
    """Tell how far beyond their edges lips close, in face sizes: parted ones, so that no teeth stay."""
    return _OVERLAP if lips.is_parted else 0.0
