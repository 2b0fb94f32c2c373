//! The small alphabet of packed rollups: numbers of varying length and tallies. What is written by `packing` is read here
//! again; damaged bytes are an error, never a panic, and never make a reader reserve more than they hold.

/// The bytes are no packed rollup of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the packed rollup cannot be read")]
pub struct Damaged;

/// Appends a number: seven bits a byte, the lowest first, the eighth bit says that more follows.
pub(super) fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Appends a text: its length in bytes, then the bytes.
pub(super) fn text(out: &mut Vec<u8>, text: &str) {
    varint(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// Reads packed bytes from their beginning on.
#[derive(Debug)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) const fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Damaged> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Damaged)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Damaged> {
        self.take(N)?.try_into().map_err(|_| Damaged)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Damaged> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn varint(&mut self) -> Result<u64, Damaged> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                return Err(Damaged);
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Damaged)
    }

    pub(super) fn text(&mut self) -> Result<&'a str, Damaged> {
        let length = usize::try_from(self.varint()?).map_err(|_| Damaged)?;
        std::str::from_utf8(self.take(length)?).map_err(|_| Damaged)
    }
}

/// Counts by a small index, which may grow in later versions. Never ends with a zero, so that equal tallies are equal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally(Vec<u64>);

impl Tally {
    /// Counts `count` more at `index`.
    pub fn add(&mut self, index: usize, count: u64) {
        if count == 0 {
            return;
        }
        if self.0.len() <= index {
            self.0.resize(index + 1, 0);
        }
        self.0[index] = self.0[index].saturating_add(count);
    }

    /// The count at `index`.
    #[must_use]
    pub fn at(&self, index: usize) -> u64 {
        self.0.get(index).copied().unwrap_or(0)
    }

    /// All counts together.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.0.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// The counts, by index.
    pub fn counts(&self) -> impl Iterator<Item = (usize, u64)> {
        self.0.iter().copied().enumerate()
    }

    /// Adds another tally.
    pub fn merge(&mut self, other: &Self) {
        other.counts().for_each(|(index, count)| self.add(index, count));
    }

    /// Appends the number of counts, then each.
    pub(super) fn pack(&self, out: &mut Vec<u8>) {
        varint(out, self.0.len() as u64);
        self.0.iter().for_each(|count| varint(out, *count));
    }

    /// Reads what [`Tally::pack`] wrote.
    pub(super) fn unpack(from: &mut Reader<'_>) -> Result<Self, Damaged> {
        let mut counts = Vec::new();
        for _ in 0..from.varint()? {
            counts.push(from.varint()?);
        }
        if counts.last() == Some(&0) { Err(Damaged) } else { Ok(Self(counts)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_back_and_overlong_ones_are_damage() {
        for number in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut out = Vec::new();
            varint(&mut out, number);
            assert_eq!(Reader::new(&out).varint(), Ok(number));
        }
        assert_eq!(Reader::new(&[0xff; 10]).varint(), Err(Damaged));
        assert_eq!(Reader::new(&[0x80]).varint(), Err(Damaged));
        assert_eq!(Reader::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]).varint(), Err(Damaged));
    }
}
