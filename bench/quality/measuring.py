"""All measures of one clip, and the aims that they are held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bench.figures import Figure
from bench.quality import faces
from bench.quality.events import flash_lateness_ms
from bench.quality.hearing import sound_lateness, words_heard
from bench.quality.lips import lip_sync
from bench.quality.material import Delivered, Material
from talkies.inspection import Report, inspect_video
from talkies.spec import FRAME_RATE

Measures = dict[str, float]

_FACE_EVERY = 6  # frames, where nobody speaks
_MIN_FACE = 0.08  # of the picture's shorter side: smaller faces do not act


@dataclass(frozen=True)
class Aim:
    """The bounds of one measure."""

    at_least: float | None = None
    at_most: float | None = None


AIMS: Mapping[str, Aim] = {
    "first_frame_ssim": Aim(at_least=0.97),
    "last_frame_ssim": Aim(at_least=0.97),
    "smoothness": Aim(at_least=0.985),
    "duplicate_share": Aim(at_most=0.02),
    "flicker_levels": Aim(at_most=0.5),
    "jitter_px": Aim(at_most=0.5),
    "inner_motion_px": Aim(at_least=1.0),
    "length_error_frames": Aim(at_most=1.0),
    "loudness_error_lu": Aim(at_most=1.0),
    "true_peak_dbtp": Aim(at_most=-0.9),
    "sound_late_ms": Aim(at_least=-45.0, at_most=45.0),
    "sound_likeness": Aim(at_least=0.9),
    "thunder_late_ms": Aim(at_least=-45.0, at_most=45.0),
    "blast_late_ms": Aim(at_least=-45.0, at_most=45.0),
    "door_late_ms": Aim(at_least=-45.0, at_most=45.0),
    "words_heard_dry": Aim(at_least=0.95),
    "words_heard_in_mix": Aim(at_least=0.9),
    "lips_correlation": Aim(at_least=0.6),
    "lips_late_frames": Aim(at_least=-1, at_most=1),
    "lips_closed_for_pbm": Aim(at_least=0.9),
    "lips_closed_for_vowels": Aim(at_most=0.2),
    "face_likeness": Aim(at_least=0.9),
}
"""What a good clip keeps. Of `flicker_levels`, a clip whose prompt asks for flickering light is exempt."""


def measure(material: Material, delivered: Delivered) -> tuple[Measures, Report]:
    """Measure a finished file against what it was made from; measures that do not apply are left out."""
    report = inspect_video(delivered.path, first_frame=material.first_frame, last_frame=material.last_frame)
    measures = _of_pictures(report) | _of_sound(material, delivered, report) | _of_face(material, delivered)
    if material.case.flashes:
        del measures["flicker_levels"]
    return measures, report


def judge(measures: Measures) -> dict[str, Figure]:
    """Hold each measure against its aim."""
    return {
        name: Figure(value, at_least=AIMS[name].at_least, at_most=AIMS[name].at_most)
        for name, value in measures.items()
    }


def _of_pictures(report: Report) -> Measures:
    picture = report.picture
    found = {
        "first_frame_ssim": report.first_frame.ssim if report.first_frame else None,
        "last_frame_ssim": report.last_frame.ssim if report.last_frame else None,
        "smoothness": picture.continuity.smoothness,
        "duplicate_share": picture.continuity.duplicate_share,
        "flicker_levels": picture.light.flicker_levels,
        "jitter_px": picture.motion.jitter_px,
        "inner_motion_px": picture.motion.inner_px,
    }
    return {name: value for name, value in found.items() if value is not None}


def _of_sound(material: Material, delivered: Delivered, report: Report) -> Measures:
    assert report.audio is not None
    assert report.sound is not None
    plan, tracks = material.plan, material.tracks
    late_ms, likeness = sound_lateness(delivered.sound, material.meant.mean(axis=1))
    loudness = report.sound.integrated_lufs
    lengths_s = np.array([report.video.duration_s, report.audio.duration_s])
    measures = {
        "length_error_frames": FRAME_RATE * float(np.abs(lengths_s - plan.duration_s).max()),
        "loudness_error_lu": float("nan") if loudness is None else abs(loudness + 16),
        "true_peak_dbtp": float("nan")
        if report.sound.true_peak_dbtp is None
        else report.sound.true_peak_dbtp,
        "sound_late_ms": late_ms,
        "sound_likeness": likeness,
    }
    heard = {
        "thunder_late_ms": flash_lateness_ms("thunder", delivered, plan, tracks.get("effects")),
        "blast_late_ms": flash_lateness_ms("explosion", delivered, plan, tracks.get("effects")),
        "door_late_ms": flash_lateness_ms("door", delivered, plan, tracks.get("effects"))
        if material.case.flashes
        else None,
        "words_heard_dry": words_heard(tracks["speech"].mean(axis=1), plan) if plan.lines else None,
        "words_heard_in_mix": words_heard(delivered.sound, plan) if plan.lines else None,
    }
    return measures | {name: value for name, value in heard.items() if value is not None}


def _of_face(material: Material, delivered: Delivered) -> Measures:
    """Measure the face that speaks, or how the largest one stays itself; nothing where there is none."""
    at_rest = faces.follow([material.first_frame], material.case.place)[0]
    if at_rest is None or at_rest.face.size < _MIN_FACE * min(material.first_frame.shape[:2]):
        return {}
    lines = [line for line in material.plan.lines if not line.voice_over]
    step = 1 if lines else _FACE_EVERY
    frames = delivered.frames[::step]
    seen = faces.follow(frames, material.case.place)
    sparse = slice(None, None, _FACE_EVERY // step)
    measures = {
        "face_likeness": faces.likeness(material.first_frame, at_rest.face, frames[sparse], seen[sparse])
    }
    if not lines:
        return measures
    opening = np.array([found.lips_apart if found else np.nan for found in seen])
    sync = lip_sync(opening, material.tracks["speech"], lines)
    found = {
        "lips_correlation": sync.correlation,
        "lips_late_frames": sync.late_frames if sync.correlation > 0 else float("nan"),
    }
    closed = {
        "lips_closed_for_pbm": sync.closed_for_pbm,
        "lips_closed_for_vowels": sync.closed_for_vowels,
    }
    return measures | found | {name: share for name, share in closed.items() if not np.isnan(share)}
