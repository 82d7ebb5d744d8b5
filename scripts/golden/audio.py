"""Writes what torchaudio and librosa make of a short sound: the numbers of AudioTests."""

import pathlib

import librosa
import numpy as np
import scipy.fft
import torch
from safetensors.torch import save_file

# torchaudio refuses a PyTorch for another CUDA, though nothing here runs on one.
torch.version.cuda = "13.0"
import torchaudio

torch.manual_seed(0)
rate = 8000
time = torch.arange(1200) / rate
sound = 0.5 * torch.sin(2 * torch.pi * 440 * time) + 0.2 * torch.sin(2 * torch.pi * 1000 * time * (1 + time))
sound = sound + 0.01 * torch.randn(1200)
stereo = torch.stack([sound, sound.flip(0)])

tensors = {"sound": sound, "stereo": stereo}
spectrum = torch.stft(
    stereo, 256, 100, 200, torch.hamming_window(200), center=True, pad_mode="reflect", return_complex=True)
tensors["stft.real"] = spectrum.real.transpose(-1, -2)[:, ::4]
tensors["stft.imaginary"] = spectrum.imag.transpose(-1, -2)[:, ::4]
def filter_bank(scale, rate, length, count):
    """Triangular filters by their formulas in double precision: torchaudio's and librosa's are rounded to f32."""
    if scale == "htk":
        to_mel = lambda f: 2595 * np.log10(1 + f / 700)
        to_hertz = lambda m: 700 * (10 ** (m / 2595) - 1)
    else:
        step, ratio = 200 / 3, np.log(6.4) / 27
        to_mel = lambda f: np.where(f < 1000, f / step, 15 + np.log(np.maximum(f, 1) / 1000) / ratio)
        to_hertz = lambda m: np.where(m < 15, m * step, 1000 * np.exp(ratio * (m - 15)))
    edges = to_hertz(np.linspace(to_mel(np.float64(0)), to_mel(np.float64(rate / 2)), count + 2))
    bins = np.arange(length // 2 + 1) * rate / length
    low, peak, high = edges[:-2], edges[1:-1], edges[2:]
    rising = (bins[:, None] - low) / (peak - low)
    falling = (high - bins[:, None]) / (high - peak)
    filters = np.maximum(0, np.minimum(rising, falling))
    return filters if scale == "htk" else filters * 2 / (high - low)


def check(ours, peers, name):
    error = np.abs(ours - peers).max() / np.abs(peers).max()
    print(f"{name}: {error:.1e} from the peer's")
    assert error < 1e-5, name


# In double precision, so that what is compared is the formula and not the peers' rounding.
bands = {"n_fft": 256, "hop_length": 100, "n_mels": 20}
power = torchaudio.transforms.Spectrogram(256, hop_length=100).double()(sound.double()).T.numpy()
mel = torchaudio.transforms.MelSpectrogram(rate, **bands)
filters = filter_bank("htk", rate, 256, 20)
check(filters, mel.mel_scale.fb.numpy(), "HTK's filters")
spectrum = power @ filters
check(spectrum, mel.double()(sound.double()).T.numpy(), "mel spectrum, torchaudio")
tensors["mel.htk"] = torch.tensor(spectrum)
cepstrum = scipy.fft.dct(librosa.power_to_db(spectrum, amin=1e-10), norm="ortho")[:, :13]
check(cepstrum, torchaudio.transforms.MFCC(rate, 13, melkwargs=bands).double()(sound.double()).T.numpy(), "MFCC, torchaudio")
tensors["mfcc.torchaudio"] = torch.tensor(cepstrum)

bands["pad_mode"] = "reflect"
filters = filter_bank("slaney", rate, 256, 20)
check(filters, librosa.filters.mel(sr=rate, n_fft=256, n_mels=20).T, "Slaney's filters")
spectrum = power @ filters
check(spectrum, librosa.feature.melspectrogram(y=sound.double().numpy(), sr=rate, **bands).T, "mel spectrum, librosa")
tensors["mel.slaney"] = torch.tensor(spectrum)
cepstrum = scipy.fft.dct(librosa.power_to_db(spectrum, amin=1e-10), norm="ortho")[:, :13]
check(cepstrum, librosa.feature.mfcc(y=sound.double().numpy(), sr=rate, n_mfcc=13, **bands).T, "MFCC, librosa")
tensors["mfcc.librosa"] = torch.tensor(cepstrum)
tensors["filters.slaney"] = torch.tensor(filter_bank("slaney", 22050, 256, 10))
tensors["resampled.up"] = torchaudio.functional.resample(sound.double(), 8000, 11025)
tensors["resampled.down"] = torchaudio.functional.resample(sound.double(), 8000, 3000)

path = pathlib.Path(__file__).parents[2] / "Tests/ApusDataTests/Resources/audio.safetensors"
save_file({name: value.float().contiguous() for name, value in tensors.items()}, path)
path.chmod(0o644)
print(path, path.stat().st_size)
