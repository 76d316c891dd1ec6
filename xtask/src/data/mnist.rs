//! MNIST, or digits that the code draws.

use practicum_vision::datasets::{ImageDataset, builtin, mnist};

use super::{DataSet, Form, StandIn};

pub(crate) static MNIST: DataSet<ImageDataset> = DataSet {
    id: "mnist",
    form: Form::Folder,
    missing: |path| mnist::missing(path),
    check: |_| Ok(()),
    load: |path| mnist::load(path),
    stand_in: Some(StandIn {
        what: "digits drawn by the code",
        // The same pictures whatever the seed of the training.
        make: || builtin::digits(practicum_core::rng::DEFAULT_SEED, builtin::Size::default()),
    }),
};
