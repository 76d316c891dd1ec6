//! Weights as they were laid out by older Keras, brought into today's layout.

use crate::{Result, Shape, Tensor};

/// An array of the file, and what it is called there.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) name: String,
    pub(super) value: Tensor,
}

/// What a parameter of the model is called within its layer, and its shape.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) shape: Shape,
}

impl Wanted {
    /// The last part of its path: `kernel`.
    pub(super) fn kind(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or_default()
    }
}

/// Brings the arrays of a recurrent layer into the number and the layout in which the layer has them, where the differences are
/// those of older versions. Others stay as they are.
pub(super) fn convert_cells(wanted: &[Wanted], stored: Vec<Stored>) -> Result<Vec<Stored>> {
    let Some(cells) = cells_of(wanted) else { return Ok(stored) };
    let mut stored = join_gates(&cells, stored)?;
    if stored.len() == wanted.len() {
        for (cell, arrays) in cells.iter().zip(stored.chunks_mut(wanted.len() / cells.len())) {
            from_cudnn(cell, arrays)?;
        }
    }
    Ok(stored)
}

/// A recurrent cell among the parameters of a layer.
struct Cell {
    gates: usize,
    units: usize,
    bias: Option<Shape>,
}

/// The cells of a recurrent layer, two where it runs both ways; none for other layers.
fn cells_of(wanted: &[Wanted]) -> Option<Vec<Cell>> {
    let mut cells = Vec::new();
    let mut rest = wanted;
    while let [kernel, recurrent, others @ ..] = rest {
        let (&[_, wide], &[units, all]) = (kernel.shape.dims(), recurrent.shape.dims()) else { return None };
        if kernel.kind() != "kernel" || recurrent.kind() != "recurrent_kernel" || wide != all || units == 0 || all % units != 0 {
            return None;
        }
        let bias = others.first().filter(|bias| bias.kind() == "bias");
        cells.push(Cell { gates: all / units, units, bias: bias.map(|bias| bias.shape) });
        rest = if bias.is_some() { &others[1..] } else { others };
    }
    (rest.is_empty() && !cells.is_empty()).then_some(cells)
}

/// Keras 1 kept three arrays a gate: W, U and b, with the gates of an LSTM in the order i, c, f, o.
fn join_gates(cells: &[Cell], stored: Vec<Stored>) -> Result<Vec<Stored>> {
    let each: usize = cells.iter().map(|cell| 3 * cell.gates).sum();
    if stored.len() != each || cells.iter().any(|cell| cell.gates == 1 || cell.bias.is_none()) {
        return Ok(stored);
    }
    let mut joined = Vec::new();
    let mut rest = &stored[..];
    for cell in cells {
        let (arrays, others) = rest.split_at(3 * cell.gates);
        let order: Vec<usize> = if cell.gates == 4 { vec![0, 2, 1, 3] } else { (0..cell.gates).collect() };
        for kind in 0..3 {
            let parts: Vec<&Tensor> = order.iter().map(|gate| &arrays[3 * gate + kind].value).collect();
            joined.push(Stored { name: arrays[kind].name.clone(), value: Tensor::concat(&parts, -1)? });
        }
        rest = others;
    }
    Ok(joined)
}

/// CuDNN's layout: kernels are transposed gate by gate, and there are two biases.
fn from_cudnn(cell: &Cell, arrays: &mut [Stored]) -> Result<()> {
    let (Some(wanted), [kernel, recurrent, bias]) = (cell.bias, arrays) else { return Ok(()) };
    let width = cell.gates * cell.units;
    if bias.value.shape().dims() != [2 * width] || bias.value.shape() == wanted {
        return Ok(());
    }
    let &[features, all] = kernel.value.shape().dims() else { return Ok(()) };
    if all != width || recurrent.value.shape().dims() != [cell.units, width] {
        return Ok(());
    }
    kernel.value = gate_by_gate(&kernel.value, cell.gates, |gate| gate.reshape([cell.units, features])?.permute(&[1, 0]))?;
    recurrent.value = gate_by_gate(&recurrent.value, cell.gates, |gate| gate.permute(&[1, 0]))?;
    let both = bias.value.reshape([2, width])?;
    bias.value = if wanted.rank() == 1 { both.sum_axis(0)? } else { both };
    Ok(())
}

fn gate_by_gate(kernel: &Tensor, gates: usize, of: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
    let width = kernel.shape().last() / gates;
    let parts = (0..gates).map(|gate| of(&kernel.slice(-1, gate * width..(gate + 1) * width)?));
    let parts = parts.collect::<Result<Vec<_>>>()?;
    Tensor::concat(&parts.iter().collect::<Vec<_>>(), -1)
}

/// The value of a parameter from its array: kernels of Theano are turned round and have the filters first, and those of Keras 1
/// for sequences have an axis more.
pub(super) fn convert_kernel(wanted: &Wanted, value: &Tensor, theano: bool) -> Result<Tensor> {
    let shape = wanted.shape;
    if !wanted.kind().ends_with("kernel") || shape.rank() < 3 {
        return Ok(value.clone());
    }
    let fits = |value: &Tensor| value.shape() == shape;
    let mut turned = value.clone();
    if shape.rank() == 3 && value.rank() == 4 {
        for axes in [[0, 1, 2, 3], [2, 3, 1, 0]] {
            let other = value.permute(&axes)?;
            if other.shape()[1] == 1 && other.squeeze(1).is_ok_and(|other| fits(&other)) {
                turned = other.squeeze(1)?;
                break;
            }
        }
    } else if shape.rank() == 4 && value.rank() == 4 && !fits(value) {
        for axes in [[2, 3, 1, 0], [0, 1, 3, 2], [2, 3, 0, 1]] {
            let other = value.permute(&axes)?;
            if fits(&other) {
                turned = other;
                break;
            }
        }
    }
    if theano && fits(&turned) {
        for axis in 0..shape.rank() as isize - 2 {
            turned = turned.flip(axis)?;
        }
    }
    Ok(turned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(shapes: [&[usize]; 3]) -> Vec<Wanted> {
        let names = ["kernel", "recurrent_kernel", "bias"];
        names.iter().zip(shapes).map(|(name, dims)| Wanted { name: (*name).to_owned(), shape: Shape::new(dims).unwrap() }).collect()
    }

    fn stored(shape: &[usize], first: f32) -> Stored {
        let shape = Shape::new(shape).unwrap();
        let numbers = (0..shape.size()).map(|number| first + number as f32).collect();
        Stored { name: String::new(), value: Tensor::new(shape, numbers).unwrap() }
    }

    #[test]
    fn gates_of_keras_1_come_in_todays_order() {
        // W, U and b of i, c, f and o.
        let arrays = (0..4).flat_map(|gate| [stored(&[1, 1], gate as f32), stored(&[1, 1], 10.0 + gate as f32), stored(&[1], 20.0)]);
        let joined = convert_cells(&wanted([&[1, 4], &[1, 4], &[4]]), arrays.collect()).unwrap();
        assert_eq!(joined[0].value.as_slice(), [0.0, 2.0, 1.0, 3.0]);
        assert_eq!(joined[1].value.as_slice(), [10.0, 12.0, 11.0, 13.0]);
        assert_eq!(joined[2].value.shape().dims(), [4]);
    }

    #[test]
    fn cudnn_kernels_are_transposed_by_gate_and_biases_added() {
        let arrays = vec![stored(&[2, 4], 0.0), stored(&[1, 4], 0.0), stored(&[8], 0.0)];
        let lstm = convert_cells(&wanted([&[2, 4], &[1, 4], &[4]]), arrays.clone()).unwrap();
        // With one unit, the transposed kernel of a gate is the kernel.
        assert_eq!(lstm[0].value.as_slice(), arrays[0].value.as_slice());
        assert_eq!(lstm[2].value.as_slice(), [4.0, 6.0, 8.0, 10.0]);
        let arrays = vec![stored(&[3, 6], 0.0), stored(&[2, 6], 0.0), stored(&[12], 0.0)];
        let gru = convert_cells(&wanted([&[3, 6], &[2, 6], &[2, 6]]), arrays).unwrap();
        // Gate 0 holds 0 1, 6 7, 12 13: as two rows of three, 0 1 6 and 7 12 13.
        assert_eq!(gru[0].value.slice(-1, 0..2).unwrap().as_slice(), [0.0, 7.0, 1.0, 12.0, 6.0, 13.0]);
        assert_eq!(gru[1].value.slice(-1, 0..2).unwrap().as_slice(), [0.0, 6.0, 1.0, 7.0]);
        assert_eq!(gru[2].value.shape().dims(), [2, 6]);
    }

    #[test]
    fn kernels_of_theano_are_turned_round() {
        let kernel = Wanted { name: "kernel".into(), shape: Shape::new(&[2, 2, 1, 3]).unwrap() };
        // Filters first.
        let turned = convert_kernel(&kernel, &stored(&[3, 1, 2, 2], 0.0).value, true).unwrap();
        assert_eq!(turned.as_slice(), [3.0, 7.0, 11.0, 2.0, 6.0, 10.0, 1.0, 5.0, 9.0, 0.0, 4.0, 8.0]);
    }

    #[test]
    fn sequences_of_keras_1_lose_an_axis() {
        let kernel = Wanted { name: "kernel".into(), shape: Shape::new(&[3, 2, 4]).unwrap() };
        for dims in [[3, 1, 2, 4], [4, 2, 3, 1]] {
            let turned = convert_kernel(&kernel, &stored(&dims, 0.0).value, false).unwrap();
            assert_eq!(turned.shape().dims(), [3, 2, 4]);
        }
    }
}
