import numpy as np

rnd = np.random.RandomState(42)
impulses = np.zeros(1461)
for index in rnd.randint(1461, size=10):
    impulses[index] = rnd.rand()

# Two echoes: of the last value, and of that 50 steps ago.
echoes = impulses.copy()
for step in range(len(echoes)):
    for lag, share in {1: 0.7, 50: 0.2}.items():
        if step >= lag:
            echoes[step] += share * echoes[step - lag]

sunspots = np.loadtxt("Sunspots.csv", delimiter=",", skiprows=1, usecols=2)
for lag in range(1, 6):
    print(lag, np.corrcoef(sunspots[lag:], sunspots[:-lag])[0, 1])
