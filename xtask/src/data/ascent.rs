//! SciPy's ascent, or stairs that the code draws.

use practicum_core::ndarray::Array2;
use practicum_vision::datasets::{ascent, builtin};

use super::{DataSet, Form, StandIn};

pub(crate) static ASCENT: DataSet<Array2<u8>> = DataSet {
    id: "ascent",
    form: Form::File(ascent::FILES[0]),
    missing: |path| ascent::missing(path),
    check: |path| ascent::load(path).map(drop),
    load: |path| ascent::load(path),
    stand_in: Some(StandIn { what: "stairs drawn by the code", make: || Ok(builtin::ascent()) }),
};
