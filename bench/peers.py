"""Two well-known tools making a silent zoom of the same photo: `python -m bench.peers NAME OUT SECONDS`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bench.cases import PHOTO
from talkies.spec import FRAME_RATE

WIDTH, HEIGHT = 1280, 720
ZOOM = 0.15  # how much larger the picture is at the end


def zoompan(out: Path, seconds: int) -> None:
    """Use FFmpeg's zoompan filter; it snaps to whole pixels, so the picture is enlarged four times first."""
    from imageio_ffmpeg import get_ffmpeg_exe

    frames = seconds * FRAME_RATE
    picture = (
        f"scale={4 * WIDTH}:{4 * HEIGHT}:force_original_aspect_ratio=increase,crop={4 * WIDTH}:{4 * HEIGHT}"
    )
    centre = "x=iw/2-(iw/zoom/2):y=ih/2-(ih/zoom/2)"
    zoom = f"zoompan=z=1+{ZOOM}*on/{frames}:{centre}:d={frames}:s={WIDTH}x{HEIGHT}:fps={FRAME_RATE}"
    coding = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-pix_fmt", "yuv420p"]
    command = [get_ffmpeg_exe(), "-y", "-loglevel", "error", "-i", str(PHOTO), "-vf", f"{picture},{zoom}"]
    subprocess.run([*command, *coding, str(out)], check=True)


def moviepy(out: Path, seconds: int) -> None:
    """Use moviepy's Resize effect on an image clip."""
    from moviepy import CompositeVideoClip, ImageClip, vfx

    still = ImageClip(str(PHOTO)).with_duration(seconds).resized(width=WIDTH)
    zoomed = still.with_effects([vfx.Resize(lambda t: 1 + ZOOM * t / seconds)]).with_position("center")
    CompositeVideoClip([zoomed], size=(WIDTH, HEIGHT)).write_videofile(
        str(out), fps=FRAME_RATE, codec="libx264", preset="veryfast", audio=False, logger=None
    )


if __name__ == "__main__":
    {"zoompan": zoompan, "moviepy": moviepy}[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))
