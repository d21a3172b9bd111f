"""How well voice activity detectors tell speech from noise, on the labelled set.

A detector gives one score for each of its own frames, in samples of 16 kHz. A frame's label is that
of its centre. Figures are over frames: the area under the ROC curve (the chance that a speech frame
scores above a frame without speech), the best F1 over all thresholds, and the share of speech found
where 5 % of the frames without speech are taken for speech. A detector that only says yes or no has
one point instead of a curve; the area under the two lines through it is its balanced accuracy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

import labelled_set

Floats = NDArray[np.float64]
Score = Callable[[NDArray[np.float32]], NDArray[Any]]

CURVE_POINTS: Final = 200  # of an ROC curve as it is kept


@dataclass(frozen=True)
class Detector:
    """A name and what makes a fresh scoring function, of `hop` samples per score."""

    name: str
    hop: int
    start: Callable[[], Score]
    binary: bool = False


@dataclass
class Pool:
    """Scores and labels of many frames."""

    scores: list[NDArray[Any]] = field(default_factory=list)
    labels: list[NDArray[np.bool_]] = field(default_factory=list)

    def add(self, scores: NDArray[Any], labels: NDArray[np.bool_]) -> None:
        """Take the frames of one file."""
        self.scores.append(scores)
        self.labels.append(labels)

    def figures(self) -> dict[str, float]:
        """Give the area, the best F1 and the share found at 5 % false alarms."""
        false_alarms, found, best_f1 = roc(np.concatenate(self.scores), np.concatenate(self.labels))
        return {
            "auc": float(np.trapezoid(found, false_alarms)),
            "best_f1": best_f1,
            "tpr_at_5_fpr": float(np.interp(0.05, false_alarms, found)),
        }

    def curve(self) -> list[list[float]]:
        """Give the ROC curve at evenly spread false alarm rates, for a picture."""
        false_alarms, found, _ = roc(np.concatenate(self.scores), np.concatenate(self.labels))
        # The square root puts points where the curve bends, near 0.
        wanted = np.linspace(0, 1, CURVE_POINTS) ** 2
        return [[float(x), float(np.interp(x, false_alarms, found))] for x in wanted]


def roc(scores: NDArray[Any], labels: NDArray[np.bool_]) -> tuple[Floats, Floats, float]:
    """Give false alarm rates, hit rates (both from 0 to 1) and the best F1.

    Frames of one score fall on the same side of every threshold, so they make one step.
    """
    order = np.argsort(-scores.astype(np.float64), kind="stable")
    sorted_scores, sorted_labels = scores[order], labels[order]
    last_of_step = np.flatnonzero(np.append(sorted_scores[1:] != sorted_scores[:-1], True))
    hits = np.cumsum(sorted_labels)[last_of_step]
    alarms = last_of_step + 1 - hits
    positives, negatives = int(hits[-1]), int(alarms[-1])
    if positives == 0 or negatives == 0:
        raise ValueError("the labels are all alike: no ROC curve")
    f1 = 2 * hits / (hits + alarms + positives)
    start = np.zeros(1)
    return (
        np.concatenate([start, alarms / negatives]),
        np.concatenate([start, hits / positives]),
        float(np.max(f1)),
    )


def labels_at_centres(
    speech_s: list[list[float]], frames: int, hop: int, rate: int = labelled_set.RATE
) -> NDArray[np.bool_]:
    """Tell for the centre of each of `frames` frames of `hop` samples whether it is speech."""
    centres = (np.arange(frames) + 0.5) * hop / rate
    result = np.zeros(frames, np.bool_)
    for begin, end in speech_s:
        result |= (centres >= begin) & (centres < end)
    return result


def measure(
    detectors: list[Detector],
    folder: Path,
    manifest: dict[str, Any],
    clips: list[str],
    progress: Callable[[str], None],
) -> dict[str, Any]:
    """Run every detector over the files of `clips`; give its figures by noise, ratio and in all."""
    files = [entry for entry in manifest["files"] if entry["clip"] in clips]
    results: dict[str, Any] = {}
    for detector in detectors:
        progress(f"accuracy of {detector.name} on {len(files)} files")
        pools: dict[str, Pool] = {}
        for entry in files:
            samples = labelled_set.read_wav(folder / entry["file"]).astype(np.float32)
            scores = np.asarray(detector.start()(samples))
            expected = len(samples) // detector.hop
            if len(scores) != expected or not np.all(np.isfinite(scores)):
                raise RuntimeError(
                    f"{detector.name} gave {len(scores)} scores for {entry['file']}, "
                    f"expected {expected} finite ones"
                )
            speech = manifest["clips"][entry["clip"]]["speech_s"]
            labels = labels_at_centres(speech, len(scores), detector.hop)
            for key in groups(entry):
                pools.setdefault(key, Pool()).add(scores, labels)
        results[detector.name] = {
            "hop_ms": 1e3 * detector.hop / labelled_set.RATE,
            "binary": detector.binary,
            "figures": {key: pool.figures() for key, pool in pools.items()},
            "curve": pools["all"].curve() if not detector.binary else None,
            "point": binary_point(pools["all"]) if detector.binary else None,
        }
    return results


def groups(entry: dict[str, Any]) -> list[str]:
    """Say which figures a file counts in: all noisy files together, its noise, its ratio, both."""
    if entry["snr_db"] is None:
        return ["clean"]
    noise, ratio = entry["noise"], f"{entry['snr_db']} dB"
    return ["all", noise, ratio, f"{noise} {ratio}"]


def binary_point(pool: Pool) -> list[float]:
    """Give false alarms and hits of a yes-or-no detector."""
    says = np.concatenate(pool.scores).astype(np.bool_)
    labels = np.concatenate(pool.labels)
    return [float(np.mean(says[~labels])), float(np.mean(says[labels]))]
