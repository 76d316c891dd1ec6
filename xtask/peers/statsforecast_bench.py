"""Times the Python statsforecast on the series of `cargo xtask bench`: WORKLOAD (frame|bare) OUT."""

import json
import os
import resource
import sys
import time
import warnings

os.environ["OMP_NUM_THREADS"] = "1"
warnings.filterwarnings("ignore")

import numpy as np
import pandas as pd
from statsforecast import StatsForecast
from statsforecast.models import AutoETS, Naive, SeasonalNaive, SimpleExponentialSmoothing, SimpleExponentialSmoothingOptimized

STEPS, PERIOD, HORIZON = 500, 12, 12
# A model, and how many of the 10,000 series are forecast: so many that it takes about a second.
MODELS = {
    "naive": (Naive(), 10_000),
    "seasonal-naive": (SeasonalNaive(PERIOD), 10_000),
    "ses": (SimpleExponentialSmoothing(0.3), 10_000),
    "ses-search": (SimpleExponentialSmoothingOptimized(), 5_000),
    # `Holt` and `HoltWinters` also try a damped trend each time: the same form as ours is this.
    "holt": (AutoETS(1, "AAN", damped=False), 400),
    "holt-winters": (AutoETS(PERIOD, "AAA", damped=False), 50),
}

workload, how, out = sys.argv[1:]
model, count = MODELS[workload]
t = np.arange(STEPS)
series = (50 + 0.05 * t + 10 * np.sin(2 * np.pi * t / PERIOD)) + 2 * np.random.RandomState(1).randn(count, STEPS)
frame = pd.DataFrame({"unique_id": np.repeat(np.arange(count), STEPS), "ds": np.tile(t, count), "y": series.ravel()})
library = StatsForecast(models=[model], freq=1, n_jobs=1)


def run():
    if how == "bare":
        for values in series:
            model.forecast(values, HORIZON)
    else:
        library.forecast(df=frame, h=HORIZON)


model.forecast(series[0], HORIZON)
times = []
for _ in range(3):
    start = time.perf_counter()
    run()
    times.append(time.perf_counter() - start)
rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
with open(out, "a") as file:
    print(json.dumps({"workload": workload, "step_ms": 1e3 * sorted(times)[1] / count, "rss_mb": rss}), file=file)
