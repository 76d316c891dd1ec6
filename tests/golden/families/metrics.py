"""Metrics after each of several updates, with and without sample weights, and what "accuracy" stands for."""

import keras
import numpy as np
from keras.src.trainers.compile_utils import CompileMetrics

from common import Family, described, distinct, f32, generator, normal, probabilities

metrics = keras.metrics


def make():
    family = Family("metrics", "Metric.result() after each update_state(y_true, y_pred, sample_weight).")
    accuracies(family)
    counts(family)
    curves(family)
    scores(family)
    unions(family)
    regression(family)
    resolution(family)
    return family


def metric_case(family, name, make_metric, batches, zero=False):
    """One case without weights and one with; `batches` is a list of (y_true, y_pred). `zero`: 0 is the right result."""
    for weighted in (False, True):
        full = f"{name}_weighted" if weighted else name
        rng = generator(f"metrics/{full}")
        metric = make_metric()
        case = family.case(full, **described(metric, "fn"))
        results = []
        for index, (y_true, y_pred) in enumerate(batches):
            case.put("targets", f"{index}/y_true", y_true, zero=True).put("predictions", f"{index}/y_pred", y_pred)
            weight = None
            if weighted:
                weight = f32(rng.uniform(0.25, 2, y_pred.shape[:-1] or y_pred.shape))
                weight.flat[0] = 0.0
                case.put("sample_weights", f"{index}/sample_weight", weight)
            metric.update_state(y_true, y_pred, sample_weight=weight)
            results.append(np.asarray(metric.result()))
        case.put("outputs", "results", np.stack(results), zero)


def accuracies(family):
    rng = generator("metrics/accuracies")
    binary = [(f32(rng.integers(0, 2, (n, 1))), f32(rng.uniform(0, 1, (n, 1)))) for n in (6, 1, 9)]
    several = [(f32(rng.integers(0, 2, (n, 3))), f32(rng.uniform(0, 1, (n, 3)))) for n in (5, 4)]
    # A prediction of exactly the threshold counts as 0.
    ties = [(f32([[1], [0], [1], [0]]), f32([[0.5], [0.5], [0.50001], [0.49999]]))]
    metric_case(family, "binary_accuracy", lambda: metrics.BinaryAccuracy(), binary)
    metric_case(family, "binary_accuracy_threshold_0.3", lambda: metrics.BinaryAccuracy(threshold=0.3), binary)
    metric_case(family, "binary_accuracy_several", lambda: metrics.BinaryAccuracy(), several)
    metric_case(family, "binary_accuracy_tie", lambda: metrics.BinaryAccuracy(), ties)
    steps = [(f32(rng.integers(0, 2, (3, 4, 1))), f32(rng.uniform(0, 1, (3, 4, 1)))) for _ in range(2)]
    metric_case(family, "binary_accuracy_sequence", lambda: metrics.BinaryAccuracy(), steps)

    labels = [rng.integers(0, 5, n) for n in (6, 1, 9)]
    scores = [distinct(rng, [len(each), 5], 0.03) for each in labels]
    one_hot = [np.eye(5)[each] for each in labels]
    # With equal scores the first class wins.
    tied = (np.array([0, 1, 2, 2]), f32([[1, 1, 0], [1, 1, 0], [0, 2, 2], [0, 1, 2]]))
    metric_case(family, "categorical_accuracy", lambda: metrics.CategoricalAccuracy(), list(zip(one_hot, scores)))
    metric_case(
        family, "categorical_accuracy_tie", lambda: metrics.CategoricalAccuracy(), [(np.eye(3)[tied[0]], tied[1])]
    )
    sparse = list(zip(labels, scores))
    columns = [(each[:, None], score) for each, score in sparse]
    metric_case(family, "sparse_categorical_accuracy", lambda: metrics.SparseCategoricalAccuracy(), sparse)
    metric_case(family, "sparse_categorical_accuracy_column", lambda: metrics.SparseCategoricalAccuracy(), columns)
    metric_case(family, "sparse_categorical_accuracy_tie", lambda: metrics.SparseCategoricalAccuracy(), [tied])
    steps = [(rng.integers(0, 5, (2, 4)), distinct(rng, [2, 4, 5], 0.03)) for _ in range(2)]
    metric_case(family, "sparse_categorical_accuracy_sequence", lambda: metrics.SparseCategoricalAccuracy(), steps)

    # TensorFlow compares the scores of a top-k in f32 alone.
    def top(k, kind=metrics.SparseTopKCategoricalAccuracy):
        return lambda: kind(k=k, dtype="float32")

    narrow = [(each, score.astype(np.float32)) for each, score in sparse]
    hot = [(each, score.astype(np.float32)) for each, score in zip(one_hot, scores)]
    metric_case(family, "top_3_categorical_accuracy", top(3, metrics.TopKCategoricalAccuracy), hot)
    metric_case(family, "top_3_sparse", top(3), narrow)
    metric_case(family, "top_1_sparse", top(1), narrow)
    wide = [(rng.integers(0, 9, n), distinct(rng, [n, 9], 0.03).astype(np.float32)) for n in (8, 5)]
    metric_case(family, "top_5_sparse", top(5), wide)
    metric_case(family, "top_2_sparse_tie", top(2), [(tied[0], tied[1].astype(np.float32))])


def counts(family):
    rng = generator("metrics/counts")
    batches = [(f32(rng.integers(0, 2, (n, 1))), f32(rng.uniform(0, 1, (n, 1)))) for n in (8, 3, 7)]
    vectors = [(y_true[:, 0], y_pred[:, 0]) for y_true, y_pred in batches]
    for kind in (metrics.Precision, metrics.Recall):
        name = kind.__name__.lower()
        metric_case(family, name, lambda: kind(), batches)
        metric_case(family, f"{name}_vector", lambda: kind(), vectors)
        metric_case(family, f"{name}_threshold_0.7", lambda: kind(thresholds=0.7), batches)
        metric_case(family, f"{name}_thresholds", lambda: kind(thresholds=[0.25, 0.5, 0.75]), batches)
        labels = [np.eye(4)[rng.integers(0, 4, n)] for n in (17, 9)]
        one_hot = [(each, f32(0.7 * probabilities(rng, each.shape) + 0.3 * each)) for each in labels]
        metric_case(family, f"{name}_class_2", lambda: kind(class_id=2, thresholds=0.2), one_hot)
        metric_case(family, f"{name}_top_2", lambda: kind(top_k=2), one_hot)
    # Nothing predicted positive, nothing positive: 0, not NaN.
    metric_case(
        family, "precision_empty", lambda: metrics.Precision(), [(f32([[1], [0]]), f32([[0.25], [0.125]]))], True
    )
    metric_case(family, "recall_empty", lambda: metrics.Recall(), [(f32([[0], [0]]), f32([[0.75], [0.125]]))], True)
    for kind in (metrics.TruePositives, metrics.FalsePositives, metrics.TrueNegatives, metrics.FalseNegatives):
        metric_case(family, kind.__name__, lambda: kind(), batches)


def curves(family):
    rng = generator("metrics/curves")
    batches = []
    for n in (40, 25):
        y_true = f32(rng.integers(0, 2, (n, 1)))
        y_pred = f32(np.clip(0.25 + 0.35 * y_true + rng.normal(0, 0.2, (n, 1)), 0, 1))
        batches.append((y_true, off_thresholds(y_pred)))
    metric_case(family, "auc", lambda: metrics.AUC(), batches)
    metric_case(family, "auc_20_thresholds", lambda: metrics.AUC(num_thresholds=20), batches)
    metric_case(family, "auc_own_thresholds", lambda: metrics.AUC(thresholds=[0.2, 0.5, 0.7]), batches)
    metric_case(family, "auc_pr", lambda: metrics.AUC(curve="PR"), batches)
    for summation in ("minoring", "majoring"):
        options = {"summation_method": summation, "num_thresholds": 20}
        metric_case(family, f"auc_{summation}", lambda: metrics.AUC(**options), batches)
    metric_case(family, "auc_pr_minoring", lambda: metrics.AUC(curve="PR", summation_method="minoring"), batches)
    logits = [(y_true, f32(np.log(y_pred + 1e-3) - np.log(1.001 - y_pred))) for y_true, y_pred in batches]
    metric_case(family, "auc_logits", lambda: metrics.AUC(from_logits=True), logits)
    many = [(f32(rng.integers(0, 2, (30, 3))), off_thresholds(f32(rng.uniform(0, 1, (30, 3))))) for _ in range(2)]
    metric_case(family, "auc_multi_label", lambda: metrics.AUC(multi_label=True), many)
    metric_case(family, "auc_one_class", lambda: metrics.AUC(), [(f32([[1], [1]]), f32([[0.75], [0.25]]))], True)


def scores(family):
    rng = generator("metrics/scores")
    labels = [rng.integers(0, 4, n) for n in (17, 9)]
    hot = [(np.eye(4)[each], f32(0.8 * probabilities(rng, [len(each), 4]) + 0.2 * np.eye(4)[each])) for each in labels]
    # A row of nothing has no largest output.
    hot[0][1][3] = 0.0
    many = [(f32(rng.integers(0, 2, (n, 3))), f32(rng.uniform(0, 1, (n, 3)))) for n in (12, 7)]
    single = [(f32(rng.integers(0, 2, (n, 1))), f32(rng.uniform(0, 1, (n, 1)))) for n in (12, 7)]
    for average in (None, "micro", "macro", "weighted"):
        name = average or "each"
        metric_case(family, f"f1_score_{name}", lambda: metrics.F1Score(average), hot)
        metric_case(family, f"fbeta_score_{name}", lambda: metrics.FBetaScore(average, beta=2.0, threshold=0.4), many)
    metric_case(family, "f1_score_single", lambda: metrics.F1Score("macro", threshold=0.5), single)
    absent = [(np.eye(3)[[0, 0, 1]], f32([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.6, 0.1]]))]
    metric_case(family, "f1_score_absent", lambda: metrics.F1Score("macro"), absent)
    batches = []
    for n in (40, 25):
        y_true = f32(rng.integers(0, 2, (n, 1)))
        y_pred = f32(np.clip(0.25 + 0.35 * y_true + rng.normal(0, 0.2, (n, 1)), 0, 1))
        batches.append((y_true, off_thresholds(y_pred)))
    for kind in ("PrecisionAtRecall", "RecallAtPrecision", "SensitivityAtSpecificity", "SpecificityAtSensitivity"):
        make = getattr(metrics, kind)
        metric_case(family, kind, lambda: make(0.7), batches)
        metric_case(family, f"{kind}_30", lambda: make(0.43, num_thresholds=30), batches)


def unions(family):
    rng = generator("metrics/unions")
    full = {"dtype": "float64"}
    ids = [(rng.integers(0, 4, n), rng.integers(0, 4, n)) for n in (20, 9)]
    # Class 4 occurs nowhere; 9 and -1 are beyond the classes.
    ids[1][0][:2], ids[1][1][2] = [9, -1], 9
    outputs = [(y_true, probabilities(rng, [len(y_true), 5])) for y_true, _ in ids]
    classes = [np.eye(5)[rng.integers(0, 4, n)] for n in (20, 9)]
    hot = [(each, f32(0.7 * probabilities(rng, each.shape) + 0.3 * each)) for each in classes]
    single = [(f32(rng.integers(0, 2, (n, 1))), f32(rng.uniform(0, 1, (n, 1)))) for n in (12, 7)]
    tie = [(f32([1, 1, 0, 1]), f32([0.5, 0.5, 0.5, 0.25]))]
    metric_case(family, "mean_iou", lambda: metrics.MeanIoU(5, **full), ids)
    metric_case(family, "mean_iou_ignored", lambda: metrics.MeanIoU(5, ignore_class=2, **full), ids)
    metric_case(family, "mean_iou_outputs", lambda: metrics.MeanIoU(5, sparse_y_pred=False, **full), outputs)
    metric_case(family, "iou", lambda: metrics.IoU(5, [0, 3], **full), ids)
    one_hot = {"sparse_y_true": False, "sparse_y_pred": False}
    metric_case(family, "iou_one_hot", lambda: metrics.IoU(5, [1], **one_hot, **full), hot)
    metric_case(family, "binary_iou", lambda: metrics.BinaryIoU(**full), single)
    metric_case(family, "binary_iou_of_one", lambda: metrics.BinaryIoU([1], threshold=0.3, **full), single)
    metric_case(family, "binary_iou_tie", lambda: metrics.BinaryIoU(**full), tie)
    metric_case(family, "one_hot_iou", lambda: metrics.OneHotIoU(5, [0, 2], **full), hot)
    metric_case(family, "one_hot_mean_iou", lambda: metrics.OneHotMeanIoU(5, **full), hot)


def off_thresholds(y_pred):
    """Off the ladder i/199, on which f32 and f64 could count a prediction on different sides."""
    step = y_pred * 199
    return f32(np.where(np.abs(step - np.round(step)) < 0.02, np.minimum(y_pred + 0.001, 1 - 1e-6), y_pred))


def regression(family):
    rng = generator("metrics/regression")
    kinds = {
        "mean_absolute_error": lambda: metrics.MeanAbsoluteError(),
        "mean_squared_error": lambda: metrics.MeanSquaredError(),
        "root_mean_squared_error": lambda: metrics.RootMeanSquaredError(),
        "mean_absolute_percentage_error": lambda: metrics.MeanAbsolutePercentageError(),
        "mean_squared_logarithmic_error": lambda: metrics.MeanSquaredLogarithmicError(),
        "r2_score": lambda: metrics.R2Score(),
        "cosine_similarity": lambda: metrics.CosineSimilarity(),
        "log_cosh": lambda: metrics.LogCoshError(),
    }
    for kind, make_metric in kinds.items():
        shapes = ([7, 1], [7, 3]) if kind != "cosine_similarity" else ([7, 3],)
        for _, width in shapes:
            pairs = []
            for n in (7, 2, 5):
                y_true = normal(rng, [n, width], 1.0, [0], 0.2)
                pairs.append((y_true, f32(y_true + normal(rng, [n, width], 0.6))))
            metric_case(family, f"{kind}_{width}", make_metric, pairs)
    pairs = [(normal(rng, [n, 3]), normal(rng, [n, 3])) for n in (7, 5)]
    for aggregation in (None, "variance_weighted_average"):
        name = f"r2_score_{aggregation or 'none'}"
        metric_case(family, name, lambda: metrics.R2Score(class_aggregation=aggregation), pairs)
    steps = [(normal(rng, [2, 4, 1]), normal(rng, [2, 4, 1])) for _ in range(2)]
    metric_case(family, "mean_absolute_error_sequence", lambda: metrics.MeanAbsoluteError(), steps)
    vectors = [(normal(rng, [n]), normal(rng, [n, 1])) for n in (5, 3)]
    metric_case(family, "mean_absolute_error_5_against_5x1", lambda: metrics.MeanAbsoluteError(), vectors)
    binary = [(f32(rng.integers(0, 2, (n, 1))), f32(rng.uniform(0.02, 0.98, (n, 1)))) for n in (6, 3)]
    metric_case(family, "binary_crossentropy", lambda: metrics.BinaryCrossentropy(), binary)
    labels = [(rng.integers(0, 4, n), probabilities(rng, [n, 4])) for n in (6, 3)]
    metric_case(family, "sparse_categorical_crossentropy", lambda: metrics.SparseCategoricalCrossentropy(), labels)
    hot = [(np.eye(4)[each], y_pred) for each, y_pred in labels]
    metric_case(family, "categorical_crossentropy", lambda: metrics.CategoricalCrossentropy(), hot)


def resolution(family):
    """Which metric the word stands for follows from the shapes alone."""
    shapes = [
        ([4], [4, 1]),
        ([4, 1], [4, 1]),
        ([4], [4, 3]),
        ([4, 1], [4, 3]),
        ([4, 3], [4, 3]),
        ([4, 5], [4, 5, 1]),
        ([4, 5, 1], [4, 5, 1]),
        ([4, 5], [4, 5, 3]),
        ([4, 5, 1], [4, 5, 3]),
        ([4, 5, 3], [4, 5, 3]),
    ]
    for word in ("accuracy", "acc"):
        for y_true, y_pred in shapes:
            compiled = CompileMetrics([word], None)
            compiled.build(np.zeros(y_true), np.zeros(y_pred))
            found = compiled.metrics[0]
            name = f"{word}_{'x'.join(map(str, y_true))}_against_{'x'.join(map(str, y_pred))}"
            family.case(name, word=word, y_true=y_true, y_pred=y_pred, class_name=type(found).__name__, key=found.name)
    for word in ("mae", "mse", "mape", "msle", "cosine_similarity", "AUC", "Precision", "RootMeanSquaredError"):
        compiled = CompileMetrics([word], None)
        compiled.build(np.zeros([4, 1]), np.zeros([4, 1]))
        family.case(
            f"word_{word}", word=word, class_name=type(compiled.metrics[0]).__name__, key=compiled.metrics[0].name
        )
