//! Which layers of a model are the same, where it is written: they bear the same mark, as in Keras.

use std::cell::RefCell;
use std::collections::HashMap;

use super::ids::{Copied, LayerId};

/// A layer that may be there more than once: the copies of a layer are others.
type Same = (LayerId, Copied);

/// What is being written.
#[derive(Default)]
struct Writing {
    /// The copy that the layers are in whose options are being written.
    within: Copied,
    /// How often each layer is there.
    count: HashMap<Same, usize>,
    /// The marks of those that are there more than once; none while they are counted.
    marks: Option<HashMap<Same, u64>>,
}

thread_local! {
    /// A layer that holds layers writes its options without knowing what else is written.
    static WRITING: RefCell<Option<Writing>> = const { RefCell::new(None) };
}

/// Writes a model, or what is the outermost to be written: twice, as only the second time it is known what is there again.
pub(crate) fn whole<T>(write: impl Fn() -> T) -> T {
    struct End;
    impl Drop for End {
        fn drop(&mut self) {
            WRITING.set(None);
        }
    }
    if WRITING.with_borrow(Option::is_some) {
        return write();
    }
    let _end = End;
    WRITING.set(Some(Writing::default()));
    write();
    WRITING.with_borrow_mut(|writing| {
        if let Some(writing) = writing {
            writing.marks = Some(HashMap::new());
        }
    });
    write()
}

/// Writes what is within a layer or a model that is this copy.
pub(crate) fn within<T>(copied: Copied, write: impl FnOnce() -> T) -> T {
    let enter = || {
        WRITING.with_borrow_mut(|writing| {
            if let Some(writing) = writing {
                writing.within = writing.within.and(copied);
            }
        });
    };
    enter();
    let written = write();
    // The same once more undoes it.
    enter();
    written
}

/// The mark of a layer that is written now, if it is there more than once.
pub(crate) fn mark(layer: LayerId, copied: Copied) -> Option<u64> {
    WRITING.with_borrow_mut(|writing| {
        let writing = writing.as_mut()?;
        let same = (layer, writing.within.and(copied));
        let Some(marks) = &mut writing.marks else {
            *writing.count.entry(same).or_default() += 1;
            return None;
        };
        let next = marks.len() as u64 + 1;
        (writing.count.get(&same).copied() > Some(1)).then(|| *marks.entry(same).or_insert(next))
    })
}
