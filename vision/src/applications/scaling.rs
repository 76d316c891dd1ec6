use practicum_core::{Result, Tensor};

/// How pictures are scaled for a network, from bytes in RGB: Keras' `preprocess_input`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scaling {
    /// `x`: for the EfficientNets of Keras, which scale by themselves.
    Plain,
    /// `x / 255`.
    Unit,
    /// `x / 127.5 − 1`: for InceptionV3 and MobileNetV2.
    Symmetric,
    /// `(x − 127) / 128`: for EfficientNet-Lite0.
    Lite,
    /// BGR minus the means of ImageNet, 103.939, 116.779 and 123.68: for ResNet50, VGG16 and SqueezeNet.
    Caffe,
}

impl Scaling {
    /// Scales pictures `(…, height, width, 3)` of numbers from 0 to 255.
    ///
    /// ```
    /// use practicum_core::Tensor;
    /// use practicum_vision::applications::Scaling;
    ///
    /// let pixel = Tensor::new([1, 1, 1, 3], vec![0.0, 127.5, 255.0])?;
    /// let scaled = Scaling::Symmetric.apply(&pixel)?;
    /// let wanted = [-1.0, 0.0, 1.0_f32];
    /// assert!(scaled.as_slice().iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-6));
    /// # Ok::<(), practicum_vision::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Caffe` with other than three channels.
    pub fn apply(self, pictures: &Tensor) -> Result<Tensor> {
        match self {
            Self::Plain => Ok(pictures.clone()),
            Self::Unit => pictures.affine(1.0 / 255.0, 0.0),
            Self::Symmetric => pictures.affine(1.0 / 127.5, -1.0),
            Self::Lite => pictures.affine(1.0 / 128.0, -127.0 / 128.0),
            Self::Caffe => pictures.flip(-1)?.sub(&Tensor::new([3], vec![103.939, 116.779, 123.68])?),
        }
    }
}
