#!/usr/bin/env python3
"""Reads TensorBoard's event files with the real package and prints what they have, as one JSON object.

    scripts/check-tensorboard.py FOLDER

Fails where a record or a message is damaged. Needs the Python packages tensorboard and Pillow.
"""

import io
import json
import pathlib
import sys

from PIL import Image
from tensorboard.backend.event_processing import event_accumulator
from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorboard.compat.proto import event_pb2


def main(folder):
    files = sorted(pathlib.Path(folder).glob("events.out.tfevents.*"))
    assert files, f"{folder} has no event files"
    count = 0
    for file in files:
        # The loader stops quietly at a damaged record, so the bytes are counted too.
        size = 0
        for record in RawEventFileLoader(str(file)).Load():
            event_pb2.Event.FromString(record)
            size += len(record) + 16
            count += 1
        assert size == file.stat().st_size, f"{file}: {file.stat().st_size - size} bytes are not read"
    data = event_accumulator.EventAccumulator(folder, {key: 0 for key in event_accumulator.DEFAULT_SIZE_GUIDANCE})
    data.Reload()
    tags = data.Tags()
    result = {"files": len(files), "events": count, "scalars": {}, "histograms": {}, "images": {}}
    for tag in tags["scalars"]:
        points = data.Scalars(tag)
        steps = [point.step for point in points]
        assert steps == sorted(set(steps)), f"{tag}: steps {steps}"
        result["scalars"][tag] = [len(points), points[0].value, points[-1].value]
    for tag in tags["histograms"]:
        last = data.Histograms(tag)[-1].histogram_value
        assert sum(last.bucket) == last.num
        result["histograms"][tag] = [last.min, last.max, last.num]
    for tag in tags["images"]:
        last = data.Images(tag)[-1]
        picture = Image.open(io.BytesIO(last.encoded_image_string))
        assert picture.size == (last.width, last.height)
        result["images"][tag] = [picture.mode, *picture.size]
    if tags["graph"]:
        nodes = {node.name: node for node in data.Graph().node}
        for node in nodes.values():
            assert all(name.split(":")[0] in nodes for name in node.input), node.name
        result["graph"] = len(nodes)
    print(json.dumps(result, indent=2))


main(sys.argv[1])
