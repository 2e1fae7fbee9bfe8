"""How sound events lie against picture events."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from talkies.inspection.report import Sync

_STEP_S = 0.005  # of the search
_MAX_OFFSET_S = 0.5
_KERNEL_S = 0.015  # standard deviation of an event's place
_MATCH_S = 0.06  # partners lie this close to the common offset
_MIN_EVENTS = 2
_MIN_MATCHED_SHARE = 0.6
_MIN_PROMINENCE = 1.6  # of the best offset over the best one elsewhere: else the match is chance

_MIN_CHANGE_LEVELS = 1.5  # of the picture, for an event
_CHANGE_RISE = 4.0  # times the usual change
_PICTURE_REST_S = 0.15  # two events of the picture lie at least this far apart

_HOP_S = 0.005
_MIN_AMPLITUDE_SHARE = 0.1  # of the sound's loudest moment
_ATTACK_RISE = 2.0  # times the level before it
_SOUND_REST_S = 0.1


def measure_sync(
    frame_times_s: NDArray[np.float64],
    luma_means: NDArray[np.float64],
    changes: NDArray[np.float64],
    cut_frames: list[int],
    samples: NDArray[np.float32],
    sample_rate: int,
    sound_start_s: float,
) -> Sync | None:
    """Find the offset at which onsets of sound follow onsets in the picture.

    Picture events are flashes and starts of motion, no cuts; sound events are attacks. Both are correlated
    in steps of 5 ms, up to half a second either way. None when there are fewer than two of either kind, or
    when no offset stands out.

    Args:
        luma_means: `(frames,)` levels.
        changes: `(frames - 1,)` mean difference of neighbours, levels.
    """
    seen = picture_onsets(frame_times_s, luma_means, changes, cut_frames)
    heard = sound_onsets(samples, sample_rate) + sound_start_s
    if min(len(seen), len(heard)) < _MIN_EVENTS:
        return None
    gaps = (heard[None, :] - seen[:, None]).ravel()
    gaps = gaps[np.abs(gaps) <= _MAX_OFFSET_S + _MATCH_S]
    offsets = np.arange(-_MAX_OFFSET_S, _MAX_OFFSET_S + _STEP_S / 2, _STEP_S)
    score = np.exp(-0.5 * ((offsets[:, None] - gaps[None, :]) / _KERNEL_S) ** 2).sum(axis=1)
    best = int(score.argmax())
    elsewhere = score[np.abs(offsets - offsets[best]) > 2 * _MATCH_S]
    partners = np.abs(heard[None, :] - seen[:, None] - offsets[best]) <= _MATCH_S
    matched = min(partners.any(axis=0).sum(), partners.any(axis=1).sum()) / min(len(seen), len(heard))
    if matched < _MIN_MATCHED_SHARE or score[best] < _MIN_PROMINENCE * elsewhere.max(initial=0.0):
        return None
    near = gaps[np.abs(gaps - offsets[best]) <= _MATCH_S]
    return Sync(
        sound_late_ms=1000 * float(np.median(near)),
        matched_share=float(matched),
        picture_event_count=len(seen),
        sound_event_count=len(heard),
    )


def picture_onsets(
    frame_times_s: NDArray[np.float64],
    luma_means: NDArray[np.float64],
    changes: NDArray[np.float64],
    cut_frames: list[int],
) -> NDArray[np.float64]:
    """Times in seconds at which something flashes up or starts to move."""
    if len(changes) < 3:
        return np.zeros(0)
    earlier = np.concatenate([[changes[0]] * 2, changes])
    rise = changes - np.maximum(earlier[:-2], earlier[1:-1])
    # the end of a flash changes as much as its start, but darkens
    rise[np.diff(luma_means) < -0.5 * changes] = 0
    rise[[frame - 1 for frame in cut_frames]] = 0
    threshold = max(_MIN_CHANGE_LEVELS, _CHANGE_RISE * float(np.median(np.abs(rise))))
    return _peaks(rise, frame_times_s[1:], threshold, _PICTURE_REST_S)


def sound_onsets(samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float64]:
    """Times in seconds from the sound's start at which it attacks."""
    hop = max(1, round(_HOP_S * sample_rate))
    count = len(samples) // hop
    if count < 8:
        return np.zeros(0)
    energy = np.square(samples[: count * hop], dtype=np.float64).mean(axis=1)
    level = np.asarray(np.sqrt(energy.reshape(count, hop).mean(axis=1)), np.float64)
    before = np.array([level[max(0, index - 8) : index].mean() if index else 0.0 for index in range(count)])
    rise = np.asarray(np.diff(level, prepend=0.0), np.float64)
    rise[level < _ATTACK_RISE * before] = 0
    times = np.asarray((np.arange(count) + 0.5) * _HOP_S, np.float64)
    return _peaks(rise, times, _MIN_AMPLITUDE_SHARE * float(level.max()), _SOUND_REST_S)


def _peaks(
    strength: NDArray[np.float64], times_s: NDArray[np.float64], threshold: float, rest_s: float
) -> NDArray[np.float64]:
    """Times of the strongest values above the threshold, with rests between them."""
    chosen: list[float] = []
    for index in np.argsort(-strength, kind="stable"):
        if strength[index] <= threshold:
            break
        if all(abs(times_s[index] - other) >= rest_s for other in chosen):
            chosen.append(float(times_s[index]))
    return np.array(sorted(chosen))
