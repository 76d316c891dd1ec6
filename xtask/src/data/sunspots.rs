//! The sunspots of each month, or cycles that the code makes.

use practicum_timeseries::Series;
use practicum_timeseries::datasets::{builtin, sunspots};

use super::{DataSet, Form, StandIn};

pub(crate) static SUNSPOTS: DataSet<Series> = DataSet {
    id: "sunspots",
    form: Form::File(sunspots::FILE),
    missing: |path| sunspots::missing(path),
    check: |path| sunspots::load(path).map(|_| ()),
    load: |path| sunspots::load(path),
    stand_in: Some(StandIn { what: "irregular cycles made by the code", make: builtin::sunspots }),
};
