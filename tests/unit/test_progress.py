from __future__ import annotations

from talkies.progress import Meter, StageClock


def test_progress_never_falls_and_is_told_twice_a_second_at_most() -> None:
    told: list[tuple[str, float]] = []
    now_s = 0.0
    meter = Meter(lambda stage, share: told.append((stage, share)), clock=lambda: now_s)

    for number in range(1, 101):
        now_s = number / 10
        meter("picture", number, 100)
    meter("sound", 1, 10)
    meter("a stage of some other engine", 1, 2)

    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert len(told) == 20 + 2
    assert 0 < shares[0] < shares[-1] < 1


def test_the_time_of_a_stage_that_is_left_and_entered_again_adds_up() -> None:
    now_s = 100.0
    stages = StageClock(clock=lambda: now_s)

    for stage, lasts_s in (("sound", 1.0), ("picture", 2.0), ("encoding", 4.0), ("picture", 8.0)):
        stages.enter(stage)
        now_s += lasts_s

    assert stages.stop() == {"sound": 1.0, "picture": 10.0, "encoding": 4.0}


def test_time_before_the_first_stage_and_after_the_last_belongs_to_none() -> None:
    now_s = 100.0
    stages = StageClock(clock=lambda: now_s)

    now_s += 5.0
    stages.enter("sound")
    now_s += 1.0
    stages.stop()
    now_s += 5.0

    assert stages.stop() == {"sound": 1.0}
