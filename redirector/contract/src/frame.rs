//! Records of the click log and frames of the stream: the same bytes in both, so that shipping copies and never
//! re-encodes. A record is: length of the payload (u32), CRC-32C of what follows (u32), sequence number (u64), payload;
//! all numbers little-endian.

/// Bytes before a payload.
pub const HEADER: usize = 16;
/// Largest payload: what is longer is damage, not a record.
pub const MAX_PAYLOAD: usize = 64 * 1024;

/// Appends one record. The payload must not exceed [`MAX_PAYLOAD`]; a longer one is left out and `false` returned.
#[must_use]
pub fn append(out: &mut Vec<u8>, seq: u64, payload: &[u8]) -> bool {
    let Ok(length) = u32::try_from(payload.len()) else { return false };
    if payload.len() > MAX_PAYLOAD {
        return false;
    }
    let seq = seq.to_le_bytes();
    let crc = crc32c::crc32c_append(crc32c::crc32c(&seq), payload);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&crc.to_le_bytes());
    out.extend_from_slice(&seq);
    out.extend_from_slice(payload);
    true
}

/// A record as it lies in a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its sequence number.
    pub seq: u64,
    /// What it carries.
    pub payload: &'a [u8],
}

/// Walks the records of a buffer and stops at the first one that is torn or damaged.
#[derive(Debug, Clone)]
pub struct Records<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// Reads `bytes` from a record's first byte on.
#[must_use]
pub const fn records(bytes: &[u8]) -> Records<'_> {
    Records { bytes, at: 0 }
}

impl Records<'_> {
    /// How many bytes the records read so far take: where a torn tail begins.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.at
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let header = self.bytes.get(self.at..self.at + HEADER)?;
        let length = u32::from_le_bytes(header[0..4].try_into().ok()?) as usize;
        let crc = u32::from_le_bytes(header[4..8].try_into().ok()?);
        let seq: [u8; 8] = header[8..16].try_into().ok()?;
        if length > MAX_PAYLOAD {
            return None;
        }
        let start = self.at + HEADER;
        let payload = self.bytes.get(start..start + length)?;
        if crc32c::crc32c_append(crc32c::crc32c(&seq), payload) != crc {
            return None;
        }
        self.at = start + length;
        Some(Record { seq: u64::from_le_bytes(seq), payload })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_appended_is_read_and_a_torn_tail_is_left() {
        let mut bytes = Vec::new();
        assert!(append(&mut bytes, 1, b"one"));
        assert!(append(&mut bytes, 2, b""));
        let whole = bytes.len();
        assert!(append(&mut bytes, 3, b"three"));
        for cut in whole..bytes.len() {
            let mut read = records(&bytes[..cut]);
            assert_eq!(read.by_ref().map(|record| record.seq).collect::<Vec<_>>(), [1, 2]);
            assert_eq!(read.position(), whole);
        }
        assert_eq!(records(&bytes).last().map(|record| record.payload), Some(b"three".as_slice()));
    }

    #[test]
    fn a_damaged_record_ends_the_reading() {
        let mut bytes = Vec::new();
        assert!(append(&mut bytes, 1, b"one"));
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            assert_eq!(records(&damaged).count(), 0, "byte {at}");
        }
        assert!(!append(&mut bytes, 2, &vec![0; MAX_PAYLOAD + 1]));
    }
}
