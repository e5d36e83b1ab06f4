"""Reads a run's event files with TensorBoard's own reader and compares with events.jsonl.

    python read_tensorboard.py RUN

Needs the package tensorboard (tried with 2.21.0); TensorFlow itself is not needed.
"""
import json
import pathlib
import sys

import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

TRAIN = ("loss", "active", "learning_rate", "images_per_second")


def expected(run):
    """Scalars by name and step; a step that was made again counts as it was made last."""
    scalars = {}
    for line in (run / "events.jsonl").read_text().splitlines():
        event = json.loads(line)
        values = {}
        if event["event"] == "start":  # what a kill cut off is made again
            for steps in scalars.values():
                for step in [s for s in steps if s > event["step"]]:
                    del steps[step]
        elif event["event"] == "step":
            values = {f"train/{name}": event[name] for name in TRAIN}
        elif event["event"] == "eval":
            scores = event["scores"]
            values = {f"val/{name}": value for name, value in scores["metrics"].items()}
            values["val/threshold"] = scores["threshold"]
            values["val/spread"] = scores["spread"]
            values["val/effective_rank"] = scores["effective_rank"]
            values["val/distance_gap"] = scores["distances"]["gap"]
            values["val/distance_same"] = scores["distances"]["positive_mean"]
            values["val/distance_different"] = scores["distances"]["negative_mean"]
        for name, value in values.items():
            scalars.setdefault(name, {})[event["step"]] = value
    return scalars


def main(run):
    reader = EventAccumulator(str(run / "tensorboard"), size_guidance={"scalars": 0})
    reader.Reload()
    want = expected(run)
    got = {}
    for name in reader.Tags()["scalars"]:
        events = reader.Scalars(name)
        steps = [event.step for event in events]
        assert steps == sorted(set(steps)), f"{name}: steps {steps} repeat or go back"
        got[name] = {event.step: event.value for event in events}
    assert sorted(got) == sorted(want), f"tags {sorted(got)}, want {sorted(want)}"
    for name, values in want.items():
        assert sorted(got[name]) == sorted(values), f"{name}: steps {sorted(got[name])}, want {sorted(values)}"
        for step, value in values.items():
            assert got[name][step] == np.float32(value), f"{name}, step {step}: {got[name][step]}, want {value}"
    files = list((run / "tensorboard").iterdir())
    print(f"TensorBoard reads {len(want)} scalars of {run} from {len(files)} files as they were written")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
