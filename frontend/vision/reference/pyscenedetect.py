"""What PySceneDetect's four detectors find on the clips of a truth file, as the evaluation reads it.

    pip install --no-deps --require-hashes -r frontend/vision/reference/pyscenedetect.txt
    python3 frontend/vision/reference/pyscenedetect.py MEDIA TRUTH FOLDER

`cargo xtask eval shots --peers` does both. Detectors are as they come: default thresholds, which stand below, a shortest
scene of 15 frames, and frames as OpenCV decodes them and PySceneDetect shrinks them. A boundary is the start of a scene, the
first left out: the presentation time of its first frame. One file a detector goes to FOLDER.
"""

import json
import os
import sys
from pathlib import Path, PurePosixPath

# Clips are whatever somebody put there: no lists that name other files, no pictures without end. As in src/eval/decode.rs.
CONTAINERS = "mov,matroska,avi,mpegts,mpeg,ogg,flv,ivf,asf"
os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "|".join(
    [
        "protocol_whitelist;file",
        f"format_whitelist;{CONTAINERS}",
        f"max_pixels;{7680 * 4320}",
    ]
)
os.environ["OPENCV_LOG_LEVEL"] = "OFF"
os.environ["OPENCV_FFMPEG_LOGLEVEL"] = "-8"

import cv2  # noqa: E402
import scenedetect  # noqa: E402

VERSION = "0.7.2"
# Longest clip, s.
LONGEST = 3 * 3600.0

DETECTORS = {
    "content": lambda: scenedetect.ContentDetector(threshold=27.0),
    "adaptive": lambda: scenedetect.AdaptiveDetector(adaptive_threshold=3.0),
    "hash": lambda: scenedetect.HashDetector(threshold=0.35),
    "histogram": lambda: scenedetect.HistogramDetector(threshold=0.2),
}


def boundaries(file, detector, first):
    """Presentation seconds at which scenes start, the first left out. OpenCV counts from the first frame, at `first`."""
    video = scenedetect.open_video(str(file), backend="opencv")
    manager = scenedetect.SceneManager()
    manager.add_detector(detector)
    manager.detect_scenes(video, duration=LONGEST)
    return [round(first + start.seconds, 6) for start, _ in manager.get_scene_list()[1:]]


def plain(name):
    """Whether a name stays in its folder."""
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and name.isprintable()


def main():
    media, truth, folder = map(Path, sys.argv[1:])
    if scenedetect.__version__ != VERSION:
        sys.exit(f"PySceneDetect {VERSION} is wanted, this is {scenedetect.__version__}.")
    # One core, as everything else that is measured here.
    cv2.setNumThreads(1)
    entries = json.loads(truth.read_text())
    entries = {name: entry for name, entry in entries.items() if plain(name)}
    for kind, detector in DETECTORS.items():
        clips = {}
        for name, entry in entries.items():
            if "same_content_as" in entry:
                continue
            file = media / name
            clips[name] = []
            try:
                # Devices and queues have no end.
                if not file.is_file():
                    raise OSError("it is no file")
                clips[name] = boundaries(file, detector(), float(entry.get("first_pts", 0)))
            except Exception as error:
                # The evaluation says more; here the others must still be looked at.
                print(f"pyscenedetect-{kind}: {file} is left out: {error}", file=sys.stderr)
        found = {"name": f"pyscenedetect-{kind}", "clips": clips}
        (folder / f"pyscenedetect-{kind}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
