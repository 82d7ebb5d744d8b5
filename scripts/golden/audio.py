"""Writes what torchaudio and librosa make of a short sound: the numbers of AudioTests."""

import pathlib

import librosa
import numpy as np
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
# In double precision, so that what is compared is the formula and not the peers' rounding.
mel = torchaudio.transforms.MelSpectrogram(rate, n_fft=256, hop_length=100, n_mels=20).double()
tensors["mel.htk"] = mel(sound.double()).transpose(-1, -2)
mfcc = torchaudio.transforms.MFCC(rate, 13, melkwargs={"n_fft": 256, "hop_length": 100, "n_mels": 20}).double()
tensors["mfcc.torchaudio"] = mfcc(sound.double()).transpose(-1, -2)
tensors["mel.slaney"] = torch.tensor(
    librosa.feature.melspectrogram(
        y=sound.double().numpy(), sr=rate, n_fft=256, hop_length=100, n_mels=20, pad_mode="reflect").T)
tensors["mfcc.librosa"] = torch.tensor(
    librosa.feature.mfcc(
        y=sound.double().numpy(), sr=rate, n_fft=256, hop_length=100, n_mels=20, n_mfcc=13, pad_mode="reflect").T)
tensors["filters.htk"] = mel.mel_scale.fb
tensors["filters.slaney"] = torch.tensor(librosa.filters.mel(sr=22050, n_fft=256, n_mels=10)).T
tensors["resampled.up"] = torchaudio.functional.resample(sound.double(), 8000, 11025)
tensors["resampled.down"] = torchaudio.functional.resample(sound.double(), 8000, 3000)

path = pathlib.Path(__file__).parents[2] / "Tests/ApusDataTests/Resources/audio.safetensors"
save_file({name: value.float().contiguous() for name, value in tensors.items()}, path)
path.chmod(0o644)
print(path, path.stat().st_size)
