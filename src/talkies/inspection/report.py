"""What `inspect_video` finds out, as plain data. None always means: cannot be told from this file."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

CameraKind = Literal["still", "pan", "tilt", "zoom", "roll"]
CameraDirection = Literal["left", "right", "up", "down", "in", "out", "clockwise", "counterclockwise"]


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Span(_Facts):
    """A stretch of the video, in seconds on its own clock."""

    start_s: float
    end_s: float


class AiMark(_Facts):
    """What in the file says that it was made by a machine.

    `text` is the tag that says so, as `key: value`. `content_credentials`: the file holds a C2PA manifest;
    its signature is not checked here.
    """

    text: str | None
    content_credentials: bool


class Container(_Facts):
    """The file around the streams.

    `interleaving_bytes` is the largest distance in the file between a picture and the sound of the same
    moment. `moov_before_mdat` is None for files that are not MP4 or QuickTime.
    """

    format: str
    major_brand: str | None
    size_bytes: int
    duration_s: float | None
    moov_before_mdat: bool | None
    interleaving_bytes: int | None
    tags: dict[str, str]
    ai_mark: AiMark


class VideoStream(_Facts):
    """The picture stream: its coding, and what was decoded. `width` and `height` are as shown, upright.

    `rotation_degrees` is the counterclockwise turn that a player applies. `keyframe_interval_max_s` counts
    the stretch from the last keyframe to the end too.
    """

    codec: str
    profile: str | None
    level: str | None
    pixel_format: str
    color_range: str | None
    color_primaries: str | None
    color_transfer: str | None
    color_matrix: str | None
    width: int
    height: int
    rotation_degrees: int
    pixel_aspect_ratio: float
    frames_per_second: float
    constant_frame_rate: bool
    frame_count: int
    duration_s: float
    start_s: float
    keyframe_count: int
    keyframe_interval_max_s: float
    has_b_frames: bool


class AudioStream(_Facts):
    """The sound stream: its coding, and what was decoded after the container hid the coder's run-in."""

    codec: str
    profile: str | None
    sample_rate_hz: int
    channel_count: int
    channel_layout: str
    sample_count: int
    duration_s: float
    start_s: float


class Sound(_Facts):
    """Measures of the sound. `measured_s` is shorter than the stream only for very long files.

    `clipping_share` is the share of samples at or beyond 0.999 of full scale; `dc_offset` the largest
    channel mean, full scale 1; `stereo_correlation` is of the first two channels, -1 to 1. `silences` are
    at least 0.25 s below -60 dBFS in every channel.
    """

    measured_s: float
    integrated_lufs: float | None
    true_peak_dbtp: float | None
    silences: tuple[Span, ...]
    silence_share: float
    clipping_share: float
    dc_offset: float
    stereo_correlation: float | None


class Camera(_Facts):
    """What the camera does, from a similarity transform fitted to the optical flow.

    Directions are the camera's: when it pans right, the scene moves left. The numbers are means over time:
    `right_px_per_s` and `down_px_per_s` at the video's own size, `zoom_in_percent_per_s`,
    `roll_clockwise_degrees_per_s`. `explained_share` is the share of the textured picture that moves as
    the transform says; low values mean that the scene moves, not the camera.
    """

    kind: CameraKind
    direction: CameraDirection | None
    right_px_per_s: float
    down_px_per_s: float
    zoom_in_percent_per_s: float
    roll_clockwise_degrees_per_s: float
    explained_share: float


class Shot(_Facts):
    """A stretch between cuts or gradual transitions. `camera` is None when it is too short to tell."""

    start_s: float
    end_s: float
    camera: Camera | None


class GradualTransition(_Facts):
    """A dissolve between two pictures, or a fade from or to a plain one."""

    kind: Literal["dissolve", "fade_in", "fade_out"]
    start_s: float
    end_s: float


class Motion(_Facts):
    """How much moves. Pixels are of the video's own size; pairs of frames across a cut are left out.

    `mean_px_per_frame` and `p95_px_per_frame` are over the mean flow of each pair of neighbours.
    `moved_dis` is VBench's dynamic-degree rule on DIS flow in place of RAFT. `jitter_px` is the random
    displacement per axis that would shake the camera path as much as it is shaken. `inner_px` is how far
    the liveliest 5 % of the picture move in half a second beside what one similarity transform, a
    plain camera, explains: what moves by itself, and parallax.
    """

    mean_px_per_frame: float | None
    p95_px_per_frame: float | None
    moved_dis: bool | None
    jitter_px: float | None
    inner_px: float | None
    camera: Camera | None


class Continuity(_Facts):
    """How evenly time passes.

    `smoothness` is 1 minus the mean error, as a share of full scale, of predicting each frame half way
    between its neighbours. `duplicate_share` is the share of pairs of neighbours that are the same
    picture; `stutter_share` counts only those between pairs that differ. `freezes` last at least 0.5 s.
    """

    smoothness: float | None
    duplicate_share: float | None
    longest_duplicate_run_pairs: int
    stutter_share: float | None
    freezes: tuple[Span, ...]


class Light(_Facts):
    """How steady and how bright the picture is.

    `steadiness` is VBench's temporal-flickering formula on luma, meant for static scenes: 1 minus the mean
    difference of neighbours as a share of full scale. `steadiness_compensated` is the same after motion is
    taken out. `flicker_levels` is the RMS deviation of a frame's mean luma from its two neighbours', in
    steps of 255. `blacks` are spans in which 98 % of the picture is below 10 % of white.
    """

    mean_luma_levels: float
    steadiness: float | None
    steadiness_compensated: float | None
    flicker_levels: float | None
    black_frame_count: int
    blacks: tuple[Span, ...]


class Borders(_Facts):
    """Black bars that stay for the whole video, in pixels of its own size."""

    left_px: int
    right_px: int
    top_px: int
    bottom_px: int


class Picture(_Facts):
    """Measures of the pictures. `cuts_s` are the times of the first frames after hard cuts; `flashes` are
    sudden changes of light after which the same picture comes back.

    `sharpness_laplacian_variance` is the mean variance of the Laplacian of luma at the video's own size;
    compare it only between videos of one size and content.
    """

    cuts_s: tuple[float, ...]
    transitions: tuple[GradualTransition, ...]
    flashes: tuple[Span, ...]
    shots: tuple[Shot, ...]
    motion: Motion
    continuity: Continuity
    light: Light
    borders: Borders
    sharpness_laplacian_variance: float


class Likeness(_Facts):
    """How like a frame is to the picture it shall show.

    `ssim` on luma; `psnr_db` on RGB, None for identical pictures; `mean_delta_e` is CIE 1976, a difference
    of about 2 is just visible; `shift_right_px` and `shift_down_px` say where the frame lies against the
    picture.
    """

    ssim: float
    psnr_db: float | None
    mean_delta_e: float
    shift_right_px: float
    shift_down_px: float


class Sync(_Facts):
    """How sound events lie against picture events.

    `sound_late_ms` is negative when the sound comes first. `matched_share` is the share of the rarer kind
    of event that has its partner within 60 ms of that offset.
    """

    sound_late_ms: float
    matched_share: float
    picture_event_count: int
    sound_event_count: int


class Report(_Facts):
    """Measured facts of one video file.

    `truncated`: the file ends before it should, and the measures are of what could be decoded; `problems`
    says what else went wrong. `sound_longer_s` is the sound's duration minus the picture's.
    """

    file_name: str
    truncated: bool
    problems: tuple[str, ...]
    container: Container
    video: VideoStream
    audio: AudioStream | None
    sound_longer_s: float | None
    picture: Picture
    sound: Sound | None
    sync: Sync | None
    first_frame: Likeness | None
    last_frame: Likeness | None
