//! Which array of a file belongs to which parameter of a model.
//!
//! Three layouts are known: that of Keras 3, a group for each object by its class (`layers/dense_1/vars/0`); that of Keras 1 and 2,
//! a group for each layer by its name, whose attributes list the arrays; and that from before, `layer_3/param_0`.

use std::collections::HashMap;

use serde_json::Value;

use super::convert::{Stored, Wanted, convert_cells, convert_kernel};
use super::hdf5::Hdf5;
use super::report::{Mismatch, WeightReport};
use super::upgrade::plain_name;
use crate::layers::default_name;
use crate::{Error, Model, Result, Tensor};

/// How weights are given to the layers of a model.
///
/// ```
/// # #[cfg(feature = "keras")] {
/// use practicum_core::io::LoadWeights;
///
/// // What can be taken over from a model with another head.
/// let options = LoadWeights::new().by_name(true).skip_mismatch(true);
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct LoadWeights {
    by_name: bool,
    skip_mismatch: bool,
}

impl LoadWeights {
    /// Layers take their weights in their order, and everything has to fit, as in Keras.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether layers take the weights of the layer of their name, and others stay as they are.
    #[must_use]
    pub fn by_name(mut self, by_name: bool) -> Self {
        self.by_name = by_name;
        self
    }

    /// Whether what does not fit is left out, and told in the [`WeightReport`], instead of being an error.
    #[must_use]
    pub fn skip_mismatch(mut self, skip_mismatch: bool) -> Self {
        self.skip_mismatch = skip_mismatch;
        self
    }
}

/// A layer of the file: what it is called, and the paths of its arrays with their names within the layer.
#[derive(Clone, Debug)]
struct Group {
    name: String,
    arrays: Vec<(String, String)>,
}

/// A layer of the model: what it is called, and its parameters' indices.
#[derive(Clone, Debug)]
struct Leaf {
    name: String,
    /// Where it is in the layout of Keras 3.
    path: String,
    parameters: Vec<usize>,
}

/// Gives a model the weights of a file. `config` tells the order of layers when the file was written; `root` is the group of
/// the model.
pub(super) fn load(model: &mut Model, file: &Hdf5, root: &str, config: Option<&Value>, options: LoadWeights) -> Result<WeightReport> {
    model.output_shapes()?;
    if model.parameters().is_empty() {
        return Ok(WeightReport::default());
    }
    let mut loading = Loading { model, file, options, values: HashMap::new(), report: WeightReport::default() };
    if let Some(container) = CONTAINERS.iter().find(|container| file.has_group(&child(root, container))) {
        loading.third(root, container, config)?;
    } else {
        loading.legacy(root)?;
    }
    loading.finish()
}

/// Whether a file holds weights in any layout.
pub(super) fn has_weights(file: &Hdf5, root: &str) -> Result<bool> {
    let third = CONTAINERS.iter().any(|container| file.has_group(&child(root, container)));
    Ok(third || file.texts(root, "layer_names")?.is_some() || file.has_group(&child(root, "layer_0")))
}

/// What Keras 3, and Keras 2.12 before, call the layers of a model.
const CONTAINERS: [&str; 2] = ["layers", "_layer_checkpoint_dependencies"];

struct Loading<'a> {
    model: &'a mut Model,
    file: &'a Hdf5,
    options: LoadWeights,
    /// New values by index of the parameter.
    values: HashMap<usize, Tensor>,
    report: WeightReport,
}

fn child(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
}

impl Loading<'_> {
    fn third(&mut self, root: &str, container: &str, config: Option<&Value>) -> Result<()> {
        let own;
        let config = match config {
            Some(config) => config,
            None => {
                own = self.model.to_json()?;
                &own
            }
        };
        let mut leaves = Vec::new();
        self.leaves(config, root, container, "", &mut leaves);
        let mut known = Vec::new();
        if self.options.by_name {
            self.rename(root, container, &mut leaves)?;
        }
        for leaf in leaves {
            let arrays = arrays_of(self.file, &leaf.path);
            known.extend(arrays.iter().map(|(_, path)| path.clone()));
            if arrays.is_empty() && (self.options.by_name || leaf.parameters.iter().all(|index| self.values.contains_key(index))) {
                continue;
            }
            self.assign(&leaf, &Group { name: leaf.path.clone(), arrays })?;
        }
        let below = self.file.arrays_below(&child(root, container));
        let unused = below.into_iter().filter(|path| !is_state(path) && !known.iter().any(|known| known == path));
        self.report.unused.extend(unused.map(str::to_owned));
        Ok(())
    }

    /// Where each layer with parameters of its own is in the file.
    fn leaves(&self, config: &Value, root: &str, container: &str, prefix: &str, leaves: &mut Vec<Leaf>) {
        let mut counts: HashMap<String, usize> = HashMap::new();
        for layer in config["config"]["layers"].as_array().into_iter().flatten() {
            if is_operation(layer) {
                continue;
            }
            let written = Some("RNN").filter(|class| layer["registered_name"] == *class).or(layer["class_name"].as_str());
            let class = default_name(written.unwrap_or_default());
            let name = layer["config"]["name"].as_str().or_else(|| layer["name"].as_str()).unwrap_or_default();
            let count = counts.entry(class.clone()).or_default();
            let key = if *count == 0 { class } else { format!("{class}_{count}") };
            *count += 1;
            let (path, name) = (child(&child(root, container), &key), child(prefix, name));
            let wrapped = &layer["config"]["layer"];
            if layer["config"]["layers"].is_array() {
                self.leaves(layer, &path, container, &name, leaves);
            } else if wrapped["config"]["layers"].is_array() {
                let inner = wrapped["config"]["name"].as_str().unwrap_or_default();
                self.leaves(wrapped, &child(&path, "layer"), container, &child(&name, inner), leaves);
            } else {
                let parameters = self.parameters_below(&name);
                if !parameters.is_empty() {
                    leaves.push(Leaf { name, path, parameters });
                }
            }
        }
    }

    fn parameters_below(&self, layer: &str) -> Vec<usize> {
        let below = |path: &str| path.strip_prefix(layer).is_some_and(|rest| rest.starts_with('/'));
        self.model.parameters().iter().enumerate().filter(|(_, parameter)| below(parameter.path())).map(|(index, _)| index).collect()
    }

    /// Finds layers by the names that Keras 3 keeps beside their weights.
    fn rename(&self, root: &str, container: &str, leaves: &mut Vec<Leaf>) -> Result<()> {
        let mut named = HashMap::new();
        for group in self.file.groups_in(&child(root, container)) {
            let path = child(&child(root, container), group);
            let name = self.file.text(&path, "name")?;
            named.insert(name.unwrap_or_else(|| group.to_owned()), path);
        }
        let original = child(root, container);
        leaves.retain_mut(|leaf| {
            let outer = leaf.name.split('/').next().unwrap_or_default();
            let Some(found) = named.get(outer) else { return false };
            let rest = leaf.path[original.len() + 1..].split_once('/').map(|(_, rest)| rest.to_owned());
            leaf.path = rest.map_or_else(|| found.clone(), |rest| child(found, &rest));
            true
        });
        Ok(())
    }

    fn legacy(&mut self, root: &str) -> Result<()> {
        let groups = match self.file.texts(root, "layer_names")? {
            Some(names) => self.named_groups(root, &names)?,
            None => self.numbered_groups(root),
        };
        if groups.is_empty() {
            return Err(Error::format("the file holds no weights of a Keras model")
                .hint("expected are the groups `layers`, `model_weights` or `layer_0`, or an attribute `layer_names`"));
        }
        let layers: Vec<Leaf> = self.layers();
        let by_name = |group: &Group| layers.iter().find(|layer| layer.name == group.name || layer.name == plain_name(&group.name));
        if self.options.by_name {
            for group in &groups {
                match by_name(group) {
                    Some(layer) => self.assign(layer, group)?,
                    None => self.report.unused.extend(group.arrays.iter().map(|(_, path)| path.clone())),
                }
            }
            return Ok(());
        }
        if groups.len() != layers.len() {
            let list = |names: Vec<&str>| super::report::shortened(&names.into_iter().map(str::to_owned).collect::<Vec<_>>());
            return Err(Error::shape(format!(
                "the model has {} layers with weights ({}), the file {} ({})",
                layers.len(),
                list(layers.iter().map(|layer| layer.name.as_str()).collect()),
                groups.len(),
                list(groups.iter().map(|group| group.name.as_str()).collect())
            ))
            .hint("build the same layers, or load by name"));
        }
        // The same names in another order are the same layers.
        let same = groups.iter().all(|group| by_name(group).is_some());
        for (layer, group) in layers.iter().zip(&groups) {
            let layer = if same { by_name(group).unwrap_or(layer) } else { layer };
            self.assign(layer, group)?;
        }
        Ok(())
    }

    /// The model's outermost layers with parameters.
    fn layers(&self) -> Vec<Leaf> {
        let names = self.model.layer_names().into_iter().map(str::to_owned);
        let leaves = names.map(|name| Leaf { parameters: self.parameters_below(&name), path: name.clone(), name });
        leaves.filter(|leaf| !leaf.parameters.is_empty()).collect()
    }

    fn named_groups(&self, root: &str, names: &[String]) -> Result<Vec<Group>> {
        let mut groups = Vec::new();
        for name in names {
            let path = child(root, &name.replace('\\', "/"));
            let arrays = self.file.texts(&path, "weight_names")?.unwrap_or_default();
            let arrays: Vec<_> = arrays.into_iter().map(|array| (array.clone(), child(&path, &array.replace('\\', "/")))).collect();
            if !arrays.is_empty() {
                groups.push(Group { name: name.clone(), arrays });
            }
        }
        Ok(groups)
    }

    fn numbered_groups(&self, root: &str) -> Vec<Group> {
        let mut groups = Vec::new();
        for number in 0.. {
            let path = child(root, &format!("layer_{number}"));
            if !self.file.has_group(&path) {
                break;
            }
            let arrays = (0..).map(|number| format!("param_{number}")).map(|name| (name.clone(), child(&path, &name)));
            let arrays: Vec<_> = arrays.take_while(|(_, path)| self.file.has_array(path)).collect();
            if !arrays.is_empty() {
                groups.push(Group { name: format!("layer_{number}"), arrays });
            }
        }
        groups
    }

    /// Gives a layer's parameters the arrays of a group, or notes what does not fit.
    fn assign(&mut self, leaf: &Leaf, group: &Group) -> Result<()> {
        let within = |index: usize| self.model.parameters()[index].path()[leaf.name.len() + 1..].to_owned();
        let wanted: Vec<Wanted> = leaf
            .parameters
            .iter()
            .map(|&index| Wanted { name: within(index), shape: self.model.parameters()[index].value().shape() })
            .collect();
        let read = |(name, path): &(String, String)| Ok(Stored { name: name.clone(), value: self.file.read(path)? });
        let stored = group.arrays.iter().map(read).collect::<Result<Vec<_>>>()?;
        let stored = convert_cells(&wanted, stored)?;
        if stored.len() != wanted.len() {
            let names = wanted.iter().map(|wanted| wanted.name.clone()).collect::<Vec<_>>();
            let found = stored.iter().map(|stored| stored.name.clone()).collect::<Vec<_>>();
            self.report.mismatched.push(Mismatch::of_counts(&leaf.name, &names, &found));
            return Ok(());
        }
        let trainable = |&index: &usize| self.model.parameters()[index].trainable();
        let learns: Vec<bool> = leaf.parameters.iter().map(trainable).collect();
        let theano = self.is_theano()?;
        for (wanted_index, stored_index) in pair(&wanted, &stored, &learns).into_iter().enumerate() {
            let (index, wanted, stored) = (leaf.parameters[wanted_index], &wanted[wanted_index], &stored[stored_index]);
            let value = convert_kernel(wanted, &stored.value, theano)?;
            if value.shape() == wanted.shape {
                self.values.insert(index, value);
            } else {
                let path = self.model.parameters()[index].path();
                self.report.mismatched.push(Mismatch::of_shapes(path, &wanted.shape, &stored.name, &stored.value.shape()));
            }
        }
        Ok(())
    }

    fn is_theano(&self) -> Result<bool> {
        for root in ["model_weights", ""] {
            if let Some(backend) = self.file.text(root, "backend")? {
                return Ok(backend == "theano");
            }
        }
        Ok(false)
    }

    fn finish(self) -> Result<WeightReport> {
        let Self { model, options, values, mut report, .. } = self;
        if !report.mismatched.is_empty() && !options.skip_mismatch {
            let error = report.error();
            return Err(if options.by_name { error } else { error.hint("build the same layers; `skip_mismatch` loads what fits") });
        }
        let paths = model.parameters().iter().enumerate();
        for (index, parameter) in paths {
            let list = if values.contains_key(&index) { &mut report.loaded } else { &mut report.missing };
            list.push(parameter.path().to_owned());
        }
        if report.loaded.is_empty() && report.mismatched.is_empty() {
            return Err(Error::format(format!(
                "no layer of the model is in the file: the model has {}, the file {}",
                super::report::shortened(&report.missing),
                super::report::shortened(&report.unused)
            )));
        }
        if !report.missing.is_empty() && !options.by_name && !options.skip_mismatch {
            return Err(Error::format(format!("the file has no weights for {}", super::report::shortened(&report.missing))));
        }
        let mut values = values;
        let weights = model.parameters().iter().enumerate();
        let weights: Vec<Tensor> =
            weights.map(|(index, parameter)| values.remove(&index).unwrap_or_else(|| parameter.value().clone())).collect();
        model.set_weights(&weights)?;
        Ok(report)
    }
}

/// What Keras writes beside weights: generators of random numbers, and the state of optimizer and metrics.
fn is_state(path: &str) -> bool {
    path.split('/').any(|part| part == "seed_generator" || part.ends_with("_seed_generator"))
}

/// Functions in a graph, which Keras does not count among layers.
fn is_operation(layer: &Value) -> bool {
    layer["module"].as_str().is_some_and(|module| module.starts_with("keras.src.ops") || module.starts_with("keras.ops"))
}

/// The arrays of one layer in the order in which it has its weights, as names within the layer and paths.
fn arrays_of(file: &Hdf5, group: &str) -> Vec<(String, String)> {
    let order = |part: &str| match part {
        "vars" => 0,
        "forward_layer" => 1,
        "backward_layer" => 2,
        _ => 3,
    };
    let key = |name: &str| -> Vec<(u8, String, u64)> {
        name.split('/')
            .map(|part| (order(part), part.parse::<u64>().map_or(part.to_owned(), |_| String::new()), part.parse().unwrap_or(0)))
            .collect()
    };
    let below = file.arrays_below(group).into_iter().filter(|path| !is_state(path));
    let mut arrays: Vec<(String, String)> = below.map(|path| (path[group.len() + 1..].to_owned(), path.to_owned())).collect();
    arrays.sort_by_key(|(name, _)| key(name));
    arrays
}

/// For each parameter, which of as many arrays it takes: by name where all names are told, else the first order in which all
/// shapes fit.
fn pair(wanted: &[Wanted], stored: &[Stored], learns: &[bool]) -> Vec<usize> {
    if let Some(by_name) = pair_by_name(wanted, stored) {
        return by_name;
    }
    let plain: Vec<usize> = (0..wanted.len()).collect();
    // Keras 1 and 2 list what learns first: so it stands for the layers of a model together.
    let mut order = plain.clone();
    order.sort_by_key(|&index| !learns[index]);
    let mut learned_first = vec![0; wanted.len()];
    order.iter().enumerate().for_each(|(place, &index)| learned_first[index] = place);
    let fits = |order: &[usize]| wanted.iter().zip(order).all(|(wanted, &index)| wanted.shape == stored[index].value.shape());
    if !fits(&learned_first) && fits(&plain) { plain } else { learned_first }
}

fn pair_by_name(wanted: &[Wanted], stored: &[Stored]) -> Option<Vec<usize>> {
    let mut taken = vec![false; stored.len()];
    let mut pairs = Vec::with_capacity(wanted.len());
    for wanted in wanted {
        let mut alike = (0..stored.len()).filter(|&index| !taken[index] && is_named(wanted, &stored[index].name));
        let (first, second) = (alike.next()?, alike.next());
        if second.is_some() {
            return None;
        }
        taken[first] = true;
        pairs.push(first);
    }
    Some(pairs)
}

/// Whether an array's name, such as `block_1/bn/gamma:0`, tells this parameter.
fn is_named(wanted: &Wanted, name: &str) -> bool {
    let name = name.split(':').next().unwrap_or_default();
    let mut parts = name.rsplit('/');
    let kind = parts.next().unwrap_or_default();
    let mut layers = wanted.name.rsplit('/');
    let wanted_kind = layers.next().unwrap_or_default();
    let same_kind = kind == wanted_kind || (kind == "depthwise_kernel" && wanted_kind == "kernel");
    // The layer next to the parameter; a cell within a recurrent layer has no name of its own here.
    let layer = layers.next();
    same_kind && layer.is_none_or(|layer| parts.any(|part| part == layer))
}
