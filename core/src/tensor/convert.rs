use super::Tensor;
use crate::Shape;

impl From<f32> for Tensor {
    fn from(value: f32) -> Self {
        Self::scalar(value)
    }
}

impl From<Vec<f32>> for Tensor {
    /// One axis; the elements are moved.
    fn from(data: Vec<f32>) -> Self {
        Self::from_parts(Shape::of(&[data.len()]), data)
    }
}

impl From<&[f32]> for Tensor {
    fn from(data: &[f32]) -> Self {
        data.to_vec().into()
    }
}

impl<const N: usize> From<[f32; N]> for Tensor {
    fn from(data: [f32; N]) -> Self {
        data.to_vec().into()
    }
}

impl<const N: usize, const M: usize> From<[[f32; M]; N]> for Tensor {
    /// Two axes, from rows.
    fn from(rows: [[f32; M]; N]) -> Self {
        Self::from_parts(Shape::from([N, M]), rows.concat())
    }
}

#[cfg(feature = "ndarray-016")]
mod ndarray_016 {
    use ndarray::{ArrayBase, ArrayD, ArrayViewD, Data, Dimension};

    use super::*;
    use crate::Result;

    impl Tensor {
        /// A view of ndarray over the elements: slicing, broadcasting and reductions without a copy.
        ///
        /// ```
        /// use practicum_core::{Tensor, ndarray::s};
        ///
        /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
        /// assert_eq!(x.view().slice(s![.., 1]).sum(), 6.0);
        /// ```
        pub fn view(&self) -> ArrayViewD<'_, f32> {
            #[allow(clippy::expect_used, reason = "the number of elements was checked when the tensor was made")]
            ArrayViewD::from_shape(self.shape().dims(), self.as_slice()).expect("as many elements as the shape has")
        }

        /// An array of ndarray: the elements are moved where no clone shares them.
        pub fn into_array(self) -> ArrayD<f32> {
            let shape = self.shape();
            #[allow(clippy::expect_used, reason = "the number of elements was checked when the tensor was made")]
            ArrayD::from_shape_vec(shape.dims(), self.into_vec()).expect("as many elements as the shape has")
        }

        /// A tensor from an array of ndarray; elements already in row-major order are moved.
        ///
        /// # Errors
        /// More axes than a tensor can have.
        pub fn from_array<D: Dimension>(array: ndarray::Array<f32, D>) -> Result<Self> {
            let shape = Shape::new(array.shape())?;
            let data = if array.is_standard_layout() {
                let (mut data, offset) = array.into_raw_vec_and_offset();
                let offset = offset.unwrap_or(0);
                data.truncate(offset + shape.size());
                data.drain(..offset);
                data
            } else {
                array.iter().copied().collect()
            };
            Ok(Self::from_parts(shape, data))
        }

        /// A tensor from any array or view of ndarray, copied.
        ///
        /// # Errors
        /// More axes than a tensor can have.
        pub fn copy_of<S: Data<Elem = f32>, D: Dimension>(array: &ArrayBase<S, D>) -> Result<Self> {
            Ok(Self::from_parts(Shape::new(array.shape())?, array.iter().copied().collect()))
        }
    }

    impl<D: Dimension> TryFrom<ndarray::Array<f32, D>> for Tensor {
        type Error = crate::Error;

        fn try_from(array: ndarray::Array<f32, D>) -> Result<Self> {
            Self::from_array(array)
        }
    }

    impl From<Tensor> for ArrayD<f32> {
        fn from(tensor: Tensor) -> Self {
            tensor.into_array()
        }
    }

    #[cfg(test)]
    mod tests {
        use ndarray::{Array2, s};

        use super::*;

        #[test]
        fn arrays_move_in_and_out_without_a_copy() {
            let array = Array2::from_shape_fn((3, 4), |(i, j)| (i * 4 + j) as f32);
            let before = array.as_ptr();
            let tensor = Tensor::from_array(array.clone()).unwrap();
            assert_eq!(tensor.view().into_dimensionality::<ndarray::Ix2>().unwrap(), array.view());
            let moved = Tensor::from_array(array).unwrap();
            assert_eq!(moved.as_slice().as_ptr(), before);
            assert_eq!(moved.into_array().as_ptr(), before);
        }

        #[test]
        fn other_layouts_are_copied_in_order() {
            let array = Array2::from_shape_fn((3, 4), |(i, j)| (i * 4 + j) as f32);
            let turned = Tensor::from_array(array.clone().reversed_axes()).unwrap();
            assert_eq!(turned.shape().dims(), [4, 3]);
            assert_eq!(turned.get(&[1, 2]).unwrap(), 9.0);
            let sliced = Tensor::from_array(array.slice_move(s![1.., ..])).unwrap();
            assert_eq!(sliced.as_slice(), [4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0]);
        }
    }
}
