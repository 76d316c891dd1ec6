use practicum_tests::golden::Family;

use crate::layers::check;

#[test]
fn outputs_and_gradients() {
    let family = Family::load("convolution").unwrap();
    family.run(&[], check).unwrap_or_else(|failures| panic!("{failures}"));
}
