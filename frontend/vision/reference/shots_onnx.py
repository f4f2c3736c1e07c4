"""The student as ONNX, to time our runtime beside others that read that format.

    pip install -r frontend/vision/reference/onnx.txt
    python3 frontend/vision/reference/shots_onnx.py public/models/shots.bin frontend/vision/src/shot/golden.txt OUT.onnx

It is built from the weights file, not from burn's graph, after `src/shot/net.rs`, and does what the browser does with one block
of 32 frames: these are described, what was described of the two blocks before goes in and comes out again, and the middle one
of the three is scored. It must give the golden scores, or nothing is written.

    pixels [32, 27, 48, 3] u8, before [64, 520] f32  ->  scores [32] f32, described [64, 520] f32
"""

import struct
import sys

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

BLOCK, HEIGHT, WIDTH = 32, 27, 48
OFFSETS = PAIRS = [1, 2, 3, 4, 6, 8, 10, 13, 16, 20]
MIXED = [3, 6, 10, 15, 20]
DILATIONS = [2, 4, 4]
RAW, COLOURS, EMBEDDING = 9 * 16 * 3, 24, 64
DESCRIPTION = RAW + COLOURS + EMBEDDING
# The part over time sees one frame and the dilations to each side: so many round the block are compared, no more.
SIDE = 1 + sum(DILATIONS)
FIRST, ROWS = BLOCK - SIDE, BLOCK + 2 * SIDE


def weights(path):
    """Tensors by name; the format is that of `src/weights.rs`."""
    data = open(path, "rb").read()
    assert data[:8] == b"VITRSHOT" and struct.unpack_from("<I", data, 8) == (1,)
    at, out = 48, {}
    for _ in range(struct.unpack_from("<I", data, 44)[0]):
        name = data[at + 1 : at + 1 + data[at]].decode()
        at += 1 + data[at]
        shape = struct.unpack_from(f"<{data[at]}I", data, at + 1)
        at += 1 + 4 * data[at]
        count = int(numpy.prod(shape))
        values = numpy.frombuffer(data, "<f2", count, at)
        out[name] = values.astype(numpy.float32).reshape(shape)
        at += 2 * count
    return out


class Graph:
    """Nodes in order; a value is its name."""

    def __init__(self):
        self.nodes, self.constants = [], []

    def constant(self, value, kind=numpy.float32):
        name = f"c{len(self.constants)}"
        value = numpy.asarray(value, dtype=kind)
        self.constants.append(numpy_helper.from_array(value, name))
        return name

    def op(self, kind, *inputs, to=None, **attributes):
        to = to or f"v{len(self.nodes)}"
        inputs = [i if isinstance(i, str) else self.constant(i) for i in inputs]
        self.nodes.append(helper.make_node(kind, inputs, [to], **attributes))
        return to

    def shape(self, x, *sides):
        return self.op("Reshape", x, self.constant(sides, numpy.int64))

    def rows(self, x, first, count, axis=0):
        ends = [[first], [first + count], [axis]]
        return self.op("Slice", x, *(self.constant(e, numpy.int64) for e in ends))

    def sum(self, x, axis):
        return self.op("ReduceSum", x, self.constant([axis], numpy.int64))

    def mean(self, x, axis):
        return self.op("ReduceMean", x, axes=[axis])

    def unit(self, x):
        norm = self.op("Sqrt", self.op("Add", self.sum(self.op("Mul", x, x), 1), 1e-6))
        return self.op("Div", x, norm)


def build(w):
    """The model."""
    g = Graph()

    def conv(x, name, stride, pad=1):
        settings = {"strides": [stride] * 2, "pads": [pad] * 4}
        y = g.op("Conv", x, w[f"{name}.weight"], w[f"{name}.bias"], **settings)
        return g.op("Relu", y)

    def linear(x, name):
        return g.op("Add", g.op("MatMul", x, w[f"{name}.weight"]), w[f"{name}.bias"])

    # What is seen of one frame.
    g.nodes.append(helper.make_node("Cast", ["pixels"], ["floats"], to=TensorProto.FLOAT))
    x = g.op("Sub", g.op("Div", "floats", 127.5), 1.0)
    frames = g.op("Transpose", x, perm=[0, 3, 1, 2])
    raw = g.op("AveragePool", frames, kernel_shape=[3, 3], strides=[3, 3])
    raw = g.shape(raw, BLOCK, RAW)
    colour = g.shape(conv(frames, "colour", 1, 0), BLOCK, COLOURS, HEIGHT * WIDTH)
    colour = g.unit(g.shape(g.mean(colour, 2), BLOCK, COLOURS))
    x = conv(conv(frames, "first", 2), "second", 2)
    x = conv(conv(x, "third", 1), "fourth", 2)
    embedding = g.unit(linear(g.shape(x, BLOCK, 4 * 6 * 48), "embed"))
    described = g.op("Concat", raw, colour, embedding, axis=1)
    every = g.op("Concat", "before", described, axis=0)
    g.op("Slice", every, *(g.constant(e, numpy.int64) for e in ([BLOCK], [3 * BLOCK], [0])), to="described")

    # How alike frames are.
    raw = g.rows(every, 0, RAW, 1)
    colour = g.rows(every, RAW, COLOURS, 1)
    embedding = g.rows(every, RAW + COLOURS, EMBEDDING, 1)
    index = []
    for i in range(FIRST, FIRST + ROWS):
        for k in OFFSETS:
            index += [(i, i - k), (i, i + k)]
        index += [(i - k, i + k - 1) for k in PAIRS]
    index = g.constant([a * 3 * BLOCK + b for a, b in index], numpy.int64)
    compared = len(OFFSETS) * 2 + len(PAIRS)

    def product(x):
        return g.op("MatMul", x, g.op("Transpose", x, perm=[1, 0]))

    def spread(x, factor):
        x = g.op("Gather", g.shape(x, -1), index)
        x = g.op("Sqrt", g.op("Add", g.op("Max", x, 0.0), 1e-4))
        return g.shape(g.op("Mul", x, factor), ROWS, compared)

    squares = g.sum(g.op("Mul", raw, raw), 1)
    far = g.op("Add", squares, g.op("Transpose", squares, perm=[1, 0]))
    far = g.op("Div", g.op("Sub", far, g.op("Mul", product(raw), 2.0)), float(RAW))
    channels = g.shape(raw, 3 * BLOCK, 3, RAW // 3)
    light_free = g.op("Sub", channels, g.mean(channels, 2))
    light_free = g.unit(g.shape(light_free, 3 * BLOCK, RAW))
    parts = [spread(far, 4.0)]
    for x in (light_free, colour, embedding):
        parts.append(spread(g.op("Sub", 1.0, product(x)), 3.0))

    # How far each frame is from the line between two others.
    def mean(x):
        x = g.mean(g.shape(g.op("Abs", x), ROWS, RAW), 1)
        return g.shape(x, ROWS, 1, 1)

    here = g.rows(channels, FIRST, ROWS)
    for k in MIXED:
        a = g.rows(channels, FIRST - k, ROWS)
        way = g.op("Sub", g.rows(channels, FIRST + k, ROWS), a)
        gone = g.op("Sub", here, a)
        along = g.sum(g.op("Mul", gone, way), 1)
        length = g.sum(g.op("Mul", way, way), 1)
        total = g.op("Add", g.sum(length, 2), 1e-4)
        whole = g.op("Clip", g.op("Div", g.sum(along, 2), total), 0.0, 1.0)
        each = g.op("Clip", g.op("Div", along, g.op("Add", length, 1e-3)), 0.0, 1.0)
        scale = g.op("Add", mean(way), 0.02)

        def off(share):
            return g.op("Div", mean(g.op("Sub", gone, g.op("Mul", way, share))), scale)

        apart = g.op("Mul", g.op("Abs", g.op("Sub", each, whole)), length)
        apart = g.op("Div", g.sum(apart, 2), total)
        parts += [g.shape(x, ROWS, 1) for x in (off(whole), off(each), whole, apart)]

    # What that means over time.
    said = g.op("Relu", linear(g.rows(embedding, FIRST, ROWS), "say"))
    x = g.op("Concat", *parts, said, axis=1)
    x = g.shape(g.op("Transpose", x, perm=[1, 0]), 1, -1, ROWS)

    def over_time(x, name, dilation):
        settings = {"dilations": [dilation], "pads": [dilation] * 2}
        y = g.op("Conv", x, w[f"{name}.weight"], w[f"{name}.bias"], **settings)
        return g.op("Relu", y)

    x = over_time(x, "join", 1)
    for i, dilation in enumerate(DILATIONS):
        x = g.op("Add", over_time(x, f"time.{i}", dilation), x)
    x = g.op("Transpose", g.rows(x, SIDE, BLOCK, 2), perm=[0, 2, 1])
    g.op("Sigmoid", g.shape(linear(x, "answer"), BLOCK), to="scores")

    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        g.nodes,
        "shots",
        [
            value("pixels", TensorProto.UINT8, [BLOCK, HEIGHT, WIDTH, 3]),
            value("before", TensorProto.FLOAT, [2 * BLOCK, DESCRIPTION]),
        ],
        [
            value("scores", TensorProto.FLOAT, [BLOCK]),
            value("described", TensorProto.FLOAT, [2 * BLOCK, DESCRIPTION]),
        ],
        g.constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def scene(k, i):
    """The test's scene `k` at frame `i` (`src/shot/test.rs`), [27, 48, 3], 0 to 1."""
    f = numpy.float32
    colours = [
        [[0.1, 0.2, 0.6], [0.9, 0.8, 0.3]],
        [[0.8, 0.2, 0.2], [0.1, 0.1, 0.1]],
        [[0.2, 0.6, 0.3], [0.9, 0.9, 0.9]],
        [[0.6, 0.5, 0.4], [0.2, 0.1, 0.3]],
        [[0.9, 0.6, 0.7], [0.1, 0.5, 0.6]],
        [[0.15, 0.15, 0.2], [0.7, 0.7, 0.2]],
    ]
    a, b = (numpy.array(c, f) for c in colours[k % 6])
    y, x = numpy.meshgrid(numpy.arange(HEIGHT, dtype=f), numpy.arange(WIDTH, dtype=f), indexing="ij")
    drift = f(i) * f(0.15)
    if k % 3 == 0:
        m = f(9 + k) - numpy.hypot(x - f(14) - drift, y - f(13))
    elif k % 3 == 1:
        m = numpy.sin(x * f(0.2) + y * f(0.35) + drift * f(0.3)) * f(2) + f(0.5)
    else:
        m = (y - f(12) + numpy.cos(x * f(0.15) + drift * f(0.2)) * f(5)) * f(0.5)
    m = numpy.clip(m, f(0), f(1))[..., None]
    return a * (f(1) - m) + b * m


def film():
    """The test's film: six scenes, four cuts and a dissolve."""
    frames = []
    for i in range(270):
        picture = scene(i // 45, i)
        if 172 <= i <= 188:
            p = numpy.float32(i - 171) / numpy.float32(18)
            picture = scene(3, i) * (1 - p) + scene(4, i) * p
        frames.append((picture * numpy.float32(255)).astype(numpy.uint8))
    return numpy.stack(frames)


def scores(model, frames):
    """Of a whole film, the first and the last frame repeated before and after it."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    fill = -len(frames) % BLOCK + BLOCK
    padded = numpy.concatenate([frames, numpy.repeat(frames[-1:], fill, 0)])
    first = numpy.repeat(frames[:1], BLOCK, 0)
    state = numpy.zeros([2 * BLOCK, DESCRIPTION], numpy.float32)
    out = []
    for i in range(-1, len(padded) // BLOCK):
        block = first if i < 0 else padded[i * BLOCK : (i + 1) * BLOCK]
        answer, state = session.run(["scores", "described"], {"pixels": block, "before": state})
        # The first to be scored is the first real block, once the next is there.
        if i >= 1:
            out.append(answer)
    return numpy.concatenate(out)[: len(frames)]


def main():
    source, golden, out = sys.argv[1:]
    model = build(weights(source))
    wanted = numpy.loadtxt(golden)
    worst = numpy.abs(scores(model, film()) - wanted).max()
    if not worst < 1e-3:
        sys.exit(f"The ONNX graph differs from the golden scores by {worst}.")
    onnx.save(model, out)
    print(f"{worst:.6f}")


if __name__ == "__main__":
    main()
