import numpy as np

# No network yet: Keras has nothing for this, NumPy is enough.
time = np.arange(4 * 365 + 1)
trend = 0.05 * time

phase = (time % 365) / 365
season = 40 * np.where(phase < 0.4, np.cos(2 * np.pi * phase), 1 / np.exp(3 * phase))
noise = 15 * np.random.randn(len(time))
series = 10 + trend + season + noise

# A memory: each value is 0.8 of the one before it, plus noise.
memory = 10 * np.random.randn(len(time))
for step in range(1, len(time)):
    memory[step] += 0.8 * memory[step - 1]
