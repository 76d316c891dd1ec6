//! Where runs of bytes of one kind end.

/// The kind of each byte of a text, a bit each: the end of a run is found without a look at each of its bytes.
#[derive(Clone, Debug)]
pub(crate) struct Runs {
    bits: Vec<u64>,
    length: usize,
}

impl Runs {
    /// The kinds of bytes by a table.
    pub(crate) fn new(bytes: &[u8], kinds: &[bool; 256]) -> Self {
        let bits = |bytes: &[u8]| bytes.iter().rev().fold(0, |bits, &byte| bits << 1 | u64::from(kinds[usize::from(byte)]));
        Self { bits: bytes.chunks(64).map(bits).collect(), length: bytes.len() }
    }

    /// Gives another kind to some of the bytes.
    pub(crate) fn set(&mut self, bytes: std::ops::Range<usize>, kind: bool) {
        for index in bytes {
            let bit = 1 << (index % 64);
            if kind { self.bits[index / 64] |= bit } else { self.bits[index / 64] &= !bit }
        }
    }

    /// The end of the run that the byte at `start`, which is one of the text's, begins; and its kind.
    pub(crate) fn end(&self, start: usize) -> (usize, bool) {
        let mut index = start / 64;
        let kind = self.bits[index] >> (start % 64) & 1;
        let same = 0_u64.wrapping_sub(kind);
        let mut others = (self.bits[index] ^ same) >> (start % 64) << (start % 64);
        while others == 0 && index + 1 < self.bits.len() {
            index += 1;
            others = self.bits[index] ^ same;
        }
        (self.length.min(index * 64 + others.trailing_zeros() as usize), kind == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_end_where_the_kind_changes() {
        let kinds: [bool; 256] = std::array::from_fn(|byte| byte == usize::from(b'x'));
        for lengths in [vec![1, 2, 3], vec![64, 1], vec![63, 1, 1], vec![200], vec![7, 130, 64, 64, 5]] {
            let mut text = Vec::new();
            for (&length, byte) in lengths.iter().zip([b'x', b'-'].into_iter().cycle()) {
                text.extend(std::iter::repeat_n(byte, length));
            }
            let mut runs = Runs::new(&text, &kinds);
            let (mut start, mut is_x) = (0, true);
            for length in lengths {
                assert!((start..start + length).all(|inside| runs.end(inside) == (start + length, is_x)));
                (start, is_x) = (start + length, !is_x);
            }
            runs.set(0..text.len(), true);
            assert_eq!(runs.end(0), (text.len(), true));
            runs.set(1..text.len(), false);
            assert_eq!(runs.end(0), (1, true));
        }
    }
}
