"""The command line of a peer, the same for each:

    PEER train --data mnist-small.zip --pairs test_pairs.csv --seed 0 [--steps 1565]
        trains program 1, measures it, prints one JSON object as its last line
    PEER step
        makes one training step and prints {"event": "first_step"}; then, for each line "run K" of
        its input, makes K steps and prints {"event": "steps", "seconds": [K numbers]}
"""

import argparse
import json
import sys
import time


def arguments(doc):
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train", help="train program 1 and measure it")
    train.add_argument("--data", required=True, help="zip with train/CLASS/*.png and test images")
    train.add_argument("--pairs", required=True, help="pairs file of the test, left,right,same")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--steps", type=int, default=1565, help="of 32 pairs")
    train.add_argument("--eval-every", type=int, default=313, help="steps between validations")
    step = commands.add_parser("step", help="time training steps on request")
    for command in (train, step):
        command.add_argument("--threads", type=int, default=0, help="0: the framework's choice")
    return parser.parse_args()


def say(**fields):
    print(json.dumps(fields), flush=True)


def serve_steps(step, **about):
    """Runs step, which must return only when its result is there, as the protocol above says."""
    step()
    say(event="first_step", **about)
    for line in sys.stdin:
        seconds = []
        for _ in range(int(line.split()[1])):
            start = time.perf_counter()
            step()
            seconds.append(time.perf_counter() - start)
        say(event="steps", seconds=seconds)
