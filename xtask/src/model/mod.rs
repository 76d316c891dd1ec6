//! Models as files: what is in them, and what they predict.

mod input;
mod inspect;
pub(crate) mod npy;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use practicum_core::Model;
use practicum_core::layers::Registry;
use practicum_nlp::IntegerLookup;
use practicum_vision::applications::Scaling;

use crate::console;

#[derive(Args)]
pub(crate) struct ModelArgs {
    #[command(subcommand)]
    command: ModelCommand,
}

#[derive(Subcommand)]
enum ModelCommand {
    /// Say what a file is, what model it holds, and its weights with shape, sum and range
    Inspect {
        /// A `.keras`, `.h5`, `.weights.h5` or `.safetensors` file
        file: PathBuf,
    },
    /// Ask a model for predictions
    Predict(PredictArgs),
}

#[derive(Args)]
struct PredictArgs {
    /// A model: a `.keras` or `.h5` file that Keras wrote, or a file of `Model::save`
    file: PathBuf,
    /// Inputs in their order, or as NAME=FILE: npz, npy, csv (a row an example), or pictures
    #[arg(long, short, value_name = "FILE", required = true, num_args = 1..)]
    input: Vec<String>,
    /// Where the outputs go, as npz; they are printed if it is left out
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// How bytes of pictures are scaled
    #[arg(long, value_name = "KIND", default_value = "unit")]
    preprocess: Preprocess,
}

/// How pictures are scaled.
#[derive(Clone, Copy, ValueEnum)]
enum Preprocess {
    /// As they are, 0 … 255
    None,
    /// x / 255
    Unit,
    /// x / 127.5 − 1, for InceptionV3 and MobileNet
    Symmetric,
    /// (x − 127) / 128, for EfficientNet-Lite
    Lite,
    /// BGR minus ImageNet's means, for ResNet, VGG and SqueezeNet
    Caffe,
}

impl Preprocess {
    fn scaling(self) -> Scaling {
        match self {
            Self::None => Scaling::Plain,
            Self::Unit => Scaling::Unit,
            Self::Symmetric => Scaling::Symmetric,
            Self::Lite => Scaling::Lite,
            Self::Caffe => Scaling::Caffe,
        }
    }
}

pub(crate) fn run(args: &ModelArgs) -> Result<()> {
    match &args.command {
        ModelCommand::Inspect { file } => console::say(inspect::describe(file)?.trim_end()),
        ModelCommand::Predict(args) => predict(args),
    }
}

/// The layers of all crates, which a model may have.
fn registry() -> Registry {
    IntegerLookup::registry(practicum_vision::layers::registry())
}

fn load(path: &Path) -> Result<Model> {
    Ok(Model::load_with(path, &registry())?)
}

fn predict(args: &PredictArgs) -> Result<()> {
    let model = load(&args.file)?;
    let inputs = input::read(&model, &args.input, args.preprocess.scaling())?;
    let outputs = model.predict_all(inputs.as_slice()).context("the inputs do not fit the model")?;
    let names = distinct(model.output_names());
    if names.len() != outputs.len() {
        bail!("the model names {} outputs and has {}", names.len(), outputs.len());
    }
    if let Some(path) = &args.output {
        let arrays: Vec<_> = names.iter().cloned().zip(outputs.iter().cloned()).collect();
        practicum_core::io::write_atomically(path, &npy::to_npz(&arrays)?)?;
    }
    for (name, output) in names.iter().zip(&outputs) {
        let told = match &args.output {
            Some(path) => format!("{name} {} is in {}", output.shape(), path.display()),
            None => format!("{name} {}\n{output}", output.shape()),
        };
        console::say(&told)?;
    }
    Ok(())
}

/// Outputs of one layer have one name: later ones get a number.
fn distinct(names: Vec<&str>) -> Vec<String> {
    let mut all: Vec<String> = Vec::with_capacity(names.len());
    for (index, name) in names.iter().enumerate() {
        let taken = |candidate: &String| all.contains(candidate) || names[index + 1..].contains(&candidate.as_str());
        let numbered = (1..).map(|number| format!("{name}_{number}"));
        let first = Some((*name).to_owned()).filter(|name| !all.contains(name));
        all.extend(first.into_iter().chain(numbered.filter(|name| !taken(name))).next());
    }
    all
}

#[cfg(test)]
mod tests;
