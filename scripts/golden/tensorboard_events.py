#!/usr/bin/env python3
"""Writes Tests/ApusFormatsTests/Resources/events.tfevents with TensorBoard's own package.

Needs Python with tensorboard and numpy. The output is committed.
"""
import pathlib

from tensorboard.compat.proto import event_pb2, graph_pb2, summary_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

out = pathlib.Path(__file__).resolve().parents[2] / "Tests/ApusFormatsTests/Resources"
png = (out / "grey.png").read_bytes()


def value(**fields):
    return summary_pb2.Summary(value=[summary_pb2.Summary.Value(**fields)])


# Of -1, 0.5, 1, 2, 3.
histogram = summary_pb2.HistogramProto(
    min=-1, max=3, num=5, sum=5.5, sum_squares=15.25, bucket_limit=[0, 1, 2, 3], bucket=[1, 1, 1, 2]
)
events = [
    event_pb2.Event(wall_time=1.5, file_version="brain.Event:2"),
    event_pb2.Event(wall_time=2.5, step=7, session_log=event_pb2.SessionLog(status=1)),
    event_pb2.Event(wall_time=3, step=7, summary=value(tag="loss", simple_value=0.25)),
    event_pb2.Event(wall_time=3, step=300, summary=value(tag="zero", simple_value=0)),
    event_pb2.Event(wall_time=4, step=8, summary=value(tag="weights", histo=histogram)),
]
with open(out / "events.tfevents", "wb") as file:
    writer = RecordWriter(file)
    for event in events:
        writer.write(event.SerializeToString(deterministic=True))
    writer.flush()
