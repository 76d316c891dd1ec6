use practicum_core::prelude::*;
use practicum_vision::applications::Scaling;

use super::{input, npy};

#[test]
fn arrays_come_back_from_an_npz() {
    let a = Tensor::new([2, 3], vec![1.0, -2.0, 3.5, 0.0, 1e-9, 7.0]).unwrap();
    let b = Tensor::scalar(4.0);
    let bytes = npy::to_npz(&[("a".into(), a.clone()), ("b".into(), b.clone())]).unwrap();
    let back = npy::from_npz(&bytes).unwrap();
    assert_eq!((back[0].0.as_str(), back[1].0.as_str()), ("a", "b"));
    assert_eq!((back[0].1.as_slice(), back[0].1.shape()), (a.as_slice(), a.shape()));
    assert_eq!(back[1].1.shape(), b.shape());
}

#[test]
fn broken_arrays_are_refused() {
    let whole = npy::to_npz(&[("a".into(), Tensor::ones([4]).unwrap())]).unwrap();
    for length in 0..whole.len() {
        assert!(npy::from_npz(&whole[..length]).is_err());
    }
    let header = b"\x93NUMPY\x01\x00\x46\x00{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999,), }";
    assert!(npy::from_npy(header).is_err());
}

#[test]
fn inputs_come_by_name_and_by_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (a, b) = (Input::new([2]).named("a").symbol(), Input::new([1]).named("b").symbol());
    let model = Model::new([&a, &b], Concatenate::new().on([&a, &b])).unwrap();
    std::fs::write(path("a.csv"), "x,y\n1,2\n3,4\n").unwrap();
    std::fs::write(path("b.csv"), "5\n6\n").unwrap();
    let named = [format!("b={}", path("b.csv")), format!("a={}", path("a.csv"))];
    let ordered = [path("a.csv"), path("b.csv")];
    for files in [named, ordered] {
        let inputs = input::read(&model, &files, Scaling::Unit).unwrap();
        assert_eq!((inputs[0].as_slice(), inputs[1].as_slice()), ([1.0, 2.0, 3.0, 4.0].as_slice(), [5.0, 6.0].as_slice()));
    }
    let arrays = [("b".to_owned(), Tensor::ones([1, 1]).unwrap()), ("a".to_owned(), Tensor::ones([1, 2]).unwrap())];
    std::fs::write(path("both.npz"), npy::to_npz(&arrays).unwrap()).unwrap();
    assert_eq!(input::read(&model, &[path("both.npz")], Scaling::Unit).unwrap()[0].shape().dims(), [1, 2]);
    let error = input::read(&model, &[path("a.csv")], Scaling::Unit).unwrap_err();
    assert!(error.to_string().contains("`b`"), "{error}");
}
