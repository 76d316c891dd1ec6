//! The sixteen weeks of the course, ported or not.

/// Id and title of each week, in the course's order.
pub(crate) const COURSE: [(&str, &str); 16] = [
    ("c1w1", "A new programming paradigm"),
    ("c1w2", "Introduction to computer vision"),
    ("c1w3", "Convolutions"),
    ("c1w4", "Real-world images"),
    ("c2w1", "A larger dataset"),
    ("c2w2", "Augmentation"),
    ("c2w3", "Transfer learning"),
    ("c2w4", "Multiclass classification"),
    ("c3w1", "Sentiment in text"),
    ("c3w2", "Word embeddings"),
    ("c3w3", "Sequence models"),
    ("c3w4", "Sequence models and literature"),
    ("c4w1", "Sequences and prediction"),
    ("c4w2", "Deep neural networks for time series"),
    ("c4w3", "Recurrent networks for time series"),
    ("c4w4", "Real-world time series"),
];
