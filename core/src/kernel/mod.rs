//! The inner loops: slices in, slices out. The only place with `unsafe`.
//!
//! Every kernel takes an [`Exec`]: the thread team and the instruction set to use. Neither decides a number: work is cut
//! into chunks that depend on shapes alone, every output element is one chain of operations in a fixed order, and
//! reductions keep [`LANES`] partial sums whatever the width of the vectors. AVX2 and AVX-512 give the same bits, and so
//! does any number of threads.
#![allow(unsafe_code, reason = "instructions of the processor, and slices that threads share")]
#![cfg_attr(not(feature = "kernels"), allow(unreachable_pub, dead_code, reason = "only the benchmark sees all of it"))]

pub mod activation;
pub(crate) mod arena;
pub mod batch_norm;
pub mod conv;
pub mod convert;
pub mod dropout;
pub mod elementwise;
pub mod embedding;
mod exec;
mod gemm;
pub mod interpolate;
pub mod layer_norm;
pub mod math;
pub mod optimizer;
mod pointwise;
pub mod pool;
#[cfg(feature = "kernels")]
mod probe;
pub mod reduce;
pub mod rnn;
mod rooms;
mod shared;
mod simd;
pub mod softmax;
mod team;
#[cfg(test)]
mod testing;
mod vector;

pub use exec::Exec;
#[cfg(feature = "bench-gemm")]
pub use gemm::gemm_crate;
pub use gemm::{Gemm, Mat, MatMut, gemm};
#[cfg(feature = "kernels")]
pub use probe::multiply_adds;
pub use shared::{ChunksMut, Parts, chunks_mut};
pub(crate) use simd::multiversion;
pub use simd::{Fma, LANES, Separate, Simd};
pub use team::Team;
