"""Makes the labelled speech set: voices with pauses between them, in noise, and where speech is.

Everything comes from Debian packages, so anyone can make the same set: recordings of readers and
speakers (pocketsphinx-testdata, asterisk-core-sounds-en-wav) and speech by espeak-ng, flite and
festival. The order, pauses, levels and noises are seeded; `manifest.json` holds the labels and a
hash over all samples, which names the data that a result was measured on.

How a label comes about: the *clean* voice decides, before any noise. Its 10 ms frames are speech
where their level is within 40 dB of the voice's loud frames (its 95th percentile) for synthesised
voices, whose silence is digital, and within 30 dB for recordings, which have a room behind them.
Gaps shorter than 100 ms, such as the stop of a consonant, belong to the speech around them; bursts
shorter than 30 ms do not count. The pauses that are put between the voices are digital silence.

Usage: python bench/labelled_set.py [--out build/vad-set]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import subprocess
import tempfile
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

Floats = NDArray[np.float64]

VERSION: Final = 1  # of what this file makes; another number, another set
RATE: Final = 16_000
FRAME: Final = RATE // 100  # labels are made of 10 ms frames
SEED: Final = 20_240
SPEECH_DBFS: Final = -26.0  # active level, before each clip's own gain
CLIP_GAINS_DB: Final = (0.0, -6.0, 3.0, -3.0, 6.0, -9.0)
SNRS_DB: Final = (20, 10, 5, 0)
NOISES: Final = ("white", "pink", "babble", "hum")
MAX_PAUSE_S: Final = 2.5

SPHINX: Final = Path("/usr/share/pocketsphinx/test/data")
ASTERISK: Final = Path("/usr/share/asterisk/sounds/en_US_f_Allison")

SENTENCES: Final = (
    "The train leaves at nine, and nobody knows why it stops in the fields.",
    "Please put the blue box on the shelf before you close the door.",
    "She asked for six fresh apples, a bottle of milk, and half a loaf of bread.",
    "When the rain had gone, the children ran down to the river.",
    "It is not far: turn left at the church, then walk along the wall.",
    "Thirty seven boats were counted in the harbour this morning.",
)


@dataclass(frozen=True)
class Voice:
    """One utterance: how to get its samples, and how deep below its loud frames speech reaches."""

    name: str
    load: Callable[[], Floats]
    depth_db: float


@dataclass
class Clip:
    """A track of clean speech and its labels, one for each 10 ms."""

    name: str
    voices: list[str]
    samples: Floats
    labels: NDArray[np.bool_]


def read_wav(path: Path) -> Floats:
    """Give a 16-bit mono WAV file at 16 kHz."""
    with wave.open(str(path), "rb") as file:
        if file.getsampwidth() != 2 or file.getnchannels() != 1:
            raise ValueError(f"{path} is not 16-bit mono")
        rate = file.getframerate()
        data = file.readframes(file.getnframes())
    samples = np.frombuffer(data, "<i2").astype(np.float64) / 32768
    if rate == RATE:
        return samples
    common = math.gcd(rate, RATE)
    changed: Floats = resample_poly(samples, RATE // common, rate // common)
    return changed


def read_raw(path: Path) -> Floats:
    """Give 16-bit samples without a header, at 16 kHz."""
    return np.fromfile(path, "<i2").astype(np.float64) / 32768


def recording(path: Path) -> Voice:
    """Name an utterance that somebody spoke."""
    load = read_raw if path.suffix == ".raw" else read_wav
    return Voice(f"{path.parent.name}/{path.name}", lambda: load(path), 30.0)


def spoken_by(program: str, voice: str, text: str) -> Voice:
    """Name an utterance that a program speaks."""

    def load() -> Floats:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "speech.wav"
            command = {
                "espeak-ng": ["espeak-ng", "-v", voice, "-w", str(path), text],
                "flite": ["flite", "-voice", voice, "-t", text, "-o", str(path)],
                "festival": ["text2wave", "-eval", f"(voice_{voice})", "-o", str(path)],
            }[program]
            subprocess.run(command, input=text, text=True, check=True, capture_output=True)
            return read_wav(path)

    return Voice(f"{program}/{voice}", load, 40.0)


def recorded_voices() -> list[list[Voice]]:
    """Utterances of readers and speakers, by clip."""
    librivox = sorted((SPHINX / "librivox").glob("*.wav"))
    commands = [SPHINX / f"{name}.raw" for name in ("goforward", "numbers", "something")]
    cards = [SPHINX / "cards" / f"{number:03d}.wav" for number in range(1, 6)]
    prompts = ("dir-intro", "demo-abouttotry", "demo-nogo")
    clips = [librivox, [*commands, *cards], [ASTERISK / f"{name}.wav" for name in prompts]]
    return [[recording(path) for path in clip] for clip in clips]


def synthesised_voices() -> list[list[Voice]]:
    """Utterances of programs, by clip."""
    espeak = ("en-us", "en-gb+f3", "de", "fr+f2", "es+m3", "it")
    flite = ("slt", "awb", "rms", "kal16")
    festival = ("cmu_us_slt_arctic_hts", "kal_diphone")
    return [
        [spoken_by("espeak-ng", voice, SENTENCES[i]) for i, voice in enumerate(espeak)],
        [spoken_by("flite", voice, SENTENCES[i + 1]) for i, voice in enumerate(flite)],
        [
            spoken_by("festival", voice, SENTENCES[i])
            for voice in festival
            for i in range(1, len(SENTENCES), 2)
        ],
    ]


def babble_voices() -> list[Voice]:
    """Voices that talk at the same time; none of their sentences is in a clip."""
    text = "".join(
        f"This is remark {number} of a talk that goes on and on. " for number in range(9)
    )
    programs = [("espeak-ng", "en-gb"), ("espeak-ng", "en-us+f4"), ("espeak-ng", "nl")]
    prompts = ("demo-congrats", "priv-callee-options", "conf-adminmenu", "demo-moreinfo")
    return [
        *(spoken_by(program, voice, text) for program, voice in programs),
        spoken_by("flite", "awb", text),
        *(recording(ASTERISK / f"{name}.wav") for name in prompts),
    ]


def frame_levels_db(samples: Floats) -> Floats:
    """Level of each 10 ms frame, dB of full scale; digital silence is -200."""
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    levels: Floats = 10 * np.log10(np.mean(frames**2, axis=1) + 1e-20)
    return levels


def runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Begin and end of each stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.view(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def label(samples: Floats, depth_db: float) -> NDArray[np.bool_]:
    """Tell for each 10 ms frame of a clean voice whether it is speech."""
    levels = frame_levels_db(samples)
    speech = levels > np.percentile(levels, 95) - depth_db
    for begin, end in runs(~speech):
        if end - begin < 10 and begin > 0 and end < len(speech):
            speech[begin:end] = True
    for begin, end in runs(speech):
        if end - begin < 3:
            speech[begin:end] = False
    return speech


def at_active_level(samples: Floats, labels: NDArray[np.bool_], dbfs: float) -> Floats:
    """Scale a voice so that its speech frames have an RMS of `dbfs`."""
    frames = samples[: len(labels) * FRAME].reshape(-1, FRAME)
    rms = math.sqrt(float(np.mean(frames[labels] ** 2)))
    return samples * (10 ** (dbfs / 20) / rms)


def assemble(name: str, voices: list[Voice], gain_db: float, random: np.random.Generator) -> Clip:
    """Put voices one after another with silence before, between and after them."""
    parts: list[Floats] = []
    labels: list[NDArray[np.bool_]] = []

    def pause() -> None:
        frames = int(random.uniform(0.6, MAX_PAUSE_S) * RATE) // FRAME
        parts.append(np.zeros(frames * FRAME))
        labels.append(np.zeros(frames, np.bool_))

    for voice in voices:
        samples = voice.load()
        samples = samples[: len(samples) // FRAME * FRAME]
        speech = label(samples, voice.depth_db)
        pause()
        parts.append(at_active_level(samples, speech, SPEECH_DBFS + gain_db))
        labels.append(speech)
    pause()
    return Clip(
        name, [voice.name for voice in voices], np.concatenate(parts), np.concatenate(labels)
    )


def coloured(frames: int, exponent: float, random: np.random.Generator) -> Floats:
    """Gaussian noise whose power falls with frequency**exponent, from 20 Hz up."""
    spectrum = np.fft.rfft(random.standard_normal(frames))
    frequencies = np.fft.rfftfreq(frames, 1 / RATE)
    shaped: Floats = np.fft.irfft(
        spectrum * np.maximum(frequencies, 20.0) ** (-exponent / 2), frames
    )
    return shaped


def hum(frames: int, random: np.random.Generator) -> Floats:
    """Mains hum: 50 Hz and harmonics that fall by 3 dB each, slowly swelling, over faint noise."""
    time = np.arange(frames) / RATE
    tones = sum(
        10 ** (-3 * k / 20) * np.sin(2 * np.pi * 50 * (k + 1) * time + random.uniform(0, 2 * np.pi))
        for k in range(16)
    )
    swell = 1 + 0.2 * np.sin(2 * np.pi * 0.13 * time)
    result: Floats = tones * swell + 0.02 * random.standard_normal(frames)
    return result


def babble(frames: int, voices: list[Floats], random: np.random.Generator) -> Floats:
    """All voices at once, each from a place of its own, around and around."""
    total = np.zeros(frames)
    for voice in voices:
        start = int(random.integers(len(voice)))
        total += np.resize(np.roll(voice, -start), frames)
    return total


def make_noise(kind: str, frames: int, voices: list[Floats], random: np.random.Generator) -> Floats:
    """Give one noise of any level."""
    if kind == "babble":
        return babble(frames, voices, random)
    if kind == "hum":
        return hum(frames, random)
    return coloured(frames, {"white": 0.0, "pink": 1.0}[kind], random)


def to_int16(samples: Floats) -> NDArray[np.int16]:
    """Round to 16 bits; what would be above full scale is made quieter as a whole."""
    gain = min(1.0, 0.99 / float(np.max(np.abs(samples))))
    return np.rint(samples * (gain * 32767)).astype(np.int16)


def mix(clip: Clip, noise: Floats, snr_db: float) -> Floats:
    """Add noise `snr_db` below the speech's active level."""
    speech = clip.samples.reshape(-1, FRAME)[clip.labels]
    wanted = math.sqrt(float(np.mean(speech**2))) * 10 ** (-snr_db / 20)
    return clip.samples + noise * (wanted / math.sqrt(float(np.mean(noise**2))))


def write_wav(path: Path, samples: NDArray[np.int16]) -> None:
    """Write 16 kHz mono."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.astype("<i2").tobytes())


def clean_clips(random: np.random.Generator) -> list[Clip]:
    """Give the clips before noise."""
    sources = [("recorded", voices) for voices in recorded_voices()]
    sources += [("synthesised", voices) for voices in synthesised_voices()]
    return [
        assemble(f"{kind}-{index + 1}", voices, CLIP_GAINS_DB[index], random)
        for index, (kind, voices) in enumerate(sources)
    ]


def loud_voice(voice: Voice) -> Floats:
    """Give one voice of the babble, all at one level."""
    samples = voice.load()
    samples = samples[: len(samples) // FRAME * FRAME]
    return at_active_level(samples, label(samples, voice.depth_db), SPEECH_DBFS)


def make(out: Path, progress: Callable[[str], None]) -> dict[str, Any]:
    """Write every clip clean and in every noise at every ratio; give the manifest."""
    out.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(SEED)
    progress("speaking and labelling the clips")
    clips = clean_clips(random)
    voices = [loud_voice(voice) for voice in babble_voices()]
    digest = hashlib.sha256(str(VERSION).encode())
    files: list[dict[str, Any]] = []
    for clip in clips:
        progress(f"mixing {clip.name}: {len(clip.samples) / RATE:.0f} s")
        tracks: list[tuple[str, int | None, Floats]] = [("clean", None, clip.samples)]
        for kind in NOISES:
            noise = make_noise(kind, len(clip.samples), voices, random)
            tracks += [(kind, snr, mix(clip, noise, snr)) for snr in SNRS_DB]
        for kind, snr, track in tracks:
            samples = to_int16(track)
            name = f"{clip.name}-{kind}{'' if snr is None else f'-{snr}dB'}.wav"
            write_wav(out / name, samples)
            digest.update(samples.astype("<i2").tobytes())
            files.append({"file": name, "clip": clip.name, "noise": kind, "snr_db": snr})
        digest.update(clip.labels.tobytes())
    manifest = {
        "version": VERSION,
        "rate": RATE,
        "sha256": digest.hexdigest(),
        "seconds_clean": sum(len(clip.samples) for clip in clips) / RATE,
        "seconds_total": sum(len(clip.samples) for clip in clips) * len(tracks) / RATE,
        "speech_share": float(np.mean(np.concatenate([clip.labels for clip in clips]))),
        "clips": {
            clip.name: {
                "voices": clip.voices,
                "frames": len(clip.samples),
                "speech_s": [[a / 100, b / 100] for a, b in runs(clip.labels)],
            }
            for clip in clips
        },
        "files": files,
    }
    (out / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return manifest


def load_manifest(out: Path) -> dict[str, Any] | None:
    """Give the manifest of a set made before by this version, or None."""
    path = out / "manifest.json"
    if not path.exists():
        return None
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    complete = all((out / entry["file"]).exists() for entry in manifest["files"])
    return manifest if manifest.get("version") == VERSION and complete else None


def main() -> None:
    """Make the set and print what it is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("build/vad-set"))
    out: Path = parser.parse_args().out
    manifest = make(out, print)
    print(
        f"{manifest['seconds_total']:.0f} s in {len(manifest['files'])} files, "
        f"{100 * manifest['speech_share']:.0f} % speech, sha256 {manifest['sha256']}"
    )


if __name__ == "__main__":
    main()
