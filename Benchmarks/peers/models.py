"""The models in PyTorch. Their parameter names are everyone's."""

import torch
from torch import nn
from torch.nn import functional as F

import workloads


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(784, 500)
        self.output = nn.Linear(500, 10)

    def forward(self, x):
        return self.output(F.relu(self.hidden(x)))


class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, padding=1)
        self.conv2 = nn.Conv2d(32, 64, 3, padding=1)
        self.hidden = nn.Linear(64 * 7 * 7, 128)
        self.output = nn.Linear(128, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.output(F.relu(self.hidden(x.flatten(1))))


def downsample(inputs, outputs, stride):
    """What brings a block's input to the shape of its output; None where it has that shape."""
    if stride == 1 and inputs == outputs:
        return None
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = downsample(inputs, outputs, stride)

    def forward(self, x):
        shortcut = x if self.downsample is None else self.downsample(x)
        x = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(x)) + shortcut)


class ResNet18(nn.Module):
    """For images of 32 x 32 (He et al., 2016): a first convolution of 3 x 3, no first pooling."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        inputs = 64
        for stage, channels in enumerate([64, 128, 256, 512]):
            stride = 2 if stage else 1
            blocks = [BasicBlock(inputs, channels, stride), BasicBlock(channels, channels, 1)]
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
            inputs = channels
        self.fc = nn.Linear(512, 10)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean((2, 3)))


class Bottleneck(nn.Module):
    def __init__(self, inputs, width, stride):
        super().__init__()
        outputs = 4 * width
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = downsample(inputs, outputs, stride)

    def forward(self, x):
        shortcut = x if self.downsample is None else self.downsample(x)
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.bn2(self.conv2(x)))
        return F.relu(self.bn3(self.conv3(x)) + shortcut)


class ResNet50(nn.Module):
    """torchvision's, with the stride in the convolution of 3 x 3."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        inputs = 64
        for stage, count in enumerate([3, 4, 6, 3]):
            width = 64 << stage
            blocks = []
            for block in range(count):
                blocks.append(Bottleneck(inputs, width, 2 if block == 0 and stage else 1))
                inputs = 4 * width
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.fc = nn.Linear(2048, 1000)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean((2, 3)))


class LSTM(nn.Module):
    def __init__(self, vocabulary, width, layers, time):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.lstm = nn.LSTM(width, width, layers, batch_first=True)
        self.output = nn.Linear(width, vocabulary)

    def forward(self, tokens):
        states, _ = self.lstm(self.embedding(tokens))
        return self.output(states)


class CausalAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.c_attn = nn.Linear(width, 3 * width)
        self.c_proj = nn.Linear(width, width)

    def split(self, x):
        batch, time, width = x.shape
        parts = self.c_attn(x).split(width, dim=2)
        return [p.view(batch, time, self.heads, -1).transpose(1, 2) for p in parts]

    def merge(self, x):
        return self.c_proj(x.transpose(1, 2).flatten(2))

    def forward(self, x):
        q, k, v = self.split(x)
        return self.merge(F.scaled_dot_product_attention(q, k, v, is_causal=True))

    def step(self, x, keys, values):
        """One token more: x [batch, 1, width], keys and values [batch, heads, time, width / heads]."""
        q, k, v = self.split(x)
        keys = torch.cat([keys, k], 2)
        values = torch.cat([values, v], 2)
        return self.merge(F.scaled_dot_product_attention(q, keys, values)), keys, values

    def step_in_place(self, x, position, is_past, keys, values):
        """As `step`, with keys and values of full length that are written at the position."""
        q, k, v = self.split(x)
        keys.index_copy_(2, position, k)
        values.index_copy_(2, position, v)
        return self.merge(F.scaled_dot_product_attention(q, keys, values, attn_mask=is_past))


class GPTBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.ln_1 = nn.LayerNorm(width)
        self.attn = CausalAttention(width, heads)
        self.ln_2 = nn.LayerNorm(width)
        self.c_fc = nn.Linear(width, 4 * width)
        self.c_proj = nn.Linear(4 * width, width)

    def mlp(self, x):
        return self.c_proj(F.gelu(self.c_fc(x)))

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))

    def step(self, x, keys, values):
        mixed, keys, values = self.attn.step(self.ln_1(x), keys, values)
        x = x + mixed
        return x + self.mlp(self.ln_2(x)), keys, values

    def step_in_place(self, x, *arguments):
        x = x + self.attn.step_in_place(self.ln_1(x), *arguments)
        return x + self.mlp(self.ln_2(x))


class GPT(nn.Module):
    """GPT-2's architecture (Radford et al., 2019), the embedding tied to the output."""

    def __init__(self, vocabulary, width, layers, heads, context):
        super().__init__()
        self.wte = nn.Embedding(vocabulary, width)
        self.wpe = nn.Embedding(context, width)
        self.h = nn.ModuleList(GPTBlock(width, heads) for _ in range(layers))
        self.ln_f = nn.LayerNorm(width)
        for name, parameter in self.named_parameters():
            if name.endswith("weight") and parameter.dim() == 2:
                nn.init.normal_(parameter, 0, 0.02)

    def forward(self, tokens):
        x = self.wte(tokens) + self.wpe.weight[: tokens.shape[1]]
        for block in self.h:
            x = block(x)
        return F.linear(self.ln_f(x), self.wte.weight)

    def step(self, token, position, past):
        """Logits [batch, vocabulary] for one token [batch] at a position [1], and the longer past: keys
        and values of each layer."""
        x = self.wte(token[:, None]) + self.wpe(position)
        present = []
        for index, block in enumerate(self.h):
            x, keys, values = block.step(x, past[2 * index], past[2 * index + 1])
            present += [keys, values]
        return F.linear(self.ln_f(x), self.wte.weight)[:, 0], present

    def step_in_place(self, token, position, past):
        """As `step`, with a past of full length: its shapes stay, so that it compiles once."""
        x = self.wte(token[:, None]) + self.wpe(position)
        is_past = (torch.arange(past[0].shape[2]) <= position)[None]
        for index, block in enumerate(self.h):
            x = block.step_in_place(x, position, is_past, past[2 * index], past[2 * index + 1])
        return F.linear(self.ln_f(x), self.wte.weight)[:, 0]


class BERTLayer(nn.Module):
    def __init__(self, width, heads, inner):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.attention_output = nn.Linear(width, width)
        self.attention_norm = nn.LayerNorm(width, eps=1e-12)
        self.intermediate = nn.Linear(width, inner)
        self.output = nn.Linear(inner, width)
        self.output_norm = nn.LayerNorm(width, eps=1e-12)

    def forward(self, x):
        def split(layer):
            return layer(x).unflatten(2, (self.heads, -1)).transpose(1, 2)

        mixed = F.scaled_dot_product_attention(split(self.query), split(self.key), split(self.value))
        mixed = self.attention_output(mixed.transpose(1, 2).flatten(2))
        x = self.attention_norm(x + mixed)
        return self.output_norm(x + self.output(F.gelu(self.intermediate(x))))


class BERT(nn.Module):
    """The encoder of BERT-base (Devlin et al., 2019); gives the last hidden states."""

    def __init__(self, vocabulary, width, layers, heads, inner, positions, time):
        super().__init__()
        self.word_embeddings = nn.Embedding(vocabulary, width)
        self.position_embeddings = nn.Embedding(positions, width)
        self.token_type_embeddings = nn.Embedding(2, width)
        self.norm = nn.LayerNorm(width, eps=1e-12)
        self.layer = nn.ModuleList(BERTLayer(width, heads, inner) for _ in range(layers))
        for name, parameter in self.named_parameters():
            if name.endswith("weight") and parameter.dim() == 2:
                nn.init.normal_(parameter, 0, 0.02)

    def forward(self, tokens):
        x = self.word_embeddings(tokens) + self.position_embeddings.weight[: tokens.shape[1]]
        x = self.norm(x + self.token_type_embeddings.weight[0])
        for layer in self.layer:
            x = layer(x)
        return x


def make(model):
    torch.manual_seed(0)
    match model:
        case "mlp":
            return MLP()
        case "cnn":
            return CNN()
        case "resnet18":
            return ResNet18()
        case "resnet50":
            return ResNet50()
        case "lstm":
            return LSTM(**workloads.LSTM)
        case "gpt":
            return GPT(**workloads.GPT)
        case "bert":
            return BERT(**workloads.BERT)


IS_IMAGE = {"cnn", "resnet18", "resnet50"}
