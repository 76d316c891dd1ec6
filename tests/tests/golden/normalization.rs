use practicum_tests::golden::Family;

use crate::layers::check;

#[test]
fn outputs_gradients_and_moving_statistics() {
    let family = Family::load("normalization").unwrap();
    family.run(&[], check).unwrap_or_else(|failures| panic!("{failures}"));
}
