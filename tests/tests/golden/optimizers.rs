use practicum_core::autodiff::Var;
use practicum_core::initializers::Initializer;
use practicum_core::layers::{Build, Call, Config, Weight, WeightSpec};
use practicum_core::prelude::*;
use practicum_tests::golden::{Case, Family, Outcome};

use crate::models::{Result, optimizer};

#[test]
fn ten_steps() {
    let family = Family::load("optimizers").unwrap();
    family.run(&[], check).unwrap_or_else(|failures| panic!("{failures}"));
}

fn check(case: &Case<'_>) -> Outcome {
    let optimizer = optimizer(case.class()?, case.config())?;
    if case.json("defaults") == true {
        let default = match case.class()? {
            "SGD" => format!("{:?}", Sgd::default()),
            "RMSprop" => format!("{:?}", RmsProp::default()),
            "Adam" => format!("{:?}", Adam::default()),
            "AdamW" => format!("{:?}", AdamW::default()),
            "Adagrad" => format!("{:?}", Adagrad::default()),
            "Nadam" => format!("{:?}", Nadam::default()),
            "Adadelta" => format!("{:?}", Adadelta::default()),
            "Adamax" => format!("{:?}", Adamax::default()),
            "Lamb" => format!("{:?}", Lamb::default()),
            "Lion" => format!("{:?}", Lion::default()),
            "Ftrl" => format!("{:?}", Ftrl::default()),
            other => return Err(format!("no default {other}").into()),
        };
        case.expect("the default", default, format!("{optimizer:?}"));
        return Ok(());
    }
    let names = case.listed("parameters");
    let start = case.tensors("weights")?;
    let holder = Holder { shapes: start.iter().map(Tensor::shape).collect(), ..Holder::default() };
    let mut model = Sequential::new().add(Input::new([1])).add(holder);
    model.set_weights(&start)?;
    model.compile(optimizer, "mse", ())?;

    let gradients = case.tensors("inputs")?;
    let steps = gradients[0].shape()[0];
    let mut rates = Vec::new();
    let mut after = vec![Vec::new(); names.len()];
    for step in 0..steps {
        rates.push(model.learning_rate()?);
        let of_step: Vec<Option<Tensor>> =
            gradients.iter().zip(&start).map(|(all, weight)| at(all, step, weight.shape()).map(Some)).collect::<Result<_>>()?;
        model.apply_gradients(&of_step)?;
        for (after, weight) in after.iter_mut().zip(model.get_weights()) {
            after.extend_from_slice(weight.as_slice());
        }
    }
    case.compare_slices("learning_rates", &rates, &case.numbers("learning_rates")?);
    for ((name, start), (after, gradients)) in names.iter().zip(&start).zip(after.into_iter().zip(&gradients)) {
        let moved = after.iter().zip(start.as_slice().iter().cycle()).map(|(after, start)| after - start).collect();
        case.compare(&format!("after/{name}"), &Tensor::new(gradients.shape(), after)?)?;
        case.compare(&format!("moved/{name}"), &Tensor::new(gradients.shape(), moved)?)?;
    }
    Ok(())
}

/// What lies at an index of the first axis.
fn at(all: &Tensor, place: usize, shape: Shape) -> Result<Tensor> {
    Ok(all.index(0, place)?.reshape(shape)?)
}

/// A layer that only has parameters.
#[derive(Clone, Debug, Default)]
struct Holder {
    shapes: Vec<Shape>,
    weights: Vec<Weight>,
}

impl Layer for Holder {
    fn class_name(&self) -> &'static str {
        "Holder"
    }

    fn config(&self) -> Config {
        Config::new()
    }

    fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> practicum_core::Result<PartialShape> {
        for (place, shape) in self.shapes.iter().enumerate() {
            self.weights.push(cx.weight(WeightSpec::new(&place.to_string(), shape).initializer(Initializer::Zeros))?);
        }
        Ok(input.clone())
    }

    fn call(&self, _cx: &Call<'_>, x: &Var) -> practicum_core::Result<Var> {
        Ok(x.clone())
    }

    fn boxed_clone(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}
