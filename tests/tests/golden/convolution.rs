use practicum_tests::golden::Family;

use crate::layers::check;

const LEFT_OUT: [(&str, &str); 2] =
    [("conv2d_transpose_*", "there is no layer Conv2DTranspose"), ("up_sampling2d_bilinear", "places are repeated, and never mixed")];

#[test]
fn outputs_and_gradients() {
    let family = Family::load("convolution").unwrap();
    family.run(&LEFT_OUT, check).unwrap_or_else(|failures| panic!("{failures}"));
}
