use std::fmt::{self, Display};

use super::network::Network;
use super::parameter::ParamCount;
use crate::Result;

/// The table of a model's layers: print it.
///
/// ```
/// use practicum_core::prelude::*;
///
/// let model = Sequential::new().add(Input::new([4])).add(Dense::new(3));
/// let text = model.summary()?.to_string();
/// assert!(
///     text.contains("dense (Dense)")
///         && text.contains("(None, 3)")
///         && text.contains("Total params: 15")
/// );
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Summary {
    model: String,
    /// Layer (with its class), output shape, parameters.
    rows: Vec<[String; 3]>,
    /// What each layer is called on, where layers do not stand in a row.
    connections: Option<Vec<String>>,
    count: ParamCount,
}

impl Summary {
    pub(crate) fn new(model: &str, network: &Network) -> Result<Self> {
        let shapes = |values: std::ops::Range<usize>| {
            let shapes: Vec<String> = values.filter_map(|value| network.shape(value)).map(ToString::to_string).collect();
            if let [one] = &shapes[..] { one.clone() } else { format!("[{}]", shapes.join(", ")) }
        };
        let row = |(index, node): (usize, &super::network::Node)| {
            let params: usize = node.params.iter().map(|param| network.parameters()[*param].value().len()).sum();
            let shape = network.outputs_of(index).map(shapes).unwrap_or_default();
            [format!("{} ({})", node.name, node.layer.class_name()), shape, thousands(params)]
        };
        let mut rows = Vec::new();
        if network.class_name() == "Functional" {
            let input = |(value, name): (usize, &String)| [format!("{name} (InputLayer)"), shapes(value..value + 1), thousands(0)];
            rows.extend(network.input_names().iter().enumerate().map(input));
        }
        rows.extend(network.nodes().iter().enumerate().map(row));
        let connections = (!stands_in_a_row(network)).then(|| connections(network));
        Ok(Self { model: model.to_owned(), rows, connections, count: network.param_count()? })
    }

    /// What each layer is called on, as `layer[call][output]`, where layers do not stand in a row.
    pub fn connections(&self) -> Option<&[String]> {
        self.connections.as_deref()
    }

    /// How many parameters there are, and how many of them learn.
    pub fn param_count(&self) -> ParamCount {
        self.count
    }

    /// Layer with its class, output shape, and parameters, for each layer.
    pub fn rows(&self) -> &[[String; 3]] {
        &self.rows
    }
}

/// Whether each layer is called once, on the output of the one before it.
fn stands_in_a_row(network: &Network) -> bool {
    let follows = |(place, call): (usize, &super::network::CallSite)| {
        let before = place.checked_sub(1).map_or(0, |before| network.calls()[before].outputs.start);
        *call.inputs == [before] && call.outputs.len() == 1
    };
    network.input_names().len() == 1 && network.outputs().len() == 1 && network.calls().iter().enumerate().all(follows)
}

fn connections(network: &Network) -> Vec<String> {
    let place = |&value: &usize| match network.producer(value) {
        Some((made, output)) => {
            let mut calls = network.calls().iter().filter(|call| call.node == made.node);
            let call = calls.position(|call| call.outputs == made.outputs).unwrap_or(0);
            format!("{}[{call}][{output}]", network.nodes()[made.node].name)
        }
        None => format!("{}[0][0]", network.input_names()[value]),
    };
    let of_node = |node: usize| {
        let calls = network.calls().iter().filter(|call| call.node == node);
        calls.flat_map(|call| call.inputs.iter().map(place)).collect::<Vec<_>>().join(", ")
    };
    let inputs = network.input_names().iter().map(|_| "-".to_owned());
    inputs.chain((0..network.nodes().len()).map(of_node)).collect()
}

/// 1234567 as 1,234,567.
pub(crate) fn thousands(number: impl ToString) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A size in the unit that Keras would choose.
fn memory(params: usize) -> String {
    let mut size = params as f64 * 4.0;
    for unit in ["B", "KB", "MB", "GB"] {
        if size < 1024.0 {
            return format!("{size:.2} {unit}");
        }
        size /= 1024.0;
    }
    format!("{size:.2} TB")
}

impl Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table: Vec<Vec<&str>> = vec![vec!["Layer (type)", "Output Shape", "Param #"]];
        table.extend(self.rows.iter().map(|row| row.iter().map(String::as_str).collect()));
        if let Some(connections) = &self.connections {
            let cells = std::iter::once("Connected to").chain(connections.iter().map(String::as_str));
            table.iter_mut().zip(cells).for_each(|(row, cell)| row.push(cell));
        }
        let width = |column: usize| table.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..table[0].len()).map(width).collect();
        let line = |f: &mut fmt::Formatter<'_>, [left, middle, right]: [&str; 3]| {
            let bars: Vec<String> = widths.iter().map(|width| "─".repeat(width + 2)).collect();
            writeln!(f, "{left}{}{right}", bars.join(middle))
        };
        let row = |f: &mut fmt::Formatter<'_>, row: &[&str]| {
            for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
                // Numbers stand at the right.
                if column == 2 { write!(f, "│ {cell:>width$} ")? } else { write!(f, "│ {cell:width$} ")? }
            }
            writeln!(f, "│")
        };
        writeln!(f, "Model: \"{}\"", self.model)?;
        line(f, ["┌", "┬", "┐"])?;
        row(f, &table[0])?;
        line(f, ["├", "┼", "┤"])?;
        table[1..].iter().try_for_each(|cells| row(f, cells))?;
        line(f, ["└", "┴", "┘"])?;
        let ParamCount { total, trainable, non_trainable } = self.count;
        writeln!(f, " Total params: {} ({})", thousands(total), memory(total))?;
        writeln!(f, " Trainable params: {} ({})", thousands(trainable), memory(trainable))?;
        write!(f, " Non-trainable params: {} ({})", thousands(non_trainable), memory(non_trainable))
    }
}
