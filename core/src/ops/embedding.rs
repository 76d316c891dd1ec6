//! Rows of a table by their numbers.

use std::sync::Arc;

use super::methods;
use crate::autodiff::{Backward, Forward, Memory, Op, Reads, View};
use crate::kernel::{Exec, embedding};
use crate::{Error, Result, Shape};

/// `y[i, …] = table[ids[i, …]]`; the gradient of a row of the table is the sum of those of all its occurrences, in their order.
#[derive(Debug)]
struct Embedding;

impl Op for Embedding {
    fn name(&self) -> &'static str {
        "embedding"
    }

    fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
        let &[_, width] = x[0].dims() else {
            return Err(Error::shape(format!("the table of an embedding is a matrix, got {}", x[0])));
        };
        Shape::new(&[x[1].dims(), &[width]].concat())
    }

    fn reads(&self) -> Reads {
        Reads { inputs: 0b10, output: false }
    }

    fn fuse(&self, consumer: &dyn Op, x: &[Shape], seen: &Shape) -> Option<Arc<dyn Op>> {
        // Of rows of one number, the mean adds them up in another order.
        let applies = consumer.mean_axis() == Some(1) && x[1].rank() == 2 && seen.rank() == 3 && x[0].last() != 1;
        applies.then(|| Arc::new(EmbeddingMean) as Arc<dyn Op>)
    }

    fn forward(&self, pass: Forward<'_>) -> Result<()> {
        let (table, ids) = (pass.x[0], pass.x[1]);
        check_ids(pass.cx.exec, table, ids)?;
        embedding::gather(pass.cx.exec, table.data, table.shape.last(), ids.data, pass.y);
        Ok(())
    }

    fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
        if let Some(dtable) = &mut pass.dx[0] {
            embedding::scatter(pass.cx.exec, pass.x[1].data, pass.dy, 1, pass.x[0].shape.last(), dtable);
        }
        if let Some(dids) = &mut pass.dx[1] {
            dids.fill(0.0);
        }
        Ok(())
    }
}

/// `y[i] = mean(table[ids[i, …]])`: the rows between are never written down.
#[derive(Debug)]
struct EmbeddingMean;

impl Op for EmbeddingMean {
    fn name(&self) -> &'static str {
        "embedding_mean"
    }

    fn output_shape(&self, x: &[Shape]) -> Result<Shape> {
        Shape::new(&[x[1][0], x[0].last()])
    }

    fn memory(&self, x: &[Shape]) -> Memory {
        Memory { backward_scratch: x[1][0] * x[0].last(), ..Memory::default() }
    }

    fn reads(&self) -> Reads {
        Embedding.reads()
    }

    fn forward(&self, pass: Forward<'_>) -> Result<()> {
        let (table, ids) = (pass.x[0], pass.x[1]);
        check_ids(pass.cx.exec, table, ids)?;
        embedding::gather_means(pass.cx.exec, table.data, table.shape.last(), ids.data, ids.shape[1], pass.y);
        Ok(())
    }

    fn backward(&self, pass: Backward<'_, '_>) -> Result<()> {
        let (ids, width) = (pass.x[1], pass.x[0].shape.last());
        let factor = 1.0 / ids.shape[1] as f32;
        pass.scratch.iter_mut().zip(pass.dy).for_each(|(share, dy)| *share = factor * dy);
        if let Some(dtable) = &mut pass.dx[0] {
            embedding::scatter(pass.cx.exec, ids.data, pass.scratch, ids.shape[1], width, dtable);
        }
        if let Some(dids) = &mut pass.dx[1] {
            dids.fill(0.0);
        }
        Ok(())
    }
}

/// Refuses ids that are no row of the table.
fn check_ids(exec: Exec<'_>, table: View<'_>, ids: View<'_>) -> Result<()> {
    embedding::first_stranger(exec, ids.data, table.shape[0])
        .map_or(Ok(()), |place| Err(no_row(ids.data[place], place, ids.shape, table.shape[0])))
}

fn no_row(id: f32, mut place: usize, ids: Shape, rows: usize) -> Error {
    let mut index = ids.to_vec();
    for size in index.iter_mut().rev() {
        (*size, place) = (place % *size, place / *size);
    }
    let error = Error::data(format!("the id {id} at {index:?} has no row: ids are whole numbers from 0 to {}", rows.saturating_sub(1)));
    error.hint("input_dim is the largest id plus one; padding and unknown words count")
}

methods! {
    /// Rows of this table, `[rows, width]`, by their numbers: ids of shape `[…]` give `[…, width]`. No gradient flows to the
    /// ids.
    ///
    /// # Errors
    /// A table that is no matrix, or an id that is not a whole number below the number of rows.
    pub fn embedding(&self, ids: &Self) -> Result<Self> {
        Self::apply(Embedding, &[self, ids])
    }
}

#[cfg(test)]
mod tests {
    use crate::Tensor;
    use crate::autodiff::gradcheck;

    #[test]
    fn gradients() {
        let table = Tensor::new([4, 3], (0..12).map(|i| 0.3 * i as f32 - 1.4).collect()).unwrap();
        let ids = Tensor::from([[1.0, 3.0], [1.0, 0.0]]);
        gradcheck(&[table], |v| v[0].embedding(&v[0].tape().constant(ids.clone()))).unwrap();
    }

    #[test]
    fn an_id_without_a_row_is_named_with_its_place() {
        let table = Tensor::zeros([4, 3]).unwrap();
        let error = table.embedding(&Tensor::from([[1.0, 3.0], [0.0, 4.0]])).unwrap_err();
        assert!(error.is_data() && error.to_string().contains("the id 4 at [1, 1] has no row"), "{error}");
        assert!(table.embedding(&Tensor::from([0.5])).unwrap_err().to_string().contains("0.5 at [0]"));
    }
}
