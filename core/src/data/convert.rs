//! What can be data: arrays, slices and vectors of any number type.

use super::Data;
use super::array::{EXACT, beyond_exact, index_of};
use crate::{Error, Result, Shape, Tensor};

/// What can be data: numbers along one or more axes, the first of which counts examples.
///
/// | given | kept as |
/// |---|---|
/// | [`Data`], [`Tensor`] and references to them | shared |
/// | `Vec<f32>`, `Array<f32, D>` | moved |
/// | `Vec<u8>`, `Vec<i32>`, `Array<u8, D>`, `Array<i32, D>` | moved, a byte or four a number |
/// | `Vec<bool>` | bytes |
/// | `i8`, `i16`, `u16`, `u32`, `i64`, `u64`, `isize`, `usize` | `i32`: beyond ±2²⁴ an error that names the index |
/// | `f64` | `f32`: beyond its range an error that names the index |
///
/// Each of these number types may come as `Vec<T>`, `&Vec<T>`, `&[T]`, `[T; N]`, `&[T; N]`, in rows of rows (`Vec<Vec<T>>`,
/// `Vec<[T; N]>`, `&[[T; N]]`, …, all of one length), and as an array of ndarray 0.16: `Array<T, D>`, `&Array<T, D>`,
/// `ArrayView<T, D>`. What is borrowed is copied once.
///
/// ```
/// use practicum_core::data::Data;
/// use practicum_core::ndarray::arr2;
///
/// assert_eq!(Data::new(vec![vec![1.0_f32, 2.0], vec![3.0, 4.0]])?.shape().dims(), [2, 2]);
/// assert_eq!(Data::new(&arr2(&[[7, 8, 9]]))?.shape().dims(), [1, 3]);
/// assert_eq!(Data::new(&[true, false][..])?.to_tensor()?.as_slice(), [1.0, 0.0]);
/// let error = Data::new(vec![5_i64, 1 << 40]).unwrap_err();
/// assert!(
///     error
///         .to_string()
///         .starts_with("integers must be within ±16777216, got 1099511627776 at index [1]")
/// );
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be data for a model",
    note = "arrays, vectors, slices and ndarray's arrays of numbers can, and `Data` and `Tensor`: see `practicum_core::data::IntoData`"
)]
pub trait IntoData {
    /// The same as [`Data`], moved where that is possible.
    ///
    /// # Errors
    /// No axis that counts examples, rows of different lengths, or a number that cannot be kept: the error names its index.
    fn into_data(self) -> Result<Data>;
}

impl IntoData for Data {
    fn into_data(self) -> Result<Data> {
        Ok(self)
    }
}

impl IntoData for &Data {
    fn into_data(self) -> Result<Data> {
        Ok(self.clone())
    }
}

impl IntoData for Tensor {
    fn into_data(self) -> Result<Data> {
        Data::from_tensor(self)
    }
}

impl IntoData for &Tensor {
    fn into_data(self) -> Result<Data> {
        Data::from_tensor(self.clone())
    }
}

/// A type of numbers that [`Data`] can be made of.
pub trait Number: Rows<Number = Self> + Copy + 'static {
    #[doc(hidden)]
    fn collect(shape: Shape, numbers: Vec<Self>) -> Result<Data>;
}

/// A number, or rows of numbers, all of one shape.
pub trait Rows: Sized {
    /// The type of the numbers.
    type Number: Number;

    #[doc(hidden)]
    fn shape(&self) -> Result<Shape>;

    #[doc(hidden)]
    fn append_to(&self, numbers: &mut Vec<Self::Number>);

    /// The shape of several rows.
    #[doc(hidden)]
    fn shape_of(rows: &[Self]) -> Result<Shape> {
        let first = rows.first().map_or(Ok(Shape::SCALAR), Self::shape)?;
        for (index, row) in rows.iter().enumerate().skip(1) {
            let shape = row.shape()?;
            if shape != first {
                return Err(Error::data(format!("row 0 has the shape {first}, row {index} {shape}: all must have the same"))
                    .hint("fill the shorter ones up, with `pad_sequences` or `padded_batch`"));
            }
        }
        Shape::new(&[&[rows.len()], first.dims()].concat())
    }

    /// The numbers of several rows.
    #[doc(hidden)]
    fn numbers_of(rows: Vec<Self>) -> Vec<Self::Number> {
        let mut numbers = Vec::new();
        rows.iter().for_each(|row| row.append_to(&mut numbers));
        numbers
    }

    #[doc(hidden)]
    fn copies_of(rows: &[Self]) -> Vec<Self::Number> {
        let mut numbers = Vec::new();
        rows.iter().for_each(|row| row.append_to(&mut numbers));
        numbers
    }
}

macro_rules! numbers {
    ($($number:ty: |$shape:ident, $numbers:ident| $collect:expr;)+) => { $(
        impl Number for $number {
            fn collect($shape: Shape, $numbers: Vec<Self>) -> Result<Data> {
                $collect
            }
        }

        impl Rows for $number {
            type Number = Self;

            fn shape(&self) -> Result<Shape> {
                Ok(Shape::SCALAR)
            }

            fn append_to(&self, numbers: &mut Vec<Self>) {
                numbers.push(*self);
            }

            fn shape_of(rows: &[Self]) -> Result<Shape> {
                Shape::new(&[rows.len()])
            }

            fn numbers_of(rows: Vec<Self>) -> Vec<Self> {
                rows
            }

            fn copies_of(rows: &[Self]) -> Vec<Self> {
                rows.to_vec()
            }
        }
    )+ };
}

numbers! {
    f32: |shape, numbers| Data::from_tensor(Tensor::new(shape, numbers)?);
    u8: |shape, numbers| Data::from_u8(shape, numbers);
    i32: |shape, numbers| Data::from_i32(shape, numbers);
    bool: |shape, numbers| Data::from_u8(shape, numbers.into_iter().map(u8::from).collect());
    f64: |shape, numbers| floats(shape, numbers);
    i8: |shape, numbers| Data::from_i32(shape, numbers.into_iter().map(i32::from).collect());
    i16: |shape, numbers| Data::from_i32(shape, numbers.into_iter().map(i32::from).collect());
    u16: |shape, numbers| Data::from_i32(shape, numbers.into_iter().map(i32::from).collect());
    u32: |shape, numbers| integers(shape, numbers);
    i64: |shape, numbers| integers(shape, numbers);
    u64: |shape, numbers| integers(shape, numbers);
    isize: |shape, numbers| integers(shape, numbers);
    usize: |shape, numbers| integers(shape, numbers);
}

fn integers<T: Copy + std::fmt::Display + TryInto<i32>>(shape: Shape, numbers: Vec<T>) -> Result<Data> {
    let exact = |(flat, number): (usize, T)| match number.try_into() {
        Ok(integer) if (-EXACT..=EXACT).contains(&integer) => Ok(integer),
        _ => Err(beyond_exact(&shape, flat, number)),
    };
    let integers: Result<Vec<i32>> = numbers.into_iter().enumerate().map(exact).collect();
    Data::from_i32(shape, integers?)
}

fn floats(shape: Shape, numbers: Vec<f64>) -> Result<Data> {
    let single = |(flat, number): (usize, f64)| {
        let single = number as f32;
        if single.is_infinite() && number.is_finite() {
            let index = index_of(&shape, flat);
            return Err(Error::data(format!("numbers are kept as f32, which ends at {:e}: got {number:e} at index {index:?}", f32::MAX)));
        }
        Ok(single)
    };
    let floats: Result<Vec<f32>> = numbers.into_iter().enumerate().map(single).collect();
    Data::from_tensor(Tensor::new(shape, floats?)?)
}

macro_rules! rows {
    ($([$($param:tt)*] $rows:ty;)+) => { $(
        impl<$($param)*> Rows for $rows {
            type Number = R::Number;

            fn shape(&self) -> Result<Shape> {
                R::shape_of(self)
            }

            fn append_to(&self, numbers: &mut Vec<R::Number>) {
                self.iter().for_each(|row| row.append_to(numbers));
            }
        }
    )+ };
}

rows! {
    [R: Rows] Vec<R>;
    [R: Rows] &[R];
    [R: Rows] &Vec<R>;
    [R: Rows, const N: usize] [R; N];
}

impl<R: Rows> IntoData for Vec<R> {
    fn into_data(self) -> Result<Data> {
        R::Number::collect(R::shape_of(&self)?, R::numbers_of(self))
    }
}

impl<R: Rows> IntoData for &[R] {
    fn into_data(self) -> Result<Data> {
        R::Number::collect(R::shape_of(self)?, R::copies_of(self))
    }
}

impl<R: Rows> IntoData for &Vec<R> {
    fn into_data(self) -> Result<Data> {
        self.as_slice().into_data()
    }
}

impl<R: Rows, const N: usize> IntoData for [R; N] {
    fn into_data(self) -> Result<Data> {
        self.as_slice().into_data()
    }
}

impl<R: Rows, const N: usize> IntoData for &[R; N] {
    fn into_data(self) -> Result<Data> {
        self.as_slice().into_data()
    }
}

/// What can be given for the inputs or the outputs of a model: an array (see [`IntoData`]), or several where the model has
/// several, in a vector, an array or a tuple; `()` for none.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be data for a model",
    note = "arrays, vectors, slices and ndarray's arrays of numbers can, `Data` and `Tensor`, and several of them in a tuple or a list"
)]
pub trait IntoArrays {
    /// The arrays.
    ///
    /// # Errors
    /// As [`IntoData::into_data`].
    fn into_arrays(self) -> Result<Vec<Data>>;
}

impl<D: IntoData> IntoArrays for D {
    fn into_arrays(self) -> Result<Vec<Data>> {
        Ok(vec![self.into_data()?])
    }
}

impl IntoArrays for () {
    fn into_arrays(self) -> Result<Vec<Data>> {
        Ok(Vec::new())
    }
}

macro_rules! several_arrays {
    ($([$($param:tt)*] $several:ty;)+) => { $(
        impl<$($param)*> IntoArrays for $several {
            fn into_arrays(self) -> Result<Vec<Data>> {
                self.into_iter().map(IntoData::into_data).collect()
            }
        }
    )+ };
}

several_arrays! {
    [] Vec<Data>;
    [] Vec<Tensor>;
    [] Vec<&Data>;
    [] Vec<&Tensor>;
    [] &[Data];
    [] &[Tensor];
    [] &Vec<Data>;
    [] &Vec<Tensor>;
    [const N: usize] [Data; N];
    [const N: usize] [Tensor; N];
    [const N: usize] [&Data; N];
    [const N: usize] [&Tensor; N];
    [const N: usize] &[Data; N];
    [const N: usize] &[Tensor; N];
}

macro_rules! tuples {
    ($($($letter:ident $index:tt)+;)+) => { $(
        impl<$($letter: IntoData),+> IntoArrays for ($($letter,)+) {
            fn into_arrays(self) -> Result<Vec<Data>> {
                Ok(vec![$(self.$index.into_data()?),+])
            }
        }
    )+ };
}

tuples! {
    A 0 B 1;
    A 0 B 1 C 2;
    A 0 B 1 C 2 D 3;
}

#[cfg(feature = "ndarray-016")]
mod ndarray_016 {
    use ndarray::{Array, ArrayBase, ArrayView, Data as Storage, Dimension};

    use super::*;

    impl<T: Number, D: Dimension> IntoData for Array<T, D> {
        /// Elements already in row-major order are moved.
        fn into_data(self) -> Result<Data> {
            let shape = Shape::new(self.shape())?;
            if !self.is_standard_layout() {
                return T::collect(shape, self.iter().copied().collect());
            }
            let (mut numbers, offset) = self.into_raw_vec_and_offset();
            numbers.truncate(offset.unwrap_or(0) + shape.size());
            numbers.drain(..offset.unwrap_or(0));
            T::collect(shape, numbers)
        }
    }

    impl<T: Number, S: Storage<Elem = T>, D: Dimension> IntoData for &ArrayBase<S, D> {
        fn into_data(self) -> Result<Data> {
            T::collect(Shape::new(self.shape())?, self.iter().copied().collect())
        }
    }

    impl<T: Number, D: Dimension> IntoData for ArrayView<'_, T, D> {
        fn into_data(self) -> Result<Data> {
            (&self).into_data()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(data: impl IntoData) -> (Vec<usize>, Vec<f32>) {
        let data = data.into_data().unwrap();
        (data.shape().to_vec(), data.to_tensor().unwrap().to_vec())
    }

    macro_rules! every_type_of_number_is_kept {
        ($($number:ty)+) => { $({
            let numbers: Vec<$number> = vec![3 as $number, 0 as $number, 7 as $number];
            let expected = (vec![3], vec![3.0, 0.0, 7.0]);
            assert_eq!(kept(&numbers), expected, stringify!($number));
            assert_eq!(kept(&numbers[..]), expected, stringify!($number));
            assert_eq!(kept([3 as $number, 0 as $number, 7 as $number]), expected, stringify!($number));
            assert_eq!(kept(vec![numbers.clone(), numbers.clone()]), (vec![2, 3], [3.0, 0.0, 7.0].repeat(2)), stringify!($number));
            #[cfg(feature = "ndarray-016")]
            {
                let array = ndarray::Array2::from_shape_vec((3, 1), numbers.clone()).unwrap();
                assert_eq!(kept(&array), (vec![3, 1], expected.1.clone()), stringify!($number));
                assert_eq!(kept(array.view()), (vec![3, 1], expected.1.clone()), stringify!($number));
                assert_eq!(kept(array.reversed_axes()), (vec![1, 3], expected.1.clone()), stringify!($number));
            }
            assert_eq!(kept(numbers), expected, stringify!($number));
        })+ };
    }

    #[test]
    fn u3_all_numbers_in_all_containers_are_data() {
        every_type_of_number_is_kept!(f32 f64 u8 i8 i16 u16 i32 u32 i64 u64 isize usize);
        assert_eq!(kept(vec![true, false]), (vec![2], vec![1.0, 0.0]));
        assert_eq!(kept([[[1.0_f64, 2.0]], [[3.0, 4.0]]]), (vec![2, 1, 2], vec![1.0, 2.0, 3.0, 4.0]));
        assert_eq!(kept([[1_usize, 2], [3, 4]]), (vec![2, 2], vec![1.0, 2.0, 3.0, 4.0]));
        assert_eq!(kept(vec![&[1.0_f32][..], &[2.0]]), (vec![2, 1], vec![1.0, 2.0]));
    }

    #[test]
    fn what_is_owned_is_moved() {
        let numbers = vec![1.0_f32; 8];
        let address = numbers.as_ptr();
        assert_eq!(numbers.into_data().unwrap().to_tensor().unwrap().as_slice().as_ptr(), address);
    }

    #[test]
    fn numbers_that_cannot_be_kept_are_named_by_their_index() {
        let error = vec![vec![1_u64, 2], vec![3, u64::MAX]].into_data().unwrap_err();
        assert!(error.is_data() && error.to_string().contains("18446744073709551615 at index [1, 1]"), "{error}");
        let error = (&[0_usize, 1 << 24, (1 << 24) + 1]).into_data().unwrap_err();
        assert!(error.is_data() && error.to_string().contains("16777217 at index [2]"), "{error}");
        let error = vec![1.0, -1e300].into_data().unwrap_err();
        assert!(error.is_data() && error.to_string().contains("-1e300 at index [1]"), "{error}");
        let error = vec![vec![1, 2], vec![3]].into_data().unwrap_err();
        assert!(error.is_data() && error.to_string().contains("row 0 has the shape [2], row 1 [1]"), "{error}");
    }
}
