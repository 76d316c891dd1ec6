//! Fashion-MNIST, or garments that the code draws.

use practicum_vision::datasets::{ImageDataset, builtin, fashion_mnist};

use super::{DataSet, Form, StandIn};

pub(crate) static FMNIST: DataSet<ImageDataset> = DataSet {
    id: "fmnist",
    form: Form::Folder,
    missing: |path| fashion_mnist::missing(path),
    check: |_| Ok(()),
    load: |path| fashion_mnist::load(path),
    stand_in: Some(StandIn {
        what: "garments drawn by the code",
        // The same pictures whatever the seed of the training.
        make: || builtin::garments(practicum_core::rng::DEFAULT_SEED, builtin::Size::default()),
    }),
};
