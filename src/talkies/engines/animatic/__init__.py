"""The engine that needs no download: a photo filmed by a moving camera, with voice, music and effects."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from talkies.engines import Capabilities
from talkies.media import Clip, Inputs, Tick, Track
from talkies.plan import Plan, Shot
from talkies.script import Script
from talkies.spec import SAMPLES_PER_FRAME, Spec


class Animatic:
    """Films the caller's own picture in 2.5D on a CPU; `docs/engines.md` says what it can and cannot do."""

    name = "animatic"
    capabilities = Capabilities(
        summary="camera moves in 2.5D over the photo, voices, music and effects; any CPU, no download",
        deterministic=True,
    )

    def plan(self, spec: Spec, script: Script) -> Plan:
        """Plan shots, lines and sounds; `not_rendered` names what this engine leaves out."""
        from talkies.engines.animatic.planning import storyboard

        return storyboard.draw(spec, script)

    def render(self, plan: Plan, inputs: Inputs, tick: Tick) -> Iterator[Clip]:
        """Yield one clip per shot; pictures are made as they are read, sounds meanwhile."""
        from talkies.engines.animatic.film import shots
        from talkies.engines.animatic.sound import soundtrack

        pool = ThreadPoolExecutor(1, "sound")
        try:
            speech = pool.submit(soundtrack.speak_lines, plan)
            sound = pool.submit(soundtrack.record, plan)
            scenes = shots.understand_pictures(plan, inputs, tick)
            footage = list(shots.render_shots(plan, scenes, tick))
            tick("sound", 0, 1)
            speech.result()  # the lips follow it; the rest is made while the shots are filmed
            tick("sound", 1, 1)
            for shot, (frames, absent) in zip(plan.shots, footage, strict=True):
                yield Clip(shot.frame_count, frames, partial(_part, sound, shot), absent)
        except BaseException:
            sound.cancel()
            raise
        finally:
            pool.shutdown(wait=False)


def _part(sound: Future[tuple[Track, ...]], shot: Shot) -> tuple[Track, ...]:
    """Cut the shot's part out of each track of the clip, when they are made."""
    start, end = shot.start_frame * SAMPLES_PER_FRAME, shot.end_frame * SAMPLES_PER_FRAME
    return tuple(Track(track.name, track.samples[start:end]) for track in sound.result())
