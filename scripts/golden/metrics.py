"""The figures of metrics, computed by scikit-learn and sacrebleu or, where they lack one, written out.

    python scripts/golden/metrics.py Tests/ApusTrainTests/Resources/metrics.json

Read by Tests/ApusTrainTests/MetricGoldenTests.swift.
"""

import json
import sys

import numpy as np
import sacrebleu
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a
from sklearn import metrics as M

random = np.random.default_rng(0)
AVERAGES = ["binary", "micro", "macro", "weighted"]


def numbers(x):
    return [float(f"{v:.4g}") for v in np.ravel(x)]


def figures(labels, predicted, averages):
    result = {}
    for average in averages:
        k = dict(average=average, zero_division=0)
        result[average] = {
            "precision": M.precision_score(labels, predicted, **k),
            "recall": M.recall_score(labels, predicted, **k),
            "f1": M.f1_score(labels, predicted, **k),
            "meanIoU": M.jaccard_score(labels, predicted, **k),
        }
    return result


def calibration_error(p, labels, bins=15):
    best, right = p.max(1), p.argmax(1) == labels
    place = np.clip(np.ceil(best * bins).astype(int) - 1, 0, bins - 1)
    return sum(
        (place == b).mean() * abs(right[place == b].mean() - best[place == b].mean())
        for b in range(bins) if (place == b).any()
    )


def classification(rows, classes, names, present):
    """Of `present` classes only; labels -1 do not count."""
    labels = random.integers(0, present, rows)
    scores = random.normal(size=(rows, classes)) * 1.5 + 1.5 * np.eye(classes)[labels]
    scores[:, present:] -= 20
    scores = np.reshape(numbers(scores), (rows, classes))
    labels[random.random(rows) < 0.1] = -1
    kept = labels >= 0
    # The numbers that f32 makes of these decimals.
    s, y = scores[kept].astype(np.float32).astype(float), labels[kept]
    p = np.exp(s - s.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    every = np.arange(classes)
    loss = M.log_loss(y, p, labels=every)
    expected = {
        "accuracy": M.accuracy_score(y, s.argmax(1)),
        "logLoss": loss,
        "perplexity": np.exp(loss),
        "calibrationError": calibration_error(p, y),
    }
    if classes > 2:
        expected["top3"] = M.top_k_accuracy_score(y, s, k=3, labels=every)
    return {
        "classes": classes, "scores": numbers(scores), "labels": labels.tolist(), "expected": expected,
        "averages": figures(y, s.argmax(1), names),
    }


def curve(scores, positive):
    return {
        "scores": numbers(scores), "positive": [bool(b) for b in positive],
        "expected": {
            "rocAUC": M.roc_auc_score(positive, scores),
            "prAUC": M.average_precision_score(positive, scores),
        },
    }


def regression(predictions, targets):
    p, t = np.round(predictions, 4), np.round(targets, 4)
    return {
        "predictions": p.tolist(), "targets": t.tolist(),
        "expected": {
            "mae": M.mean_absolute_error(t, p), "mse": M.mean_squared_error(t, p),
            "rmse": M.root_mean_squared_error(t, p), "r2": M.r2_score(t, p),
        },
    }


def edit_distance(a, b):
    table = np.zeros((len(a) + 1, len(b) + 1), int)
    table[:, 0], table[0] = np.arange(len(a) + 1), np.arange(len(b) + 1)
    for i, x in enumerate(a, 1):
        for j, y in enumerate(b, 1):
            table[i, j] = min(table[i - 1, j - 1] + (x != y), table[i - 1, j] + 1, table[i, j - 1] + 1)
    return int(table[-1, -1])


TEXTS = [
    "The quick, brown fox jumps over the lazy dog.",
    "It costs $1,000.50 - not 1-2% more (really)!",
    "He said: \"don't\" & left at 5.30 p.m., e.g. for <b>Rome</b>.",
    "Überraschend schön: der Café-Besuch kostete 3,50 €…",
    "soft-\nwrapped line\nwith &quot;entities&quot; &amp;lt; and <skipped> parts  ",
    "the the the the",
    "A.b,c 1.2,3 4-5 -6 ,, .. ;[x]{y}~`^_",
]
REFERENCES = [
    ["The quick brown fox jumped over the lazy dog.", "A fast, brown fox jumps over a lazy dog!"],
    ["It costs $1,000.50, not 1-2 % more (really)!", "The price is $1000.50 - not 1-2% more."],
    ["He said \"don't\" and left at 5.30 p.m., e.g. for Rome.", "He said: \"do not\" & went at 5.30 pm."],
    ["Überraschend schön: der Besuch im Café kostete 3,50 €.", "Der Café-Besuch kostete 3,50 €…"],
    ["softwrapped line with \"entities\" < and parts", "soft-wrapped line with entities"],
    ["the cat is on the mat", "there is a cat on the mat"],
    ["A.b, c 1.2,3 4-5 -6 ; [x] {y}", "a.b,c"],
]


def bleu(texts, references, **k):
    metric = sacrebleu.BLEU(**k)
    score = metric.corpus_score(texts, [list(r) for r in zip(*references)])
    return {
        "texts": texts, "references": references, "tokenizer": k.get("tokenize", "13a"),
        "lowercased": k.get("lowercase", False), "score": score.score, "precisions": score.precisions,
        "brevityPenalty": score.bp, "matches": [int(c) for c in score.counts], "totals": [int(c) for c in score.totals],
        "lengths": [int(score.sys_len), int(score.ref_len)],
        "signature": str(metric.get_signature()).rsplit("|version", 1)[0],
    }


single = [r[:1] for r in REFERENCES]
tokenize = Tokenizer13a()
ties = np.round(random.random(80), 1)
constant = np.full(5, 2.5)
far = 1e6 + random.normal(size=40)
targets = random.normal(size=50) * 3
out = {
    "classification": [
        classification(90, 5, AVERAGES[1:], 4), classification(60, 3, AVERAGES[1:], 3),
        classification(70, 2, AVERAGES, 2),
    ],
    "curves": [
        curve(random.random(60), random.random(60) < 0.4), curve(ties, random.random(80) < 0.3 + 0.4 * ties),
        curve([0.5, 0.5, 0.5], [True, False, True]), curve([0.1, 0.9, 0.2, 0.8], [False, True, False, True]),
    ],
    "regression": [
        regression(targets + random.normal(size=50), targets),
        regression(far + random.normal(size=40) * 0.1, far), regression(constant, constant),
        regression(constant + 1, constant),
    ],
    "tokens": [[t, tokenize(t.rstrip())] for t in TEXTS + [r for rs in REFERENCES for r in rs]],
    "bleu": [
        bleu(TEXTS, REFERENCES), bleu(TEXTS, single), bleu(TEXTS, single, lowercase=True),
        bleu(TEXTS, single, tokenize="none"), bleu(["a b c d e f"], [["a x c y e z"]]),
        bleu(["a b"], [["a b"]]), bleu(["x y z w v"], [["a b c d e"]]), bleu([""], [["a b c d e"]]),
        bleu(["the cat sat"], [["the cat sat on the mat today"]]), bleu(["a b c d"], [["a b c d e f g"]]),
    ],
    "errorRates": {
        "texts": TEXTS, "references": [r[0] for r in REFERENCES],
        "word": [sum(edit_distance(t.split(), r[0].split()) for t, r in zip(TEXTS, REFERENCES)),
                 sum(len(r[0].split()) for r in REFERENCES)],
        "character": [sum(edit_distance(t, r[0]) for t, r in zip(TEXTS, REFERENCES)), sum(len(r[0]) for r in REFERENCES)],
    },
}
with open(sys.argv[1], "w") as file:
    json.dump(out, file, ensure_ascii=False, separators=(",", ":"))
    file.write("\n")
