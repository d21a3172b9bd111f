"""The page's sections on voice activity and the way to a speech model."""

from __future__ import annotations

from typing import Any, Final

from markdown import percent, picture, table, x
from timing import median, times_faster

CONDITIONS: Final = (
    "all",
    "clean",
    "20 dB",
    "10 dB",
    "5 dB",
    "0 dB",
    "white",
    "pink",
    "babble",
    "hum",
)
STAGES: Final = ("resample", "vad", "format")


def voice_activity(results: dict[str, Any], folder: str) -> str:
    """Show cost and accuracy of the detectors."""
    speech, accuracy = results["speech"], results["accuracy"]
    data = accuracy["data"]
    times = speech["times_us"]
    reference = times["Silero, ONNX Runtime"]
    energy = results["resamplers"]["energy_vad"]
    cost = table(
        (
            f"{speech['seconds']:.1f} s of speech at 16 kHz",
            "us per frame",
            "frame, ms",
            "spread",
            "vs Silero on ONNX Runtime",
        ),
        [
            (
                name,
                f"{median(own) / speech['frames'][name]:.3g}",
                f"{speech['frame_ms'][name]:.0f}",
                percent(own),
                x(times_faster(reference, own)),
            )
            for name, own in times.items()
        ],
    )
    return f"""## Voice activity

### Cost

Through Python, whole clips in one call where the detector takes them. In C++ a frame of 20 ms costs
the energy VAD {median(energy["frame_us"]):.3f} us ({percent(energy["frame_us"])}), its level
{median(energy["level_frame_us"]):.3f} us.

{cost}
### Accuracy

On the set that `bench/labelled_set.py` makes from Debian packages: {data["files"]} files,
{data["seconds"]:.0f} s, {100 * data["speech_share"]:.0f} % speech, recorded and synthesised voices,
clean and in white and pink noise, babble and hum at 20, 10, 5 and 0 dB. Labels come from the clean
voices. sha256 of the data: `{data["sha256"]}`.

A score is judged by the label at the centre of its frame: no look-ahead, no shift. AUC is the area
under the ROC curve, balanced accuracy for detectors that only say yes or no. To call everything
speech has F1 {accuracy["f1_of_always"]:.3f}, so F1 alone says little.

{picture(folder, "roc", "ROC curves of the detectors over all noisy files")}
{accuracy_table(accuracy, "auc", "AUC")}
{accuracy_table(accuracy, "tpr_at_5_fpr", "speech found at 5 % false alarms")}
{accuracy_table(accuracy, "best_f1", "best F1")}"""


def accuracy_table(accuracy: dict[str, Any], key: str, name: str) -> str:
    """Show one figure for every detector in every condition."""
    body = [
        (detector, *(f"{entry['figures'][column][key]:.3f}" for column in CONDITIONS))
        for detector, entry in accuracy["detectors"].items()
    ]
    return table((name, "all noisy", *CONDITIONS[1:]), body)


def preprocessing(results: dict[str, Any], folder: str) -> str:
    """Show the example's pipeline."""
    entry = results["pipeline"]
    body = []
    for vad, result in entry["results"].items():
        for side in ("native", "pipeline", "python"):
            if side not in result:
                continue
            own = result[side]
            stages = own.get("stages_ms", {})
            body.append(
                (
                    f"{vad}, {side}",
                    x(own["times_faster"]) if "times_faster" in own else "",
                    f"{own['median_ms']:.2f}",
                    f"{100 * own['spread']:.0f} %",
                    *(f"{stages[s]:.2f}" if s in stages else "" for s in STAGES),
                    f"{own['peak_mib']:.0f}" if "peak_mib" in own else "",
                    f"{own['work_mib']:.1f}" if "work_mib" in own else "",
                )
            )
    head = ("", "vs Python", "ms", "spread", *STAGES, "peak, MiB", "of it work, MiB")
    return f"""## Ten seconds of stereo for a speech model

`examples/native_runtime/12_audio_preprocessing_benchmark.py`: {entry["seconds"]:.0f} s at
{entry["rate"]} Hz, stereo, to 16 kHz mono (ours offline), speech found, int16. *native* are the
functions of `remotemedia.audio`, *pipeline* the same as a graph, *python* is soxr and NumPy, and
ONNX Runtime for Silero. Peak memory is that of a process that does this once, the interpreter
included.

{picture(folder, "pipeline", "Time of each stage, native and Python")}
{table(head, body)}"""
