use practicum_core::autodiff::Var;
use practicum_core::layers::{Build, Call, Config, LayerSpec, Registry, Weight, WeightSpec};
use practicum_core::prelude::*;
use practicum_tests::golden::{Case, Family, Outcome, numbers};

#[test]
fn outputs_gradients_and_masks() {
    let family = Family::load("recurrent").unwrap();
    family.run(&[], check).unwrap_or_else(|failures| panic!("{failures}"));
}

/// A layer that is given a mask and initial states beside its input, and whose outputs stand beside each other.
#[derive(Debug)]
struct Fed {
    layer: Box<dyn Layer>,
    mask: Option<Tensor>,
    states: Vec<Tensor>,
    weights: Vec<Weight>,
}

impl Layer for Fed {
    fn class_name(&self) -> &'static str {
        "Fed"
    }

    fn config(&self) -> Config {
        Config::new()
    }

    fn build(&mut self, cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        let mut inputs = vec![input.clone()];
        for (index, state) in self.states.iter().enumerate() {
            let spec = WeightSpec::new(&format!("initial_state/{index}"), state.shape().dims());
            self.weights.push(cx.weight(spec.value(state.clone()))?);
            inputs.push(PartialShape::batch_of(&state.shape()[1..]));
        }
        let outputs = self.layer.build_many(&mut cx.child(0, "layer"), &inputs)?;
        let sizes = outputs.iter().map(|shape| shape.example_size());
        Ok(PartialShape::new([None, sizes.sum::<Option<usize>>()]))
    }

    fn call(&self, cx: &Call<'_>, x: &Var) -> Result<Var> {
        let mut inputs = vec![x.clone()];
        for weight in &self.weights {
            inputs.push(cx.weight(*weight)?);
        }
        let masks = [self.mask.clone().map(|mask| cx.constant(mask))];
        let outputs = self.layer.call_many(&cx.child(0).with_masks(&masks), &inputs)?;
        let flat = outputs.iter().map(Var::flatten).collect::<Result<Vec<_>>>()?;
        Var::concat(&flat.iter().collect::<Vec<_>>(), 1)
    }

    fn compute_mask(&self, cx: &Call<'_>, inputs: &[Var]) -> Result<Option<Var>> {
        self.layer.compute_mask(&cx.child(0), inputs)
    }

    fn boxed_clone(&self) -> Box<dyn Layer> {
        let (mask, states, weights) = (self.mask.clone(), self.states.clone(), self.weights.clone());
        Box::new(Self { layer: self.layer.boxed_clone(), mask, states, weights })
    }
}

/// Outputs or upstream gradients beside each other, each example one row.
fn beside(tensors: &[Tensor]) -> Result<Tensor> {
    let flat =
        tensors.iter().map(|tensor| tensor.reshape([tensor.shape()[0], tensor.len() / tensor.shape()[0]])).collect::<Result<Vec<_>>>()?;
    Tensor::concat(&flat.iter().collect::<Vec<_>>(), 1)
}

fn check(case: &Case<'_>) -> Outcome {
    let layer = Registry::default().make(case.class()?, case.config())?;
    let again = Registry::default().make(case.class()?, layer.config())?;
    case.expect("the options of the layer made of its options", again.config(), layer.config());
    if case.name().ends_with("_initial_bias") {
        let model = Sequential::new().add(Input::open([None, Some(2)])).add(LayerSpec::boxed(layer));
        return case.compare("bias", &model.get_weights()[2]);
    }

    let (x, extra) = (case.tensor("input")?, case.listed("inputs")[1..].to_vec());
    let mask = extra.iter().find(|key| *key == "mask").map(|key| case.tensor(key)).transpose()?;
    let states = extra.iter().filter(|key| key.starts_with("initial_state")).map(|key| case.tensor(key)).collect::<Result<Vec<_>, _>>()?;
    let given = states.len();
    let mut model = Sequential::new().add(Input::new(&x.shape()[1..])).add(Fed { layer, mask, states: states.clone(), weights: vec![] });
    let weights = case.json("weights").as_array().map_or(0, Vec::len);
    model.set_weights(&[states, if weights > 0 { case.tensors("weights")? } else { vec![] }].concat())?;

    let tape = model.tape();
    let input = tape.variable(x.clone());
    let traced = model.call(&input, false)?;
    let (outputs, upstream) = (case.tensors("outputs")?, beside(&case.tensors("upstream")?)?);
    let (all, mut start) = (traced.output.value()?, 0);
    for (key, expected) in case.listed("outputs").iter().zip(&outputs) {
        let size = expected.len() / x.shape()[0];
        case.compare(key, &all.slice(1, start..start + size)?.reshape(expected.shape())?)?;
        start += size;
    }
    if !case.json("masks").is_null() {
        case.compare("output_mask", &traced.masks[0].as_ref().ok_or("there is no mask")?.value()?)?;
    }

    let mut ends = vec![(&traced.output, upstream)];
    let mut penalties = Vec::new();
    for penalty in &traced.penalties {
        penalties.push(f64::from(penalty.value()?.item()?));
        ends.push((penalty, Tensor::ones(penalty.shape())?));
    }
    case.compare_slices("losses", &penalties, &numbers(case.json("losses")).unwrap_or_default());
    let gradients = tape.backward(&ends)?;
    for (index, state) in traced.weights[..given].iter().enumerate() {
        case.compare(&format!("grad/initial_state/{index}"), &gradients.of(state)?)?;
    }
    let names = case.json("weights").as_array().cloned().unwrap_or_default();
    for (name, weight) in names.iter().zip(&traced.weights[given..]) {
        case.compare(&format!("grad/{}", name["name"].as_str().unwrap_or_default()), &gradients.of(weight)?)?;
    }
    if case.class()? != "Embedding" {
        case.compare("grad/input", &gradients.of(&input)?)?;
    }
    Ok(())
}
