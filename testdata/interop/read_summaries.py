"""Reads the pictures that tfpair report --projector wrote with TensorBoard's own reader.

    python read_summaries.py FOLDER

Prints a JSON object: [width, height, step] of each picture by its tag, as its PNG says and not its summary. Needs the packages
tensorboard and pillow.
"""
import io
import json
import sys

import PIL.Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

reader = EventAccumulator(sys.argv[1])
reader.Reload()
told = {}
for tag in reader.Tags()["images"]:
    (event,) = reader.Images(tag)
    picture = PIL.Image.open(io.BytesIO(event.encoded_image_string))
    assert picture.size == (event.width, event.height), f"{tag}: {picture.size} is called {event.width} by {event.height}"
    told[tag] = [*picture.size, event.step]
print(json.dumps(told))
