//! Batches of pictures, made ahead of the training step by threads of their own.

use std::fmt::{self, Debug};
use std::sync::Arc;

use practicum_core::data::{AUTOTUNE, Batch, BatchArray, BatchSource, Dataset, Iter};
use practicum_core::rng::{DEFAULT_SEED, Key};
use practicum_core::{Error, Result, Tensor};

use crate::augment::{self, ImageDataGenerator, Scratch};
use crate::datasets::LabeledImages;
use crate::folder::ImageFiles;

/// What a model is to answer to a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClassMode {
    /// 0 or 1, one number a picture, of two classes.
    Binary,
    /// A 1 among zeros, at the index of the class.
    Categorical,
    /// The index of the class (`int` in `image_dataset_from_directory`).
    Sparse,
    /// The picture itself, as the model gets it.
    Input,
    /// Nothing: pictures to predict.
    None,
}

/// Where the pictures of batches come from.
#[derive(Clone)]
pub(crate) enum Pictures {
    Memory(Arc<LabeledImages>),
    Files(Arc<ImageFiles>),
}

impl Pictures {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Memory(set) => set.len(),
            Self::Files(files) => files.len(),
        }
    }

    fn classes(&self) -> usize {
        match self {
            Self::Memory(set) => set.class_names().len(),
            Self::Files(files) => files.class_names().len(),
        }
    }

    fn label(&self, index: usize) -> u32 {
        match self {
            Self::Memory(set) => set.labels()[index],
            Self::Files(files) => files.labels()[index],
        }
    }

    fn shape(&self) -> [usize; 3] {
        match self {
            Self::Memory(set) => [set.height(), set.width(), set.channels()],
            Self::Files(files) => files.shape(),
        }
    }

    /// Lets `use_it` see the bytes of a picture; `None` where it is broken and to be skipped.
    fn with<R>(&self, index: usize, use_it: impl FnOnce(&[u8]) -> R) -> Result<Option<R>> {
        match self {
            Self::Memory(set) => {
                let size = self.shape().iter().product::<usize>();
                Ok(Some(use_it(&set.pixels()[index * size..][..size])))
            }
            Self::Files(files) => Ok(files.pixels(index)?.map(|pixels| use_it(&pixels))),
        }
    }
}

/// Batches of pictures from a [folder](crate::folder::ImageFolder) or from [memory](crate::datasets::LabeledImages),
/// transformed at random where a [generator](ImageDataGenerator) is given: what `fit`, `evaluate` and
/// `predict` take in place of arrays.
///
/// Threads of its own read, decode, resize and transform the batches to come while the model works on the last: two for
/// each thread wait at most. Their number changes speed only.
///
/// ```
/// use practicum_core::ndarray::Array4;
/// use practicum_vision::augment::ImageDataGenerator;
/// use practicum_vision::datasets::LabeledImages;
///
/// let set = LabeledImages::new(Array4::from_elem((5, 4, 4, 3), 51), vec![0, 1, 0, 1, 0], ["a", "b"])?;
/// let batches = ImageDataGenerator::new().rescale(1.0 / 255.0).flow(&set)?.batch_size(2);
/// let shapes: Vec<usize> = batches
///     .epoch(0)
///     .map(|batch| Ok(batch?.0.shape()[0]))
///     .collect::<practicum_vision::Result<_>>()?;
/// assert_eq!(shapes, [2, 2, 1]);
/// # Ok::<(), practicum_vision::Error>(())
/// ```
pub struct PictureBatches {
    pictures: Pictures,
    indices: Arc<[u32]>,
    class_mode: ClassMode,
    batch_size: usize,
    drop_remainder: bool,
    shuffle: bool,
    seed: u64,
    workers: usize,
    generator: Option<Arc<ImageDataGenerator>>,
    augmented: bool,
    running: Option<Iter<Made>>,
    /// Skipped files that were told of.
    told: usize,
}

/// A batch: pictures, and what is to be answered.
type Made = (Tensor, Option<Tensor>);

impl Debug for PictureBatches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PictureBatches").field("pictures", &self.len()).field("batch_size", &self.batch_size).finish_non_exhaustive()
    }
}

impl PictureBatches {
    pub(crate) fn new(pictures: Pictures, indices: Vec<u32>, class_mode: ClassMode) -> Self {
        Self {
            pictures,
            indices: indices.into(),
            class_mode,
            batch_size: 32,
            drop_remainder: false,
            shuffle: true,
            seed: DEFAULT_SEED,
            workers: AUTOTUNE,
            generator: None,
            augmented: false,
            running: None,
            told: 0,
        }
    }

    pub(crate) fn transformed(mut self, generator: Arc<ImageDataGenerator>, augmented: bool) -> Self {
        (self.generator, self.augmented) = (Some(generator), augmented);
        self
    }

    /// Pictures a batch: 32 unless set. The last batch of an epoch may be smaller.
    #[must_use]
    pub fn batch_size(mut self, size: usize) -> Self {
        self.batch_size = size;
        self
    }

    /// Leaves out the last batch of an epoch where it is smaller than the others.
    #[must_use]
    pub fn drop_remainder(mut self, dropped: bool) -> Self {
        self.drop_remainder = dropped;
        self
    }

    /// Whether each epoch has an order of its own: yes unless set. To compare predictions with labels, say no.
    #[must_use]
    pub fn shuffle(mut self, shuffled: bool) -> Self {
        self.shuffle = shuffled;
        self
    }

    /// What the order of an epoch depends on, beside its number.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// What a model is to answer.
    #[must_use]
    pub fn class_mode(mut self, mode: ClassMode) -> Self {
        self.class_mode = mode;
        self
    }

    /// Threads that make batches ahead; as many as there are cores unless set.
    #[must_use]
    pub fn workers(mut self, threads: usize) -> Self {
        self.workers = threads;
        self
    }

    /// How many pictures an epoch has.
    pub fn len(&self) -> usize {
        self.indices.len()
    }

    /// Whether there are no pictures.
    pub fn is_empty(&self) -> bool {
        self.indices.is_empty()
    }

    /// The class of each picture in the order of the files, whatever the order of an epoch.
    pub fn labels(&self) -> Vec<u32> {
        self.indices.iter().map(|index| self.pictures.label(*index as usize)).collect()
    }

    /// The batches of an epoch: pictures [batch, height, width, channels], and answers where there are some. An option
    /// outside of its range is the first item.
    pub fn epoch(&self, epoch: usize) -> Iter<Made> {
        match self.plan(epoch) {
            Ok(plan) => self.start(plan, epoch),
            Err(error) => Dataset::from_generator(move || Err::<Vec<Result<Made>>, _>(error.clone())).iter(),
        }
    }

    /// Says at the end of an epoch which files were skipped, if there are more than at the end of the last.
    fn tell_skipped(&mut self) {
        let Pictures::Files(files) = &self.pictures else { return };
        let skipped = files.skipped().len();
        if skipped > self.told {
            self.told = skipped;
            files.tell_skipped();
        }
    }

    fn plan(&self, epoch: usize) -> Result<Vec<Vec<u32>>> {
        if self.batch_size == 0 {
            return Err(Error::argument("batch_size is 0: a batch has one picture or more"));
        }
        if self.indices.is_empty() {
            return Err(Error::data("there are no pictures to make batches of"));
        }
        if self.class_mode == ClassMode::Binary && self.pictures.classes() != 2 {
            let message = format!("class_mode binary is for two classes, there are {}", self.pictures.classes());
            return Err(Error::argument(message).hint("use `Categorical` or `Sparse`"));
        }
        let mut order = self.indices.to_vec();
        if self.shuffle {
            let places = Key::new(self.seed).fold_str("pictures").fold(epoch as u64).permutation(order.len() as u32)?;
            order = places.into_iter().map(|place| self.indices[place as usize]).collect();
        }
        let batches = order.chunks(self.batch_size).filter(|batch| !self.drop_remainder || batch.len() == self.batch_size);
        Ok(batches.map(<[u32]>::to_vec).collect())
    }

    fn start(&self, plan: Vec<Vec<u32>>, epoch: usize) -> Iter<Made> {
        let maker = Maker {
            pictures: self.pictures.clone(),
            class_mode: self.class_mode,
            generator: self.generator.clone(),
            augmented: self.augmented,
            epoch,
        };
        // A batch whose pictures are all broken is none.
        let made = Dataset::from(plan).map_parallel(self.workers, move |indices| maker.make(&indices));
        made.filter(|batch| Ok(batch.is_some())).map(|batch| batch.ok_or_else(|| Error::data("an empty batch"))).iter()
    }
}

impl BatchSource for PictureBatches {
    fn start_epoch(&mut self, epoch: usize) -> Result<()> {
        let plan = self.plan(epoch)?;
        self.running = Some(self.start(plan, epoch));
        Ok(())
    }

    fn next_batch(&mut self, batch: &mut Batch, _: practicum_core::autodiff::Exec<'_>) -> Result<bool> {
        let Some(made) = self.running.as_mut().and_then(Iterator::next) else {
            self.running = None;
            self.tell_skipped();
            return Ok(false);
        };
        let (x, y) = made?;
        batch.x = vec![BatchArray::from(x)];
        batch.y = y.into_iter().map(BatchArray::from).collect();
        batch.sample_weight = None;
        Ok(true)
    }

    fn batches(&self) -> Option<usize> {
        let size = self.batch_size.max(1);
        Some(if self.drop_remainder { self.len() / size } else { self.len().div_ceil(size) })
    }
}

/// What the threads do.
struct Maker {
    pictures: Pictures,
    class_mode: ClassMode,
    generator: Option<Arc<ImageDataGenerator>>,
    augmented: bool,
    epoch: usize,
}

impl Maker {
    fn make(&self, indices: &[u32]) -> Result<Option<Made>> {
        let [height, width, channels] = self.pictures.shape();
        let size = height * width * channels;
        let mut x = Vec::new();
        let room = size.checked_mul(indices.len()).filter(|room| x.try_reserve_exact(*room).is_ok());
        let Some(room) = room else {
            return Err(Error::data(format!("no memory for a batch of {} pictures of {height} × {width}", indices.len())));
        };
        x.resize(room, 0.0_f32);
        let (mut scratch, mut labels) = (Scratch::default(), Vec::with_capacity(indices.len()));
        for &index in indices {
            let out = &mut x[labels.len() * size..][..size];
            if self.put(index as usize, &mut scratch, out)? {
                labels.push(self.pictures.label(index as usize));
            }
        }
        if labels.is_empty() {
            return Ok(None);
        }
        x.truncate(labels.len() * size);
        let x = Tensor::new([labels.len(), height, width, channels], x)?;
        let y = match self.class_mode {
            ClassMode::Binary | ClassMode::Sparse => Some(Tensor::from(labels.iter().map(|label| *label as f32).collect::<Vec<f32>>())),
            ClassMode::Categorical => Some(self.one_hot(&labels)?),
            ClassMode::Input => Some(x.clone()),
            ClassMode::None => None,
        };
        Ok(Some((x, y)))
    }

    fn put(&self, index: usize, scratch: &mut Scratch, out: &mut [f32]) -> Result<bool> {
        let shape = self.pictures.shape();
        let seen = self.pictures.with(index, |pixels| {
            let Some(generator) = &self.generator else {
                out.iter_mut().zip(pixels).for_each(|(out, pixel)| *out = f32::from(*pixel));
                return Ok(());
            };
            let transform =
                if self.augmented { generator.random_transform((shape[0], shape[1]), self.epoch, index) } else { Default::default() };
            augment::transform(generator, pixels, shape, &transform, scratch, out);
            augment::standardize(generator, out, shape)
        })?;
        seen.transpose().map(|seen| seen.is_some())
    }

    fn one_hot(&self, labels: &[u32]) -> Result<Tensor> {
        let classes = self.pictures.classes();
        let mut y = vec![0.0; labels.len() * classes];
        y.chunks_exact_mut(classes).zip(labels).for_each(|(row, label)| row[*label as usize] = 1.0);
        Tensor::new([labels.len(), classes], y)
    }
}

/// Which part of the pictures a validation split leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Subset {
    /// Those to fit.
    Training,
    /// Those held back.
    Validation,
}

impl ImageDataGenerator {
    /// Batches of pictures in memory, each transformed at random: 32 a batch, shuffled anew each epoch, answers as
    /// indices of classes.
    ///
    /// # Errors
    /// An argument of the generator outside of its range; `fit` not called where its statistics are asked for.
    pub fn flow(&self, set: &LabeledImages) -> Result<PictureBatches> {
        self.check()?;
        let pictures = Pictures::Memory(Arc::new(set.clone()));
        let indices = (0..pictures.len() as u32).collect();
        Ok(PictureBatches::new(pictures, indices, ClassMode::Sparse).transformed(Arc::new(self.clone()), true))
    }

    /// As [`flow`](Self::flow), of a part of the pictures: `validation_split` of them, the first ones, are held back for
    /// validation, and are not transformed at random unless `augment_validation` is set.
    ///
    /// ```
    /// use practicum_core::ndarray::Array3;
    /// use practicum_vision::augment::ImageDataGenerator;
    /// use practicum_vision::batches::Subset;
    /// use practicum_vision::datasets::LabeledImages;
    ///
    /// let set = LabeledImages::from_grey(Array3::zeros((10, 4, 4)), vec![0; 10], ["all"])?;
    /// let generator = ImageDataGenerator::new().validation_split(0.2);
    /// assert_eq!(generator.flow_subset(&set, Subset::Validation)?.len(), 2);
    /// assert_eq!(generator.flow_subset(&set, Subset::Training)?.len(), 8);
    /// # Ok::<(), practicum_vision::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`flow`](Self::flow), and where no `validation_split` is set.
    pub fn flow_subset(&self, set: &LabeledImages, subset: Subset) -> Result<PictureBatches> {
        if self.validation_split == 0.0 {
            return Err(Error::argument("a subset is asked for, but no validation_split is set"));
        }
        let mut batches = self.flow(set)?;
        let held = (set.len() as f64 * self.validation_split) as u32;
        batches.indices = match subset {
            Subset::Validation => (0..held).collect(),
            Subset::Training => (held..set.len() as u32).collect(),
        };
        batches.augmented = subset == Subset::Training || self.augment_validation;
        Ok(batches)
    }

    /// As [`flow_from_directory`](Self::flow_from_directory), of a part of the pictures: the first `validation_split` of each
    /// class are held back for validation, as in Keras.
    ///
    /// # Errors
    /// As [`flow_from_directory`](Self::flow_from_directory), and where no `validation_split` is set.
    pub fn flow_from_directory_subset(&self, folder: &crate::folder::ImageFolder, subset: Subset) -> Result<PictureBatches> {
        if self.validation_split == 0.0 {
            return Err(Error::argument("a subset is asked for, but no validation_split is set"));
        }
        let split = crate::folder::Split::FirstOfEachClass;
        self.flow_from_directory(&folder.clone().split(split).validation_split(self.validation_split, subset))
    }

    /// Batches of the pictures of a folder, each transformed at random, with the options of the folder. Where the folder is
    /// the validation part of a split, its pictures are not transformed at random unless `augment_validation` is set.
    ///
    /// ```
    /// use practicum_vision::augment::ImageDataGenerator;
    /// use practicum_vision::batches::ClassMode;
    /// use practicum_vision::folder::ImageFolder;
    ///
    /// # use practicum_core::ndarray::Array3;
    /// # let root = tempfile::tempdir().map_err(|e| practicum_vision::Error::io("make", "a folder".as_ref(), e))?;
    /// # for name in ["cats/a.png", "cats/b.png", "dogs/c.png", "dogs/d.png"] {
    /// #     let path = root.path().join(name);
    /// #     std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    /// #     practicum_vision::picture::save_img(path, Array3::zeros((9, 8, 3)).view())?;
    /// # }
    /// let folder = ImageFolder::for_flow(root.path())
    ///     .target_size((150, 150))
    ///     .class_mode(ClassMode::Binary)
    ///     .batch_size(20);
    /// let batches = ImageDataGenerator::new().rescale(1.0 / 255.0).flow_from_directory(&folder)?;
    /// let (x, y) = batches.epoch(0).next().unwrap()?;
    /// assert_eq!(
    ///     (x.shape().dims(), y.unwrap().shape().dims()),
    ///     ([4, 150, 150, 3].as_slice(), [4].as_slice())
    /// );
    /// # Ok::<(), practicum_vision::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`flow`](Self::flow) and [`ImageFolder::open`](crate::folder::ImageFolder::open).
    pub fn flow_from_directory(&self, folder: &crate::folder::ImageFolder) -> Result<PictureBatches> {
        self.check()?;
        let augmented = folder.subset() != Some(Subset::Validation) || self.augment_validation;
        Ok(folder.batches()?.transformed(Arc::new(self.clone()), augmented))
    }
}
