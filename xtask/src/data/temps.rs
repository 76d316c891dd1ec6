//! The lowest temperature of each day in Melbourne, or a yearly wave that the code makes.

use practicum_timeseries::Series;
use practicum_timeseries::datasets::{builtin, temps};

use super::{DataSet, Form, StandIn};

pub(crate) static TEMPS: DataSet<Series> = DataSet {
    id: "temps",
    form: Form::File(temps::FILE),
    missing: |path| temps::missing(path),
    check: |path| temps::load(path).map(|_| ()),
    load: |path| temps::load(path),
    stand_in: Some(StandIn { what: "a yearly wave with weather made by the code", make: builtin::temps }),
};
