use practicum_core::prelude::*;
use practicum_nlp::IntegerLookup;
use practicum_vision::applications::Scaling;
use practicum_vision::layers::CenterCrop;

use super::{input, inspect, npy};

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
fn outputs_of_one_layer_get_names_of_their_own() {
    assert_eq!(super::distinct(vec!["lstm", "lstm", "lstm_1", "dense", "lstm"]), ["lstm", "lstm_2", "lstm_1", "dense", "lstm_3"]);
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
    let one = Sequential::new().add(Input::new([1]).named("x")).add(Dense::new(1));
    let twice = [format!("x={}", path("b.csv")), path("b.csv")];
    assert_eq!(input::read(&one, &twice, Scaling::Unit).unwrap()[0].as_slice(), [5.0, 6.0, 5.0, 6.0]);
    let error = input::read(&one, &[path("b.csv"), format!("y={}", path("b.csv"))], Scaling::Unit).unwrap_err();
    assert_eq!(error.to_string(), "the model has no input `y`: known are x");
    let error = input::read(&model, &[path("a.csv")], Scaling::Unit).unwrap_err();
    assert!(error.to_string().contains("`b`"), "{error}");
    let refused = |files: [String; 2]| input::read(&model, &files, Scaling::Unit).unwrap_err().to_string();
    let a = format!("a={}", path("a.csv"));
    assert_eq!(refused([a.clone(), a.clone()]), "there are two values for the input `a`");
    assert_eq!(refused([a.clone(), path("both.npz")]), "there are two values for the input `a`");
    let bare = [("arr_0".to_owned(), Tensor::full([1, 1], 9.0).unwrap())];
    std::fs::write(path("bare.npz"), npy::to_npz(&bare).unwrap()).unwrap();
    for second in [format!("b={}", path("bare.npz")), path("bare.npz")] {
        let inputs = input::read(&model, &[path("a.csv"), second], Scaling::Unit).unwrap();
        assert_eq!(inputs[1].as_slice(), [9.0]);
    }
    let only_b = format!("b={}", path("both.npz"));
    assert_eq!(input::read(&model, &[a.clone(), only_b], Scaling::Unit).unwrap()[1].as_slice(), [1.0]);
    assert_eq!(refused([a, format!("z={}", path("b.csv"))]), "the model has no input `z`: known are a, b");
}

#[test]
fn rows_of_a_csv_are_checked_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.csv").display().to_string();
    let model = Sequential::new().add(Input::new([3])).add(Dense::new(1));
    let read = |text: &str| {
        std::fs::write(&path, text).unwrap();
        input::read(&model, std::slice::from_ref(&path), Scaling::Unit).map(|inputs| inputs[0].as_slice().to_vec())
    };
    assert_eq!(read("a,b,c\n\n1,2,3\n4, 5,6\n").unwrap(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let one = Sequential::new().add(Input::new([1])).add(Dense::new(1));
    std::fs::write(&path, "\u{feff}7\n8\n").unwrap();
    assert_eq!(input::read(&one, std::slice::from_ref(&path), Scaling::Unit).unwrap()[0].as_slice(), [7.0, 8.0]);
    for (text, expected) in [
        ("1,2\n3,4,5,6\n", "line 2 has 4 numbers, expected 2"),
        ("a,b,c\n1,2,3\n4,5\n", "line 3 has 2 numbers, expected 3"),
        ("1.0,n/a,3\n4,5,6\n", "line 1: `1.0,n/a,3` is no row of numbers"),
        ("1,2,3\n4,,6\n", "line 2: `4,,6`"),
        ("1,2\n3,4\n", "2 numbers per row"),
        ("a,b,c\n", "no row of numbers"),
    ] {
        let error = format!("{:#}", read(text).unwrap_err());
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn models_with_layers_of_vision_and_nlp_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    let mut lookup = IntegerLookup::new();
    lookup.adapt([7, 9]).unwrap();
    let models =
        [Sequential::new().add(Input::new([4, 4, 1])).add(CenterCrop::new(2, 2)), Sequential::new().add(Input::new([1])).add(lookup)];
    for model in models {
        model.save(&path).unwrap();
        let text = inspect::describe(&path).unwrap();
        assert!(!text.contains("unknown layer"), "{text}");
        assert_eq!(super::load(&path).unwrap().output_shapes().unwrap(), model.output_shapes().unwrap());
    }
}
