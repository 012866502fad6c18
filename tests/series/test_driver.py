"""The driver's decisions, with a pool of its own in place of a cluster: retries, corrupt frames, stopping, resuming."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from xtal.errors import InputError, OutputError
from xtal.io.series_files import read_series_file
from xtal.series.cluster import Lost
from xtal.series.frame import FrameTask
from xtal.series.run import RunOptions, StopRequest, Summary, run_series
from xtal.series.series import Series
from xtal.series.store import Fit

from .conftest import make_light_series

Answer = Callable[[FrameTask], Fit | Lost]


class Pool:
    """Answers at once, the last given first."""

    def __init__(self, answer: Answer, slots: int = 2) -> None:
        self.answer, self.slots, self.waiting, self.given, self.messages = answer, slots, [], [], []
        self.is_connected = True

    @property
    def n_running(self) -> int:
        return len(self.waiting)

    def n_slots(self) -> int:
        return self.slots

    def submit(self, tasks: Sequence[FrameTask], avoid: str = "") -> None:
        self.messages.append(len(tasks))
        self.waiting += tasks
        self.given += [(task, avoid) for task in tasks]

    def next(self, seconds: float):
        if not self.waiting:
            return None
        task = self.waiting.pop()
        return task, self.answer(task)

    def cancel(self, task: FrameTask) -> list[FrameTask]:
        self.waiting.remove(task)
        return [task]


def good(task: FrameTask) -> Fit:
    """A fit whose value tells what it started from."""
    start = 1.0 if task.starts is None else task.starts["phase.ni.cell.a"]
    value = start / 3 + task.frame
    return Fit(task.frame, task.route, "converged", "pass", "fine", rwp=0.1, gof=1.0, attempts=task.attempt, worker="w1",
               started_from=task.parent, sha256=task.sha256, parameters=(("phase.ni.cell.a", value, 0.1),))  # fmt: skip


def run(file: Path, folder: Path, answer: Answer = good, pool: Pool | None = None, stop: StopRequest | None = None,
        listener=None, **options) -> tuple[Summary, Pool]:  # fmt: skip
    used = pool or Pool(answer)

    @contextmanager
    def opened() -> Iterator[Pool]:
        yield used

    given = read_series_file(file)
    return run_series(given, folder, RunOptions(**options), pool=opened(), stop=stop, listener=listener), used


def rows(folder: Path) -> dict[int, tuple]:
    with Series(folder) as series:
        return {
            frame: (fit.status, fit.started_from, fit.sha256, series._full(frame).parameters)
            for frame, fit in series.accepted.items()
        }


def test_every_frame_is_refined_and_starts_where_the_plan_says(light_series, tmp_path):
    summary, pool = run(light_series, tmp_path / "out")
    assert (summary.done, summary.total, summary.failed) == (12, 12, 0)
    assert all((task.parent is None) == (task.starts is None) for task, _ in pool.given)
    assert sum(task.parent is None for task, _ in pool.given) == 4


def test_driver_keeps_only_two_frames_per_worker_in_memory(light_series, tmp_path):
    most = []
    pool = Pool(good, slots=2)
    run(light_series, tmp_path / "out", pool=pool, listener=lambda progress: most.append(pool.n_running))
    assert max(most) <= 4


def test_corrupt_pattern_among_good_ones_is_marked_and_the_rest_goes_on(light_series, tmp_path):
    bad = light_series.parent / "frames" / "frame_5_x0.455.xye"
    bad.write_text("42.0 nan nonsense\n", encoding="utf-8")
    summary, _ = run(light_series, tmp_path / "out")
    assert (summary.done, summary.failed) == (12, 1)
    with Series(tmp_path / "out") as series:
        fit = series.accepted[5]
        assert (fit.status, fit.verdict) == ("unreadable", "fail")
        assert "frame_5_x0.455.xye" in fit.message
        assert str(light_series.parent) not in fit.message


def test_frame_of_another_instrument_is_marked(light_series, tmp_path):
    other = light_series.parent / "frames" / "frame_2_x0.182.xye"
    text = other.read_text(encoding="utf-8")
    other.write_text("# wavelength = 0.7093\n" + text, encoding="utf-8")
    run(light_series, tmp_path / "out")
    with Series(tmp_path / "out") as series:
        assert "0.7093" in series.accepted[2].message
        assert series.accepted[2].status == "unreadable"


def test_failed_frame_is_tried_again_elsewhere_and_cold(light_series, tmp_path):
    def once_failing(task: FrameTask) -> Fit:
        if task.frame == 2 and task.attempt == 1:
            return Fit(2, "main", "failed", "fail", "it diverged", worker="w1")
        return good(task)

    summary, pool = run(light_series, tmp_path / "out", once_failing)
    assert summary.failed == 0
    (again, avoid) = next((task, avoid) for task, avoid in pool.given if task.attempt == 2)
    assert (again.frame, again.starts, avoid) == (2, None, "w1")


def test_frame_that_fails_twice_is_marked_with_its_reason_and_its_children_start_cold(light_series, tmp_path):
    def failing(task: FrameTask) -> Fit | Lost:
        return Lost("its worker process ended without a word") if task.frame == 4 else good(task)

    summary, pool = run(light_series, tmp_path / "out", failing)
    assert (summary.done, summary.failed) == (12, 1)
    with Series(tmp_path / "out") as series:
        assert series.accepted[4].attempts == 2
        assert "ended without a word" in series.accepted[4].message
    assert all(task.starts is None for task, _ in pool.given if task.parent == 4)


def test_dropped_frame_is_given_again_without_counting_against_it(light_series, tmp_path):
    dropped = []

    def dropping(task: FrameTask) -> Fit | Lost:
        if task.frame == 3 and len(dropped) < 5:
            dropped.append(task)
            return Lost("its scheduler dropped it", is_dropped=True)
        return good(task)

    summary, _ = run(light_series, tmp_path / "out", dropping)
    assert (summary.done, summary.failed) == (12, 0)


def test_scheduler_that_goes_away_ends_the_run_resumably(light_series, tmp_path):
    pool = Pool(good)

    def leave(progress) -> None:
        pool.is_connected = progress.done < 5

    summary, _ = run(light_series, tmp_path / "out", pool=pool, listener=leave)
    assert summary.reason == "the scheduler went away"
    assert summary.done == 5
    resumed, _ = run(light_series, tmp_path / "out", resume=True)
    assert resumed.done == 12


def test_first_interrupt_finishes_what_runs_and_second_stops_at_once(light_series, tmp_path):
    stop = StopRequest()

    def once(progress) -> None:
        stop.count = 1

    summary, pool = run(light_series, tmp_path / "out", stop=stop, listener=once)
    assert summary.reason == "stopped on request"
    assert summary.done == len(pool.given) < 12

    def twice(progress) -> None:
        stop.count = 2

    stop.count = 0
    with pytest.raises(KeyboardInterrupt):
        run(light_series, tmp_path / "out", stop=stop, listener=twice, resume=True)
    resumed, _ = run(light_series, tmp_path / "out", resume=True)
    assert resumed.done == 12


@pytest.mark.parametrize("moment", [1, 4, 9])
def test_resumed_run_equals_an_undisturbed_one(light_series, tmp_path, moment):
    run(light_series, tmp_path / "whole")

    def die(progress) -> None:
        if progress.done == moment:
            raise MemoryError

    with pytest.raises(MemoryError):
        run(light_series, tmp_path / "broken", listener=die)
    _, pool = run(light_series, tmp_path / "broken", resume=True)
    assert len(pool.given) == 12 - moment
    assert rows(tmp_path / "broken") == rows(tmp_path / "whole")


def test_folder_with_a_series_needs_resume(light_series, tmp_path):
    run(light_series, tmp_path / "out")
    with pytest.raises(OutputError, match="--resume"):
        run(light_series, tmp_path / "out")
    assert len(rows(tmp_path / "out")) == 12


def test_folder_with_something_else_is_refused(light_series, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("precious", encoding="utf-8")
    with pytest.raises(OutputError, match="holds no series"):
        run(light_series, tmp_path / "out", resume=True)


def test_resume_with_a_changed_job_is_refused(light_series, tmp_path):
    run(light_series, tmp_path / "out")
    job = light_series.parent / "job.toml"
    job.write_text(job.read_text(encoding="utf-8").replace("terms = 2", "terms = 3"), encoding="utf-8")
    with pytest.raises(InputError, match="not what this series was begun with"):
        run(light_series, tmp_path / "out", resume=True)


def test_failed_frames_can_be_refined_once_more(light_series, tmp_path):
    run(light_series, tmp_path / "out", lambda task: Lost("gone") if task.frame == 7 else good(task))
    summary, pool = run(light_series, tmp_path / "out", resume=True, retry_failed=True)
    assert (summary.done, summary.failed) == (12, 0)
    assert [task.frame for task, _ in pool.given] == [7]


def test_only_some_frames(light_series, tmp_path):
    summary, pool = run(light_series, tmp_path / "out", frames="3:7")
    assert summary.total == 4
    assert {task.frame for task, _ in pool.given} == {3, 4, 5, 6}


def test_both_ways_flags_the_frame_whose_answer_depends_on_the_start(light_series, tmp_path):
    def answer(task: FrameTask) -> Fit:
        value = 3.5 if (task.frame, task.route) != (6, "backward") else 3.6
        return dataclasses.replace(good(task), parameters=(("phase.ni.cell.a", value, 1e-4),))

    summary, _ = run(light_series, tmp_path / "out", answer, both_ways=True)
    assert summary.total == 36
    with Series(tmp_path / "out") as series:
        assert [(one.frame, one.name) for one in series.disagreements()] == [(6, "phase.ni.cell.a")]


def test_override_changes_start_and_holds_parameters_in_its_frames_only(light_series, tmp_path):
    text = light_series.read_text(encoding="utf-8")
    extra = '[[override]]\nframes = "2:4"\nfixed = ["phase.ni.cell"]\nexcluded = [[43.0, 46.0]]\n[override.parameters."phase.ni.cell.a"]\nstart = 3.51\n'
    light_series.write_text(text + extra, encoding="utf-8")
    _, pool = run(light_series, tmp_path / "out")
    for task, _ in pool.given:
        is_in = task.frame in (2, 3)
        assert (task.job.parameters["phase.ni.cell.a"].start == 3.51) == is_in
        assert ("phase.ni.cell.a" in task.job.free_names) != is_in
        assert (len(task.job.pattern) < 350) == is_in


def test_fixed_name_that_does_not_exist_is_refused_before_anything_is_written(light_series, tmp_path):
    text = light_series.read_text(encoding="utf-8") + '[shared]\nfixed = ["phase.nickel.cell"]\n'
    light_series.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"no parameter is called 'phase\.nickel\.cell'"):
        run(light_series, tmp_path / "out")
    assert not (tmp_path / "out" / "series.sqlite").exists()


def test_unknown_engine_is_refused_before_anything_is_written(light_series, tmp_path):
    light_series.write_text('engine = "topas"\n' + light_series.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(InputError, match="engine 'topas' is not known"):
        run(light_series, tmp_path / "out")
    assert not (tmp_path / "out" / "series.sqlite").exists()


def test_frames_that_are_all_corrupt_are_refused(light_series, tmp_path):
    for file in (light_series.parent / "frames").iterdir():
        file.write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match="none of 12 frames can be read"):
        run(light_series, tmp_path / "out")


def test_store_can_be_copied_while_nothing_runs(light_series, tmp_path):
    run(light_series, tmp_path / "out")
    shutil.copytree(tmp_path / "out", tmp_path / "copy")
    assert rows(tmp_path / "copy") == rows(tmp_path / "out")


def test_moved_folder_is_resumed(light_series, tmp_path):
    def die(progress) -> None:
        raise MemoryError

    with pytest.raises(MemoryError):
        run(light_series, light_series.parent / "out", listener=die)
    moved = Path(shutil.move(light_series.parent, tmp_path / "elsewhere"))
    summary, _ = run(moved / "series.toml", moved / "out", resume=True)
    assert (summary.done, summary.failed) == (12, 0)


def test_frame_whose_worker_hangs_is_given_up_and_the_series_goes_on(light_series, tmp_path, monkeypatch):
    monkeypatch.setattr("xtal.series.run.GRACE", 0.0)

    class Hanging(Pool):
        def next(self, seconds: float):
            found = [task for task in self.waiting if task.frame != 3]
            if not found:
                return None
            self.waiting.remove(found[0])
            return found[0], self.answer(found[0])

    summary, _ = run(light_series, tmp_path / "out", pool=Hanging(good), timeout=0.01)
    assert (summary.done, summary.failed) == (12, 1)
    with Series(tmp_path / "out") as series:
        assert "neither answered nor ended" in series.accepted[3].message


def test_template_in_place_of_a_job(light_series, tmp_path):
    text = light_series.read_text(encoding="utf-8")
    template = 'template = "quantitative-phase-analysis"\nphases = ["ni"]\ninstrument = "instrument.toml"'
    light_series.write_text(text.replace('job = "job.toml"', template), encoding="utf-8")
    summary, pool = run(light_series, tmp_path / "out", frames="0:2")
    assert summary.done == 2
    assert pool.given[0][0].job.instrument.calibrated
    assert [phase.name for phase in pool.given[0][0].job.phases] == ["ni"]


def test_memory_of_the_driver_does_not_grow_with_the_series(light_series, tmp_path):
    """Twelve frames leave nothing behind but their rows; what is held per frame is counted by the kind of object."""
    import gc

    def held() -> list[FrameTask]:
        gc.collect()
        return [one for one in gc.get_objects() if isinstance(one, FrameTask)]

    before = held()
    run(light_series, tmp_path / "out")
    assert [one for one in held() if not any(one is old for old in before)] == []


def grow(file: Path, *names: str) -> None:
    """Copies of a frame under other names."""
    frames = file.parent / "frames"
    for name in names:
        shutil.copy(frames / "frame_0_x0.000.xye", frames / name)


def test_patterns_that_were_added_are_refined_on_resume_and_nothing_else(light_series, tmp_path):
    run(light_series, tmp_path / "out")
    before = rows(tmp_path / "out")
    grow(light_series, "frame_12_x1.100.xye", "frame_13_x1.200.xye")
    summary, pool = run(light_series, tmp_path / "out", resume=True)
    assert (summary.done, summary.total) == (14, 14)
    assert sorted(task.frame for task, _ in pool.given) == [12, 13]
    after = rows(tmp_path / "out")
    assert {frame: after[frame] for frame in before} == before
    with Series(tmp_path / "out") as series:
        assert [frame.value for frame in series.frames][-2:] == [1.1, 1.2]


def test_pattern_that_sorts_between_old_ones_keeps_their_numbers_and_ramps_are_found_anew(light_series, tmp_path):
    run(light_series, tmp_path / "out")
    grow(light_series, "frame_3_x0.300.xye", "frame_20_x0.500.xye")
    run(light_series, tmp_path / "out", resume=True)
    with Series(tmp_path / "out") as series:
        assert [frame.path.name for frame in series.frames][-2:] == ["frame_3_x0.300.xye", "frame_20_x0.500.xye"]
        assert [(frame.ramp, frame.direction) for frame in series.frames][-2:] == [(0, "up"), (1, "down")]


def test_series_of_chosen_frames_takes_no_others_on_resume(light_series, tmp_path):
    run(light_series, tmp_path / "out", frames="3:7")
    summary, pool = run(light_series, tmp_path / "out", resume=True)
    assert (summary.total, pool.given) == (4, [])


def test_added_pattern_whose_axis_cannot_be_read_is_named_and_nothing_is_changed(light_series, tmp_path):
    run(light_series, tmp_path / "out")
    grow(light_series, "dark.xye")
    with pytest.raises(InputError, match=r"dark\.xye"):
        run(light_series, tmp_path / "out", resume=True)
    assert len(rows(tmp_path / "out")) == 12


def test_second_run_on_a_folder_at_work_is_refused_and_the_first_is_not_disturbed(light_series, tmp_path):
    refused = []

    def interfere(progress) -> None:
        if progress.done == 5:
            with pytest.raises(OutputError, match="another run is at work") as error:
                run(light_series, tmp_path / "out", resume=True)
            refused.append(str(error.value))

    summary, _ = run(light_series, tmp_path / "out", listener=interfere)
    assert len(refused) == 1
    assert "process " in refused[0]
    assert (summary.done, summary.failed) == (12, 0)
    assert len(rows(tmp_path / "out")) == 12


def quick(task: FrameTask) -> Fit:
    return dataclasses.replace(good(task), seconds=0.01)


@pytest.fixture(scope="module")
def long_series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Series file of 64 frames, all alike."""
    file = make_light_series(tmp_path_factory.mktemp("long") / "series", 2)
    frames = file.parent / "frames"
    first, *others = sorted(frames.iterdir())
    for other in others:
        other.unlink()
    for number in range(1, 64):
        shutil.copy(first, frames / f"frame_{number}_x0.{number:03d}.xye")
    return file


def test_quick_frames_travel_several_at_once_and_slow_ones_alone(long_series, tmp_path):
    summary, pool = run(long_series, tmp_path / "quick", quick)
    assert (summary.done, summary.failed) == (64, 0)
    assert max(pool.messages) > 4
    # towards the end no worker waits while another has many
    assert pool.messages[-1] == 1
    slow = Pool(lambda task: dataclasses.replace(good(task), seconds=5.0))
    run(long_series, tmp_path / "slow", pool=slow)
    assert set(slow.messages) == {1}
    assert rows(tmp_path / "quick") == rows(tmp_path / "slow")


def test_frames_of_a_lost_message_are_given_alone_and_the_loss_counts_against_none(long_series, tmp_path):
    lost = []

    def losing(task: FrameTask) -> Fit | Lost:
        if task.frame in (20, 21, 22) and (task.frame, task.attempt) not in lost:
            lost.append((task.frame, task.attempt))
            return Lost("its worker process ended without a word", is_shared=True)
        return quick(task)

    summary, pool = run(long_series, tmp_path / "out", losing)
    assert (summary.done, summary.failed) == (64, 0)
    assert len(lost) == 3
    with Series(tmp_path / "out") as series:
        assert {series.accepted[frame].attempts for frame in (20, 21, 22)} == {1}
    again = [place for place, (task, _) in enumerate(pool.given) if task.frame in (20, 21, 22)]
    sizes = [size for size in pool.messages for _ in range(size)]
    assert all(sizes[place] == 1 for place in again[-3:])
