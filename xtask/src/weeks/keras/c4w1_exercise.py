import numpy as np

series, split = np.load("series_b.npy"), 1100
actual = series[split:]


def mean(values, window):
    return np.convolve(values, np.ones(window) / window, "valid")


change = series[365:] - series[:-365]
mean_change = mean(change, 50)[split - 365 - 50 : -1]

forecasts = {
    "naive": series[split - 1 : -1],
    "moving average": mean(series, 30)[split - 30 : -1],
    "seasonal naive": series[split - 365 : -365],
    "difference and past": series[split - 365 : -365] + mean_change,
    "difference and smoothed past": mean(series, 10)[split - 370 : -361] + mean_change,
}
for name, forecast in forecasts.items():
    print(name, np.mean((actual - forecast) ** 2), np.mean(np.abs(actual - forecast)))
