use serde_json::{Value, json};

use super::Argument;
use super::shapes::{get_item, matmul, parts, read_items, reshape, squeeze};
use crate::autodiff::Var;
use crate::config::{read_number, written};
use crate::layers::{Activation, Axes, Config};
use crate::{Error, Result, Shape, Tensor};

/// What an operation computes, with the options that are no tensors.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Function {
    /// A function of two tensors or constants that broadcast.
    Binary(Binary),
    /// A function of each number.
    Unary(Unary),
    /// An activation function without options.
    Activation(Activation),
    LeakyRelu(f32),
    Elu(f32),
    Gelu {
        approximate: bool,
    },
    Softmax(Axes),
    LogSoftmax(isize),
    Clip(f32, f32),
    Reduce {
        reduction: Reduction,
        axes: Option<Axes>,
        keepdims: bool,
    },
    Reshape(Vec<isize>),
    Transpose(Option<Vec<usize>>),
    ExpandDims(isize),
    Squeeze(Option<Axes>),
    Concatenate(isize),
    Stack(isize),
    /// Slices with a step of 1, single indices, new axes and an ellipsis.
    GetItem(Vec<Item>),
    /// To float32, which all tensors are here.
    Cast,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    TrueDivide,
    Power,
    Maximum,
    Minimum,
    Matmul,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unary {
    Negative,
    Absolute,
    Square,
    Sqrt,
    Exp,
    Log,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reduction {
    Sum,
    Mean,
    Max,
    Min,
}

/// What is taken along an axis; negative indices count from the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    Range(Option<isize>, Option<isize>),
    Index(isize),
    /// A new axis of size 1.
    NewAxis,
    /// The axes that the other keys leave, whole.
    Ellipsis,
}

const BINARY: [(&str, Binary); 9] = [
    ("Add", Binary::Add),
    ("Subtract", Binary::Subtract),
    ("Multiply", Binary::Multiply),
    ("Divide", Binary::Divide),
    ("TrueDivide", Binary::TrueDivide),
    ("Power", Binary::Power),
    ("Maximum", Binary::Maximum),
    ("Minimum", Binary::Minimum),
    ("Matmul", Binary::Matmul),
];

const UNARY: [(&str, Unary); 6] = [
    ("Negative", Unary::Negative),
    ("Absolute", Unary::Absolute),
    ("Square", Unary::Square),
    ("Sqrt", Unary::Sqrt),
    ("Exp", Unary::Exp),
    ("Log", Unary::Log),
];

const REDUCTIONS: [(&str, Reduction); 4] =
    [("Sum", Reduction::Sum), ("Mean", Reduction::Mean), ("Max", Reduction::Max), ("Min", Reduction::Min)];

const ACTIVATIONS: [(&str, Activation); 11] = [
    ("Relu", Activation::Relu),
    ("Relu6", Activation::Relu6),
    ("Sigmoid", Activation::Sigmoid),
    ("HardSigmoid", Activation::HardSigmoid),
    ("LogSigmoid", Activation::LogSigmoid),
    ("Tanh", Activation::Tanh),
    ("Softplus", Activation::Softplus),
    ("Softsign", Activation::Softsign),
    ("Silu", Activation::Silu),
    ("HardSilu", Activation::HardSilu),
    ("Selu", Activation::Selu),
];

const OTHERS: [&str; 14] = [
    "LeakyRelu",
    "Elu",
    "Gelu",
    "Softmax",
    "LogSoftmax",
    "Clip",
    "Reshape",
    "Transpose",
    "ExpandDims",
    "Squeeze",
    "Concatenate",
    "Stack",
    "GetItem",
    "Cast",
];

fn find<T: Copy>(table: &[(&'static str, T)], class: &str) -> Option<T> {
    table.iter().find(|(name, _)| *name == class).map(|(_, function)| *function)
}

fn name_in<T: PartialEq>(table: &[(&'static str, T)], wanted: &T) -> &'static str {
    table.iter().find(|(_, function)| function == wanted).map_or("Activation", |(name, _)| name)
}

/// The options of an operation in a file; each is taken once.
struct Options<'a> {
    class: &'a str,
    left: Config,
}

impl Options<'_> {
    fn take<T: serde::de::DeserializeOwned>(&mut self, option: &str) -> Result<T> {
        let value = self.left.remove(option).unwrap_or_default();
        serde_json::from_value(value.clone()).map_err(|source| Error::format(format!("{option} = {value} of {}: {source}", self.class)))
    }

    fn take_or<T: serde::de::DeserializeOwned>(&mut self, option: &str, absent: T) -> Result<T> {
        if self.left.contains_key(option) { self.take(option) } else { Ok(absent) }
    }

    fn take_number(&mut self, option: &str, absent: Option<f32>) -> Result<f32> {
        let value = self.left.remove(option);
        let number = value.as_ref().map_or(absent, |value| Some(read_number(value)? as f32));
        number.ok_or_else(|| Error::format(format!("{option} = {} of {}: expected a number", value.unwrap_or_default(), self.class)))
    }

    fn finish(self) -> Result<()> {
        match self.left.into_iter().find(|(_, value)| !value.is_null()) {
            Some((option, value)) => Err(Error::format(format!("{} with {option} = {value} has no counterpart here", self.class))),
            None => Ok(()),
        }
    }
}

impl Function {
    /// The function of this class with these options; `items` are the arguments of its call after the tensor.
    pub(crate) fn read(class: &str, config: &Config, items: &[Value]) -> Result<Self> {
        let mut options = Options { class, left: config.clone() };
        let about: &[&str] = if class == "Cast" { &["name"] } else { &["name", "dtype"] };
        options.left.retain(|option, _| !about.contains(&option.as_str()));
        let function = if let Some(function) = find(&BINARY, class) {
            Self::Binary(function)
        } else if let Some(function) = find(&UNARY, class) {
            Self::Unary(function)
        } else if let Some(activation) = find(&ACTIVATIONS, class) {
            Self::Activation(activation)
        } else if let Some(reduction) = find(&REDUCTIONS, class) {
            let axes = if options.left.get("axis").is_none_or(Value::is_null) { None } else { Some(options.take("axis")?) };
            options.left.remove("axis");
            Self::Reduce { reduction, axes, keepdims: options.take_or("keepdims", false)? }
        } else {
            Self::read_other(class, &mut options, items)?
        };
        options.finish()?;
        Ok(function)
    }

    fn read_other(class: &str, options: &mut Options<'_>, items: &[Value]) -> Result<Self> {
        Ok(match class {
            "LeakyRelu" => Self::LeakyRelu(options.take_number("negative_slope", Some(0.2))?),
            "Elu" => Self::Elu(options.take_number("alpha", Some(1.0))?),
            "Gelu" => Self::Gelu { approximate: options.take_or("approximate", true)? },
            "Softmax" => Self::Softmax(options.take_or("axis", Axes::from(-1))?),
            "LogSoftmax" => Self::LogSoftmax(options.take_or("axis", -1)?),
            "Clip" => Self::Clip(options.take_number("x_min", None)?, options.take_number("x_max", None)?),
            "Reshape" => Self::Reshape(options.take("newshape")?),
            "Transpose" => Self::Transpose(options.take("axes")?),
            "ExpandDims" => Self::ExpandDims(options.take("axis")?),
            "Squeeze" => {
                let axes: Value = options.take("axis")?;
                Self::Squeeze(if axes.is_null() {
                    None
                } else {
                    Some(serde_json::from_value(axes).map_err(|e| Error::format(e.to_string()))?)
                })
            }
            "Concatenate" => Self::Concatenate(options.take_or("axis", -1)?),
            "Stack" => Self::Stack(options.take_or("axis", 0)?),
            "GetItem" => Self::GetItem(read_items(items)?),
            "Cast" => {
                let dtype: Value = options.take("dtype")?;
                if dtype != "float32" {
                    return Err(Error::format(format!("Cast to {dtype} has no counterpart here: all tensors are float32")));
                }
                Self::Cast
            }
            _ => {
                let tables = [names(&BINARY), names(&UNARY), names(&REDUCTIONS), names(&ACTIVATIONS), OTHERS.to_vec()].concat();
                return Err(Error::unknown("function of keras.ops", class, tables));
            }
        })
    }

    pub(crate) fn class(&self) -> &'static str {
        match self {
            Self::Binary(function) => name_in(&BINARY, function),
            Self::Unary(function) => name_in(&UNARY, function),
            Self::Activation(activation) => name_in(&ACTIVATIONS, activation),
            Self::Reduce { reduction, .. } => name_in(&REDUCTIONS, reduction),
            Self::LeakyRelu(_) => "LeakyRelu",
            Self::Elu(_) => "Elu",
            Self::Gelu { .. } => "Gelu",
            Self::Softmax(_) => "Softmax",
            Self::LogSoftmax(_) => "LogSoftmax",
            Self::Clip(..) => "Clip",
            Self::Reshape(_) => "Reshape",
            Self::Transpose(_) => "Transpose",
            Self::ExpandDims(_) => "ExpandDims",
            Self::Squeeze(_) => "Squeeze",
            Self::Concatenate(_) => "Concatenate",
            Self::Stack(_) => "Stack",
            Self::GetItem(_) => "GetItem",
            Self::Cast => "Cast",
        }
    }

    pub(crate) fn module(&self) -> &'static str {
        Self::module_of(self.class()).unwrap_or("keras.src.ops.numpy")
    }

    /// The module in which Keras has a function of this class; none where there is no such function.
    pub(crate) fn module_of(class: &str) -> Option<&'static str> {
        let of_networks = ["LeakyRelu", "Elu", "Gelu", "Softmax", "LogSoftmax"].contains(&class);
        if of_networks || class != "Tanh" && find(&ACTIVATIONS, class).is_some() {
            return Some("keras.src.ops.nn");
        }
        if class == "Cast" {
            return Some("keras.src.ops.core");
        }
        let known = class == "Tanh" || OTHERS.contains(&class) || find(&BINARY, class).is_some();
        (known || find(&UNARY, class).is_some() || find(&REDUCTIONS, class).is_some()).then_some("keras.src.ops.numpy")
    }

    pub(crate) fn options(&self) -> Config {
        let options = match self {
            Self::Binary(_) | Self::Unary(_) | Self::Activation(_) | Self::GetItem(_) => json!({}),
            Self::LeakyRelu(slope) => json!({"negative_slope": written((*slope).into())}),
            Self::Elu(alpha) => json!({"alpha": written((*alpha).into())}),
            Self::Gelu { approximate } => json!({"approximate": approximate}),
            Self::Softmax(axes) => json!({"axis": axes}),
            Self::LogSoftmax(axis) | Self::Concatenate(axis) | Self::Stack(axis) | Self::ExpandDims(axis) => json!({"axis": axis}),
            Self::Clip(low, high) => json!({"x_min": written((*low).into()), "x_max": written((*high).into())}),
            Self::Reduce { axes, keepdims, .. } => json!({"axis": axes, "keepdims": keepdims}),
            Self::Reshape(shape) => json!({"newshape": shape}),
            Self::Transpose(axes) => json!({"axes": axes}),
            Self::Squeeze(axes) => json!({"axis": axes}),
            Self::Cast => json!({"dtype": "float32"}),
        };
        options.as_object().cloned().unwrap_or_default()
    }

    /// The arguments of the call after the tensor, as Keras writes them.
    pub(crate) fn items(&self) -> Option<Value> {
        let Self::GetItem(items) = self else { return None };
        let item = |item: &Item| match item {
            Item::Range(start, stop) => json!({"class_name": "__slice__", "config": {"start": start, "stop": stop, "step": null}}),
            Item::Index(index) => json!(index),
            Item::NewAxis => Value::Null,
            Item::Ellipsis => json!({"class_name": "__ellipsis__", "config": {}}),
        };
        Some(items.iter().map(item).collect())
    }

    /// Whether its tensors come as one list.
    pub(crate) fn takes_a_list(&self) -> bool {
        matches!(self, Self::Concatenate(_) | Self::Stack(_))
    }

    /// Whether constants may stand beside its tensors.
    pub(crate) fn takes_constants(&self) -> bool {
        matches!(self, Self::Binary(_)) || self.takes_a_list()
    }

    pub(crate) fn apply(&self, x: &[Var], arguments: &[Argument]) -> Result<Var> {
        let first = x.first().ok_or_else(|| Error::argument(format!("{} is called on nothing", self.class())))?;
        match self {
            Self::Binary(function) => function.apply(x, arguments),
            Self::Unary(function) => function.apply(first),
            Self::Activation(activation) => first.activate(*activation),
            Self::LeakyRelu(slope) => first.rectify(f32::INFINITY, *slope, 0.0),
            Self::Elu(alpha) => first.elu(*alpha),
            Self::Gelu { approximate } => first.activate(if *approximate { Activation::GeluTanh } else { Activation::Gelu }),
            Self::Softmax(axes) => {
                let gathered = axes.gather(first)?;
                gathered.back(&gathered.rows.softmax()?)
            }
            Self::LogSoftmax(axis) => {
                let gathered = Axes::from(*axis).gather(first)?;
                gathered.back(&gathered.rows.log_softmax()?)
            }
            Self::Clip(low, high) => first.clip(*low, *high),
            Self::Reduce { reduction, axes, keepdims } => reduction.apply(first, axes.as_ref(), *keepdims),
            Self::Reshape(shape) => reshape(first, shape),
            Self::Transpose(axes) => axes.as_ref().map_or_else(|| first.transpose(), |axes| first.permute(axes)),
            Self::ExpandDims(axis) => first.expand_dims(*axis),
            Self::Squeeze(axes) => squeeze(first, axes.as_ref()),
            Self::Concatenate(axis) => Var::concat(&parts(x, arguments)?.iter().collect::<Vec<_>>(), *axis),
            Self::Stack(axis) => {
                let parts: Vec<Var> = parts(x, arguments)?.iter().map(|x| x.expand_dims(*axis)).collect::<Result<_>>()?;
                let axis = if *axis < 0 { axis + parts[0].shape().rank() as isize } else { *axis };
                Var::concat(&parts.iter().collect::<Vec<_>>(), axis)
            }
            Self::GetItem(items) => get_item(first, items),
            Self::Cast => Ok(first.clone()),
        }
    }
}

fn names<T>(table: &[(&'static str, T)]) -> Vec<&'static str> {
    table.iter().map(|(name, _)| *name).collect()
}

impl Unary {
    fn apply(self, x: &Var) -> Result<Var> {
        match self {
            Self::Negative => x.neg(),
            Self::Absolute => x.abs(),
            Self::Square => x.square(),
            Self::Sqrt => x.sqrt(),
            Self::Exp => x.exp(),
            Self::Log => x.ln(),
        }
    }
}

impl Binary {
    fn apply(self, x: &[Var], arguments: &[Argument]) -> Result<Var> {
        let [a, b] = arguments else {
            return Err(Error::argument(format!("{} takes two arguments, got {}", name_in(&BINARY, &self), arguments.len())));
        };
        match (a, b) {
            (Argument::Input, Argument::Number(number)) => self.with_number(&x[0], *number),
            (Argument::Number(number), Argument::Input) => self.of_number(*number, &x[0]),
            (Argument::Input, Argument::Constant(b)) => self.of_tensors(&x[0], &x[0].tape().constant(b.clone())),
            (Argument::Constant(a), Argument::Input) => self.of_tensors(&x[0].tape().constant(a.clone()), &x[0]),
            (Argument::Input, Argument::Input) => self.of_tensors(&x[0], &x[1]),
            _ => Err(Error::argument("an operation of a graph has a tensor among its arguments")),
        }
    }

    /// The function of `x` and a number.
    fn with_number(self, x: &Var, number: f32) -> Result<Var> {
        match self {
            Self::Add => x.affine(1.0, number),
            Self::Subtract => x.affine(1.0, -number),
            Self::Multiply => x.scale(number),
            Self::Power => x.pow(number),
            _ => self.of_tensors(x, &constant(x, number)?),
        }
    }

    /// The function of a number and `x`.
    fn of_number(self, number: f32, x: &Var) -> Result<Var> {
        match self {
            Self::Add => x.affine(1.0, number),
            Self::Subtract => x.affine(-1.0, number),
            Self::Multiply => x.scale(number),
            Self::Power if number > 0.0 && number.is_finite() => x.scale(number.ln())?.exp(),
            _ => self.of_tensors(&constant(x, number)?, x),
        }
    }

    fn of_tensors(self, a: &Var, b: &Var) -> Result<Var> {
        match self {
            Self::Add => a.add(b),
            Self::Subtract => a.sub(b),
            Self::Multiply => a.mul(b),
            Self::Divide | Self::TrueDivide => a.div(b),
            Self::Maximum => a.maximum(b),
            Self::Minimum => a.minimum(b),
            Self::Matmul => matmul(a, b),
            Self::Power => a.power(b),
        }
    }
}

pub(super) fn constant(x: &Var, number: f32) -> Result<Var> {
    Ok(x.tape().constant(Tensor::full(Shape::SCALAR, number)?))
}

impl Reduction {
    fn apply(self, x: &Var, axes: Option<&Axes>, keepdims: bool) -> Result<Var> {
        let Some(axes) = axes else {
            return Err(Error::argument("a reduction over all axes mixes the examples of a batch").hint("name the axes, without 0"));
        };
        let mut y = x.clone();
        for axis in axes.of(x.shape().rank())?.into_iter().rev() {
            let axis = axis as isize;
            y = match self {
                Self::Sum => y.sum_axis(axis)?,
                Self::Mean => y.mean_axis(axis)?,
                Self::Max => y.max_axis(axis)?,
                Self::Min => y.neg()?.max_axis(axis)?.neg()?,
            };
            if keepdims {
                y = y.expand_dims(axis)?;
            }
        }
        Ok(y)
    }
}
