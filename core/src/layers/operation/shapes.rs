//! Functions that change shapes: products of matrices, joining, reshaping, indexing.

use serde_json::Value;

use super::Argument;
use super::function::{Item, constant};
use crate::autodiff::Var;
use crate::layers::{Activation, Axes};
use crate::{Error, Result, Shape, Tensor};

/// `a·b`, whose axes before the last two broadcast. A vector is a row on the left and a column on the right, and its axis of 1 goes.
pub(super) fn matmul(a: &Var, b: &Var) -> Result<Var> {
    let (left, right) = (a.shape(), b.shape());
    match (left.rank(), right.rank()) {
        (1, rank) if rank > 1 => return matmul(&a.expand_dims(0)?, b)?.squeeze(-2),
        (rank, 1) if rank > 1 => return matmul(a, &b.expand_dims(-1)?)?.squeeze(-1),
        (rank, 2) if rank > 2 => return a.dense(b, None, Activation::Linear),
        (0 | 1, _) | (_, 0) => return a.matmul(b),
        _ => {}
    }
    let (of_left, of_right) = (&left[..left.rank() - 2], &right[..right.rank() - 2]);
    let pairs = Shape::new(of_left)?.broadcast(&Shape::new(of_right)?)?;
    let spread = |x: &Var, axes: &[usize]| {
        if *axes == *pairs {
            return Ok(x.clone());
        }
        let matrix = &x.shape()[axes.len()..];
        x.tape().constant(Tensor::zeros(Shape::new(&[&pairs, matrix].concat())?)?).add(x)
    };
    spread(a, of_left)?.matmul(&spread(b, of_right)?)
}

/// What is joined: tensors, and constants whose examples are all equal, as often as there are examples.
pub(super) fn parts(x: &[Var], arguments: &[Argument]) -> Result<Vec<Var>> {
    let (tape, examples) = (x[0].tape(), x[0].shape().first().copied());
    let mut inputs = x.iter();
    let part = |argument: &Argument| match argument {
        Argument::Input => inputs.next().cloned().ok_or_else(|| Error::argument("an input is missing")),
        Argument::Number(number) => constant(&x[0], *number),
        Argument::Constant(tensor) => {
            let example = tensor.len() / tensor.shape().first().copied().unwrap_or(1).max(1);
            let mut rows = tensor.as_slice().chunks(example.max(1));
            let first = rows.next().unwrap_or_default();
            if rows.any(|row| row != first) {
                return Err(Error::argument(format!("a constant of shape {} has examples that differ", tensor.shape()))
                    .hint("its first axis is the batch, whose size is open: only one example can be joined with all"));
            }
            let dims = [&[examples.unwrap_or(1)], tensor.shape().get(1..).unwrap_or_default()].concat();
            Ok(tape.constant(Tensor::new(Shape::new(&dims)?, first.repeat(dims[0]))?))
        }
    };
    arguments.iter().map(part).collect()
}

/// Sizes with at most one that is open, which the others decide.
pub(super) fn reshape(x: &Var, sizes: &[isize]) -> Result<Var> {
    let total = x.shape().size();
    let misfit = || Error::shape(format!("{} cannot become {sizes:?}", x.shape())).hint("one size may be -1, which the others decide");
    let mut known_sizes = sizes.iter().filter(|size| **size != -1).map(|size| usize::try_from(*size).ok());
    let known = known_sizes.try_fold(1_usize, |product, size| product.checked_mul(size?)).ok_or_else(misfit)?;
    let open = sizes.iter().filter(|size| **size == -1).count();
    if open > 1 || (open == 1 && (known == 0 || !total.is_multiple_of(known))) {
        return Err(misfit());
    }
    let dims: Vec<usize> = sizes.iter().map(|size| usize::try_from(*size).unwrap_or_else(|_| total / known)).collect();
    x.reshape(Shape::new(&dims)?)
}

pub(super) fn squeeze(x: &Var, axes: Option<&Axes>) -> Result<Var> {
    let axes = match axes {
        Some(axes) => axes.of(x.shape().rank())?,
        None => (1..x.shape().rank()).filter(|axis| x.shape()[*axis] == 1).collect(),
    };
    axes.into_iter().rev().try_fold(x.clone(), |x, axis| x.squeeze(axis as isize))
}

pub(super) fn read_items(arguments: &[Value]) -> Result<Vec<Item>> {
    let [items] = arguments else {
        return Err(Error::format(format!("GetItem takes one key, got {}", arguments.len())));
    };
    let one = std::slice::from_ref(items);
    let item = |item: &Value| {
        if let Some(index) = item.as_i64() {
            return Ok(Item::Index(index as isize));
        }
        if item.is_null() {
            return Ok(Item::NewAxis);
        }
        let (class, config) = (item["class_name"].as_str(), &item["config"]);
        let bound = |name: &str| match &config[name] {
            Value::Null => Ok(None),
            bound => bound.as_i64().map(|bound| Some(bound as isize)).ok_or(()),
        };
        match (class, bound("start"), bound("stop"), bound("step")) {
            (Some("__slice__"), Ok(start), Ok(stop), Ok(None | Some(1))) => Ok(Item::Range(start, stop)),
            (Some("__ellipsis__"), ..) => Ok(Item::Ellipsis),
            _ => Err(Error::format(format!("the key {item} of GetItem has no counterpart here")).hint("slices have a step of 1")),
        }
    };
    items.as_array().map_or(one, Vec::as_slice).iter().map(item).collect()
}

pub(super) fn get_item(x: &Var, items: &[Item]) -> Result<Var> {
    let taken = items.iter().filter(|item| matches!(item, Item::Range(..) | Item::Index(_))).count();
    let ellipses = items.iter().filter(|item| **item == Item::Ellipsis).count();
    let left = x.shape().rank().checked_sub(taken).filter(|_| ellipses < 2);
    let left = left.ok_or_else(|| Error::shape(format!("{taken} keys and {ellipses} ellipses for the axes of {}", x.shape())))?;
    // From the last key to the first, so that the axes before it stay where they are.
    let mut axis = if ellipses == 0 { taken } else { x.shape().rank() };
    let mut y = x.clone();
    for item in items.iter().rev() {
        axis -= match item {
            Item::NewAxis => 0,
            Item::Ellipsis => left,
            Item::Range(..) | Item::Index(_) => 1,
        };
        // A new axis may come after the last.
        let size = x.shape().get(axis).copied().unwrap_or_default();
        let place = |place: isize| (if place < 0 { place.saturating_add_unsigned(size) } else { place }).clamp(0, size as isize) as usize;
        y = match *item {
            Item::NewAxis => y.expand_dims(axis as isize)?,
            Item::Ellipsis | Item::Range(None, None) => y,
            Item::Range(start, stop) => {
                let start = start.map_or(0, place);
                y.slice(axis as isize, start..stop.map_or(size, place).max(start))?
            }
            Item::Index(index) => {
                let found = if index < 0 { index.saturating_add_unsigned(size) } else { index };
                let found = usize::try_from(found).ok().filter(|found| *found < size);
                y.index(
                    axis as isize,
                    found.ok_or_else(|| Error::shape(format!("there is no place {index} on axis {axis} of {}", x.shape())))?,
                )?
            }
        };
    }
    Ok(y)
}

#[cfg(test)]
mod tests {
    use crate::layers::{Dense, Input, LayerExt, LayerNormalization, RMSNormalization, Softmax, Symbol, UnitNormalization};
    use crate::{Model, Tensor};

    fn refused(model: crate::Result<Model>) -> String {
        model.unwrap_err().to_string()
    }

    #[test]
    fn sizes_that_no_tensor_has_are_refused() {
        let x = Input::new([3, 4]).symbol();
        for sizes in [vec![-1, isize::MAX, isize::MAX], vec![isize::MIN, 12], vec![-5], vec![-1, -1], vec![-1, 0], vec![isize::MAX, 4]] {
            let error = refused(Model::new(&x, x.reshape(sizes.clone())));
            assert!(error.contains(&format!("{sizes:?}")), "{error}");
        }
        Model::new(&x, x.reshape([-1, 6, 2])).unwrap();
    }

    #[test]
    fn no_axis_to_compute_over_is_refused() {
        let x = Input::new([3, 4]).symbol();
        let model = Model::new(&x, x.activate(crate::layers::Activation::Softmax)).unwrap();
        let mut json = model.to_json().unwrap();
        for axes in [serde_json::Value::Null, serde_json::json!([])] {
            json["config"]["layers"][1]["config"]["axis"] = axes;
            assert!(refused(Model::from_json(&json)).contains("no axis"));
        }
        let layers: [Symbol; 4] = [
            Softmax::new().axis([]).on(&x),
            UnitNormalization::new().axis([]).on(&x),
            LayerNormalization::new().axis([]).on(&x),
            RMSNormalization::new().axis([]).on(&x),
        ];
        for y in layers {
            assert!(refused(Model::new(&x, y)).contains("no axis"));
        }
    }

    #[test]
    fn constants_stand_on_either_side() {
        let x = Input::new([2]).symbol();
        let (row, two) = (Tensor::from([2.0, 3.0]), Tensor::from([[1.0, 2.0]]));
        let base: Symbol = x.abs();
        for (y, expected) in [
            (base.power(&row), vec![4.0, 27.0]),
            (base.power(&x), vec![4.0, 1.0 / 27.0]),
            (x.matmul(Tensor::from([[1.0], [10.0]])), vec![-28.0]),
            (&x + &two, vec![3.0, -1.0]),
        ] {
            let model = Model::new(&x, y).unwrap();
            let got = model.predict([[2.0, -3.0]]).unwrap();
            assert!(got.as_slice().iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-6), "{got:?}");
            let again = Model::from_json(&model.to_json().unwrap()).unwrap();
            assert_eq!(again.predict([[2.0, -3.0]]).unwrap(), got);
        }
        let hidden = Dense::new(2).on(&x);
        let bounded = Model::new(&x, hidden.minimum(f32::INFINITY).clip(f32::NEG_INFINITY, 1.0)).unwrap();
        let json = bounded.to_json().unwrap();
        assert_eq!(Model::from_json(&json).unwrap().to_json().unwrap(), json);
    }

    #[test]
    fn a_constant_is_joined_where_it_is_the_same_for_all_examples() {
        let x = Input::new([2]).symbol();
        let mut json = Model::new(&x, Symbol::concatenate([&x, &x], -1)).unwrap().to_json().unwrap();
        let mut with = |rows: serde_json::Value| {
            let constant = serde_json::json!({"class_name": "__numpy__", "config": {"value": rows, "dtype": "float32"}});
            json["config"]["layers"][1]["inbound_nodes"][0]["args"][0][0] = constant;
            Model::from_json(&json)
        };
        let model = with(serde_json::json!([[7.0], [7.0]])).unwrap();
        let y = model.predict([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]).unwrap();
        assert_eq!(y.as_slice(), [7.0, 1.0, 2.0, 7.0, 3.0, 4.0, 7.0, 5.0, 6.0]);
        assert_eq!(Model::from_json(&model.to_json().unwrap()).unwrap().predict([[1.0, 2.0]]).unwrap().as_slice(), [7.0, 1.0, 2.0]);
        assert!(refused(with(serde_json::json!([[7.0], [8.0]]))).contains("examples that differ"));
    }
}
